"""Learns the load of a site. Runs in a short-lived child."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.forecast.bucket_fit import LEADS_H, basis, fit_buckets
from models.forecast.learnt import LeadBucket, LearntLoad
from models.forecast.load import load_seen
from models.forecast.load_rows import Past, Rows
from models.forecast.seen import Seen

_BEYOND = 0.25
"""Share of the measured range that a forecast may leave it by."""


def fit_load(past: Past, leads_h: Sequence[float] = LEADS_H) -> LearntLoad | None:
    """The chosen methods [kW] per lead; None when nothing can be judged yet.

    With `past.outdoor` the buckets for a known temperature are learnt as well: the measured
    temperature of the target window stands in for a weather forecast.
    """
    plain = _buckets(replace(past, outdoor=None), leads_h)
    if not plain:
        return None
    measured = past.load.values[np.isfinite(past.load.values)]
    low, high = float(measured.min()), float(measured.max())
    beyond = _BEYOND * (high - low)
    return LearntLoad(
        basis=basis(past.load, plain),
        low_kw=low - beyond if low < 0 else max(0.0, low - beyond),
        high_kw=high + beyond,
        plain=plain,
        weather=_buckets(past, leads_h) if past.outdoor is not None else (),
    )


def _buckets(past: Past, leads_h: Sequence[float]) -> tuple[LeadBucket, ...]:
    def view(rows: Rows) -> Seen:
        return load_seen(past, rows)

    return fit_buckets(past.load, past.calendar.clock, view, leads_h)
