"""Load: what was learnt of the site, else the same time last week and yesterday corrected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from models.forecast.bands import band_series
from models.forecast.calendar import Calendar
from models.forecast.candidates import candidates
from models.forecast.history import Floats, History, Outlook, windows
from models.forecast.learnt import LeadBucket, LearntLoad
from models.forecast.load_rows import Past, Rows, features, lags, present
from models.forecast.seasonal import blend, days_back, fading, present_error, recent_mean
from models.forecast.seen import Seen, by_buckets
from models.types import Reason, ReasonCode, TimeGrid

_SHARES = {7.0: 0.6, 1.0: 0.4}
_OLDER_DAYS = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 14.0)
_OUTDATED = timedelta(days=14)


@dataclass(frozen=True, slots=True, eq=False)
class LoadSight:
    """What was learnt, the site's calendar, and the temperature: measured, then a forecast."""

    learnt: LearntLoad
    calendar: Calendar
    outdoor: History | None = None
    """None without a weather forecast."""


def forecast_load(
    history: History, grid: TimeGrid, sight: LoadSight | None = None, *, left_out: bool = False
) -> Outlook | None:
    """Load per step [kW]; None when nothing usable was ever measured.

    Without `sight`, and where what was learnt lacks its measurements, the same time of earlier days
    corrected by the present error. Steps without a measurement on an earlier day take a persistence
    of the last mean that fades to the mean of everything measured, and are marked as assumed.
    `left_out`: the last hours were measured but do not show the usual load.
    """
    if history.empty:
        return None
    if sight is None:
        return _seasonal(history, grid, left_out=left_out)
    starts, ends = windows(grid)
    rows = Rows(np.full(len(starts), grid.start.timestamp()), starts, ends)
    past = Past(history, sight.calendar, sight.outdoor)
    series, buckets = learnt_load(past, rows, sight.learnt)
    reasons: tuple[Reason, ...] = _outdated(sight.learnt, grid)
    gaps = ~np.isfinite(series)
    if gaps.any():
        plain = _seasonal(history, grid, left_out=left_out)
        if plain is None:
            return None
        series = np.where(gaps, plain.series, series)
        reasons += plain.reasons
    elif recent_mean(history, grid) is None:
        reasons += (_stale(left_out=left_out),)
    return Outlook(
        series=tuple(series.tolist()), reasons=reasons, bands=band_series(series, rows, buckets)
    )


def learnt_load(
    past: Past, rows: Rows, learnt: LearntLoad
) -> tuple[Floats, tuple[LeadBucket, ...]]:
    """Load of every row [kW] by the chosen method of its lead, nan where its inputs are missing.

    Also the buckets used: those with a weather forecast where one covers all rows.
    """
    weather = past.outdoor is not None and bool(learnt.weather) and _covers(past.outdoor, rows)
    buckets = learnt.weather if weather else learnt.plain
    if not weather:
        past = replace(past, outdoor=None)
    series = by_buckets(load_seen(past, rows), rows, buckets)
    return np.clip(series, learnt.low_kw, learnt.high_kw), buckets


def load_seen(past: Past, rows: Rows) -> Seen:
    """Simple rules, base and features of every window."""
    found, now = lags(past, rows), present(past, rows)
    return Seen(
        options=candidates(rows, found, now),
        base=found.base,
        columns=features(past, rows, found, now),
    )


def _covers(outdoor: History, rows: Rows) -> bool:
    return bool(np.isfinite(outdoor.means(rows.starts_s, rows.ends_s)).all())


def _outdated(learnt: LearntLoad, grid: TimeGrid) -> tuple[Reason, ...]:
    if grid.start - learnt.basis.last < _OUTDATED:
        return ()
    text = f"load: last learnt from measurements up to {learnt.basis.last:%Y-%m-%d}"
    return (Reason(code=ReasonCode.INPUT_STALE, text=text, degrades=False),)


def _stale(*, left_out: bool) -> Reason:
    if left_out:
        text = "load: the last hours are left out for a set-back, earlier days stand alone"
        return Reason(code=ReasonCode.ASSUMED, text=text, degrades=False)
    text = "load: nothing measured in the last hours, earlier days stand alone"
    return Reason(code=ReasonCode.INPUT_STALE, text=text)


def _seasonal(history: History, grid: TimeGrid, *, left_out: bool) -> Outlook | None:
    base = blend([(share, days_back(history, grid, days)) for days, share in _SHARES.items()])
    for days in _OLDER_DAYS:
        base = np.where(np.isfinite(base), base, days_back(history, grid, days))
    reasons: list[Reason] = []
    error = present_error(history, grid, _SHARES)
    recent = recent_mean(history, grid)
    if recent is None:
        reasons.append(_stale(left_out=left_out))
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
