"""Load: the same time last week and yesterday, corrected by the present error."""

from __future__ import annotations

import numpy as np

from models.forecast.history import History, Outlook
from models.forecast.seasonal import blend, days_back, fading, present_error, recent_mean
from models.types import Reason, ReasonCode, TimeGrid

_SHARES = {7.0: 0.6, 1.0: 0.4}
_OLDER_DAYS = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 14.0)


def forecast_load(history: History, grid: TimeGrid) -> Outlook | None:
    """Load per step [kW]; None when nothing usable was ever measured.

    Steps without a measurement on an earlier day take a persistence of the last mean that fades to
    the mean of everything measured, and are marked as assumed.
    """
    if history.empty:
        return None
    base = blend([(share, days_back(history, grid, days)) for days, share in _SHARES.items()])
    for days in _OLDER_DAYS:
        base = np.where(np.isfinite(base), base, days_back(history, grid, days))
    reasons: list[Reason] = []
    error = present_error(history, grid, _SHARES)
    recent = recent_mean(history, grid)
    if recent is None:
        text = "load: nothing measured in the last hours, earlier days stand alone"
        reasons.append(Reason(code=ReasonCode.INPUT_STALE, text=text))
    seasonal = base + (error or 0.0) * fading(grid)
    gaps = ~np.isfinite(seasonal)
    if gaps.any():
        if recent is None and gaps.all():
            return None
        overall = float(np.nanmean(history.values))
        start = overall if recent is None else recent
        stand_in = overall + (start - overall) * fading(grid)
        seasonal = np.where(gaps, stand_in, seasonal)
        text = (
            f"load: {int(gaps.sum())} of {len(grid)} steps have no earlier day, "
            "the recent mean stands in"
        )
        degrades = recent is None
        reasons.append(Reason(code=ReasonCode.ASSUMED, text=text, degrades=degrades))
    lowest = min(0.0, float(np.nanmin(history.values)))
    return Outlook(series=tuple(np.maximum(seasonal, lowest).tolist()), reasons=tuple(reasons))
