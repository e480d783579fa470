"""The simple rules a learnt forecast has to beat, each per row; nan where a rule knows nothing."""

from __future__ import annotations

import numpy as np

from models.forecast.history import Floats
from models.forecast.load_rows import Lags, Present, Rows

FORGETTING_H = 6.0


def candidates(rows: Rows, found: Lags, now: Present) -> dict[str, Floats]:
    """Persistence, yesterday, last week, mean of alike days, and these with the present error."""
    fade = np.exp(-rows.lead_h / FORGETTING_H)
    known = np.isfinite(found.alike)
    count = known.sum(axis=1)
    total = np.where(known, found.alike, 0.0).sum(axis=1)
    alike = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return {
        "persistence": now.last,
        "yesterday": found.yesterday,
        "last_week": found.week,
        "last_week_corrected": found.week + now.week_error * fade,
        "alike_days": alike,
        "alike_days_corrected": alike + now.error * fade,
        "blend_corrected": found.base + now.error * fade,
    }
