"""Per lead bucket: a ridge walked forward over a site's own past, judged against simple rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from models.forecast.history import Floats, History
from models.forecast.judge import judge
from models.forecast.learnt import Basis, LeadBucket
from models.forecast.load_rows import HOUR_S, Rows
from models.forecast.local_time import LocalTime
from models.forecast.rolling import walk
from models.forecast.seen import RIDGE, View

LEADS_H = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 12.0, 16.0, 20.0, 24.0, 36.0, 48.0)
"""Ends of the lead buckets."""
DAY_H = 24.0


def fit_buckets(
    series: History, clock: LocalTime, view: View, leads_h: Sequence[float] = LEADS_H
) -> tuple[LeadBucket, ...]:
    """The best method for each lead; () when there is too little past to judge any."""
    buckets = []
    after_h = 0.0
    for until_h in leads_h:
        rows = training_rows(series, after_h, until_h)
        after_h = until_h
        bucket = None if rows is None else _bucket(series, clock, view, rows, until_h)
        if bucket is not None:
            buckets.append(bucket)
    return tuple(buckets)


def _bucket(
    series: History, clock: LocalTime, view: View, rows: Rows, until_h: float
) -> LeadBucket | None:
    seen = view(rows)
    days = clock.dates(rows.starts_s)
    walked = walk(seen.columns, series.values - seen.base, days, series.step_s)
    options = seen.options | {RIDGE: seen.base + walked.forecasts}
    verdict = judge(options, series.values, rows.starts_s, series.step_s)
    if verdict is None:
        return None
    return LeadBucket(
        until_h=until_h,
        method=verdict.method,
        scores=verdict.scores,
        weights=_short(walked.weights) if verdict.method == RIDGE else (),
        quantiles=verdict.quantiles,
    )


def _short(weights: Floats) -> tuple[float, ...]:
    """Six digits: what is learnt travels as JSON."""
    return tuple(float(f"{weight:.6g}") for weight in weights.tolist())


def training_rows(history: History, after_h: float, until_h: float) -> Rows | None:
    """Every slot once, with leads spread over (after, until]; None if no slot fits in."""
    step_s = history.step_s
    first, last = int(after_h * HOUR_S / step_s) + 1, int(until_h * HOUR_S / step_s)
    if last < first:
        return None
    slots = np.arange(len(history.values), dtype=np.int64)
    # A fixed scatter: a plain cycle would tie the lead to the hour of the day.
    leads = first + (slots * 2_654_435_761 >> 7) % (last - first + 1)
    starts = history.start.timestamp() + step_s * slots.astype(np.float64)
    ends = starts + step_s
    return Rows(ends - leads * step_s, starts, ends)


def basis(history: History, buckets: Sequence[LeadBucket]) -> Basis:
    """What buckets learnt from this history rest on; the error is that of a day ahead."""
    places = np.flatnonzero(np.isfinite(history.values))
    first, last = (history.start.timestamp() + history.step_s * int(p) for p in places[[0, -1]])
    a_day = [bucket for bucket in buckets if bucket.until_h <= DAY_H][-1]
    level = float(np.mean(np.abs(history.values[places])))
    return Basis(
        first=datetime.fromtimestamp(first, UTC),
        last=datetime.fromtimestamp(last + history.step_s, UTC),
        count=len(places),
        error=a_day.scores[0].nmae * level,
    )
