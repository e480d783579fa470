"""Outdoor temperature: the same time yesterday, corrected by the present error."""

from __future__ import annotations

import numpy as np

from models.forecast.history import History, Outlook
from models.forecast.seasonal import days_back, fading, present_error, recent_mean
from models.types import Reason, ReasonCode, TimeGrid


def forecast_temperature(history: History, grid: TimeGrid) -> Outlook | None:
    """Temperature per step [degC]; None when it was not measured lately nor yesterday.

    Steps without yesterday take the day before, then the last measured value as assumed.
    """
    if history.empty:
        return None
    base = days_back(history, grid, 1.0)
    base = np.where(np.isfinite(base), base, days_back(history, grid, 2.0))
    error = present_error(history, grid, {1.0: 1.0})
    seasonal = base + (error or 0.0) * fading(grid)
    recent = recent_mean(history, grid)
    gaps = ~np.isfinite(seasonal)
    reasons: list[Reason] = []
    if recent is None:
        if gaps.any():
            return None
        text = "outdoor temperature: nothing measured in the last hours, yesterday stands alone"
        reasons.append(Reason(code=ReasonCode.INPUT_STALE, text=text))
    elif gaps.any():
        seasonal = np.where(gaps, recent, seasonal)
        text = (
            f"outdoor temperature: {int(gaps.sum())} of {len(grid)} steps have no yesterday, "
            "the last value is held"
        )
        reasons.append(Reason(code=ReasonCode.ASSUMED, text=text, degrades=False))
    return Outlook(series=tuple(seasonal.tolist()), reasons=tuple(reasons))
