"""Same time on an earlier day, corrected by the present error, which decays with the lead."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from models.forecast.history import Floats, History, lead_h, windows
from models.types import TimeGrid

DAY_S = 86_400.0
_FORGETTING_H = 6.0
_RECENT = timedelta(hours=1)
_LATEST = timedelta(hours=3)


def fading(grid: TimeGrid) -> Floats:
    """exp(-lead / 6 h) for every step."""
    weights: Floats = np.exp(-lead_h(grid) / _FORGETTING_H)
    return weights


def days_back(history: History, grid: TimeGrid, days: float) -> Floats:
    """What was measured `days` before each step; nan where nothing was.

    A step further ahead than `days` would look into the future of the history: it stays nan.
    """
    return history.means(*windows(grid, days * DAY_S))


def recent_mean(history: History, grid: TimeGrid) -> float | None:
    """Mean of the last measured hour, looked for up to three hours back from the grid's start.

    Where no hour is measured well enough (the first minutes of a site), the newest measured slot.
    """
    hour = timedelta(0)
    while hour < _LATEST:
        end = grid.start - hour
        value = history.mean(end - _RECENT, end)
        if value is not None:
            return value
        hour += timedelta(minutes=15)
    return _newest_slot(history, grid)


def _newest_slot(history: History, grid: TimeGrid) -> float | None:
    """The last measured slot that is no older than three hours; it may still be open."""
    starts_s = history.start.timestamp() + history.step_s * np.arange(len(history.values))
    since_s = (grid.start - _LATEST).timestamp()
    measured = history.values[np.isfinite(history.values) & (starts_s >= since_s)]
    return float(measured[-1]) if len(measured) else None


def present_error(history: History, grid: TimeGrid, shares: dict[float, float]) -> float | None:
    """Last hour's measured mean minus what the same rule would have said for it."""
    begin, end = grid.start - _RECENT, grid.start
    measured = history.mean(begin, end)
    if measured is None:
        return None
    past = {
        days: history.mean(begin - timedelta(days=days), end - timedelta(days=days))
        for days in shares
    }
    known = {days: value for days, value in past.items() if value is not None}
    weight = sum(shares[days] for days in known)
    if not weight:
        return None
    return measured - sum(shares[days] * value for days, value in known.items()) / weight


def blend(parts: list[tuple[float, Floats]]) -> Floats:
    """Weighted mean of what is there at each step; nan where nothing is."""
    total = np.zeros(len(parts[0][1]))
    weight = np.zeros(len(parts[0][1]))
    for share, values in parts:
        there = np.isfinite(values)
        total[there] += share * values[there]
        weight[there] += share
    result: Floats = np.full(len(total), np.nan)
    found = weight > 0
    result[found] = total[found] / weight[found]
    return result
