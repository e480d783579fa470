"""Forecast against what came: mean error and pinball loss by lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.forecast.history import Floats, History, windows
from models.timegrid import Series, TimeGrid

LEADS_H = (1.0, 4.0, 12.0, 24.0)
"""Windows that end within so many hours ahead, and after the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A forecast as it was made, kept to be judged."""

    grid: TimeGrid
    series: Series
    bands: tuple[tuple[float, Series], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadScore:
    """How the forecasts of one span of leads did."""

    until_h: float
    count: int
    """Windows that were measured."""
    nmae: float
    """Mean absolute error over the mean absolute value."""
    pinball: float | None
    """Mean pinball loss over the shares, over the mean absolute value; None without bands."""
    bias: float
    """Mean of measured minus foreseen, in the unit of the series."""
    mean: float = 1.0
    """The mean absolute value that the shares are of."""


def score(forecasts: Sequence[Foreseen], actual: History) -> tuple[LeadScore, ...]:
    """Scores by lead over all forecasts; windows that were not measured are left out."""
    leads, errors, levels, losses = [], [], [], []
    for one in forecasts:
        starts, ends = windows(one.grid)
        truth = actual.means(starts, ends)
        leads.append((ends - one.grid.start.timestamp()) / 3600.0)
        errors.append(truth - np.array(one.series))
        levels.append(np.abs(truth))
        losses.append(_pinball(one, truth))
    if not leads:
        return ()
    found = []
    after_h = 0.0
    lead, error, level, loss = (np.concatenate(parts) for parts in (leads, errors, levels, losses))
    for until_h in LEADS_H:
        here = (lead > after_h) & (lead <= until_h) & np.isfinite(error)
        after_h = until_h
        mean = float(level[here].mean()) if here.any() else 0.0
        if mean > 0:
            found.append(_lead_score(until_h, error[here], loss[here], mean))
    return tuple(found)


def _lead_score(until_h: float, error: Floats, loss: Floats, mean: float) -> LeadScore:
    judged = loss[np.isfinite(loss)]
    return LeadScore(
        until_h=until_h,
        count=len(error),
        nmae=float(np.abs(error).mean()) / mean,
        pinball=float(judged.mean()) / mean if len(judged) else None,
        bias=float(error.mean()),
        mean=mean,
    )


def _pinball(one: Foreseen, truth: Floats) -> Floats:
    """Mean over the shares; nan without bands."""
    if not one.bands:
        return np.full(len(truth), np.nan)
    losses = []
    for share, band in one.bands:
        over = truth - np.array(band)
        losses.append(np.maximum(share * over, (share - 1.0) * over))
    mean: Floats = np.mean(losses, axis=0)
    return mean
