"""What a fit over a measured series rests on."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from models.forecast.history import History
from models.forecast.learnt import Basis


def series_basis(history: History, error: float) -> Basis:
    """First and last measured slot, their count, and the error given; the history is not empty."""
    places = np.flatnonzero(np.isfinite(history.values))
    first, last = (history.start.timestamp() + history.step_s * int(p) for p in places[[0, -1]])
    return Basis(
        first=datetime.fromtimestamp(first, UTC),
        last=datetime.fromtimestamp(last + history.step_s, UTC),
        count=len(places),
        error=error,
    )
