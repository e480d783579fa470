"""Which method was best lately on days it had not seen, and how wrong it was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.forecast.history import Floats
from models.forecast.learnt import Score
from models.forecast.local_time import DAY_S

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
LEAST_DAYS = 3.0
"""A method is judged once it has so many days of forecasts."""
_HALF_LIFE_DAYS = 30.0
_QUANTILE_DAYS = 120.0
_LEAST_RESIDUALS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """The best method, all scores, and the best one's residual quantiles."""

    method: str
    scores: tuple[Score, ...]
    error: float
    """Mean absolute error of the best."""
    quantiles: tuple[tuple[float, float], ...]


def judge(
    options: dict[str, Floats], actual: Floats, starts_s: Floats, step_s: int
) -> Verdict | None:
    """Compare on the rows that all judged methods have; recent days count more.

    None when no method has days enough.
    """
    measured = np.isfinite(actual)
    least = LEAST_DAYS * DAY_S / step_s
    able = {
        name: values
        for name, values in options.items()
        if (np.isfinite(values) & measured).sum() >= least
    }
    common = measured.copy()
    for values in able.values():
        common &= np.isfinite(values)
    if not able or common.sum() < least:
        return None
    age_days = (starts_s[-1] - starts_s[common]) / DAY_S
    weight = 0.5 ** (age_days / _HALF_LIFE_DAYS)
    level = float(np.average(np.abs(actual[common]), weights=weight)) or 1.0
    errors = {
        name: float(np.average(np.abs(actual - values)[common], weights=weight))
        for name, values in able.items()
    }
    order = sorted(errors, key=lambda name: errors[name])
    scores = tuple(Score(method=name, nmae=errors[name] / level) for name in order)
    best = order[0]
    return Verdict(best, scores, errors[best], quantiles(actual - able[best], starts_s))


def quantiles(residuals: Floats, starts_s: Floats) -> tuple[tuple[float, float], ...]:
    """Empirical quantiles of the last months' residuals; () with too few."""
    lately = np.isfinite(residuals) & (starts_s > starts_s[-1] - _QUANTILE_DAYS * DAY_S)
    if lately.sum() < _LEAST_RESIDUALS:
        return ()
    found = np.quantile(residuals[lately], QUANTILES)
    return tuple((share, float(value)) for share, value in zip(QUANTILES, found, strict=True))
