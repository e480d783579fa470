"""What could be known of a series at one moment: no look ahead."""

from __future__ import annotations

import numpy as np

from models.casestudy.axis import Floats

FADING_H = 2.0
"""Time constant with which the last hour's error fades from the forecast."""
_DAY_S = 86_400


def foresee(past: Floats, expected: Floats | None, steps: int, recent: int, step_s: int) -> Floats:
    """The next `steps` values after `past`.

    Base is `expected` (over past and future) where it is given, else the same time yesterday, else
    the mean of the last `recent` values. The base's mean error over these fades with `FADING_H`.
    """
    now = len(past)
    level = _mean(past[now - recent :])
    day = _DAY_S // step_s
    base = _yesterday(past, day, now + steps) if expected is None else expected[: now + steps]
    ahead = np.where(np.isfinite(base[now:]), base[now:], level)
    error = past[now - recent :] - base[now - recent : now]
    known = error[np.isfinite(error)]
    if not len(known):
        return ahead
    lead_h = (np.arange(steps) + 0.5) * step_s / 3600.0
    corrected: Floats = ahead + float(known.mean()) * np.exp(-lead_h / FADING_H) * np.isfinite(
        base[now:]
    )
    return corrected


def _yesterday(past: Floats, day: int, length: int) -> Floats:
    """The value one day earlier, by place; NaN where it is not known."""
    base = np.full(length, np.nan)
    source = np.concatenate((past, np.full(max(0, length - len(past)), np.nan)))
    base[day:] = source[: max(0, length - day)]
    return base


def _mean(values: Floats) -> float:
    """Of the finite ones; NaN when there are none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
