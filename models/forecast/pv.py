"""PV: what was learnt of the plant, else the clear sky's shape times how clear it has been."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.forecast.bands import band_series
from models.forecast.calendar import Calendar
from models.forecast.history import Floats, History, Outlook, lead_h, windows
from models.forecast.learnt import LearntPv
from models.forecast.load_rows import Past, Rows
from models.forecast.place import Place
from models.forecast.pv_rows import PvPast, pv_seen
from models.forecast.seasonal import fading
from models.forecast.seen import by_buckets
from models.forecast.sky import Sky
from models.forecast.sun import clear_sky_w_per_m2
from models.types import Pv, Reason, ReasonCode, TimeGrid

__all__ = ["Place", "PvMeasured", "PvSight", "forecast_pv"]

NDArrayBool = NDArray[np.bool_]
_STANDARD_W_PER_M2 = 1000.0
_PERFORMANCE = 0.85
"""Usual ratio of AC output to nameplate at 1000 W/m2; used only where output is not measured."""
_CLEAREST = 1.5
_DAYLIGHT_W_PER_M2 = 50.0
_RECENT_H = 3.0
_LONG_H = 24.0
_OPEN_SLOT_H = 0.25
"""The slot that is being measured may have its middle ahead of the grid's start."""
_LEAST_SLOTS = 1
_OWN_H = 2.0
"""Lead after which a weather forecast has 63 % of the say over what the plant showed itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PvMeasured:
    """What is measured of the sun: the plant's own power [kW], else irradiance [W/m2]."""

    power_kw: History | None = None
    irradiance_w_per_m2: History | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PvSight:
    """What was learnt of the plant, the site's calendar, and a weather forecast."""

    learnt: LearntPv | None = None
    calendar: Calendar | None = None
    sky: Sky | None = None


def forecast_pv(
    pv: Pv, place: Place, measured: PvMeasured, grid: TimeGrid, sight: PvSight | None = None
) -> Outlook:
    """Available power per step [kW] within 0 .. the plant's rating.

    Without `sight`, clearness is measured power over the clear sky's, of the last three hours of
    daylight fading to that of the last day. Without any measurement the series is zero and marked
    as assumed.
    """
    if sight is None:
        return _measured_clearness(pv, place, measured, grid)
    own = _learnt(pv, measured, grid, sight)
    if own is None:
        own = _measured_clearness(pv, place, measured, grid)
    return own if sight.sky is None else _under_sky(pv, place, sight, own, grid)


def _learnt(pv: Pv, measured: PvMeasured, grid: TimeGrid, sight: PvSight) -> Outlook | None:
    """By the chosen method of each lead; None where one step's inputs are missing."""
    learnt, power = sight.learnt, measured.power_kw
    if learnt is None or sight.calendar is None or power is None or power.empty:
        return None
    starts, ends = windows(grid)
    rows = Rows(np.full(len(starts), grid.start.timestamp()), starts, ends)
    clear = History(learnt.clear_start, learnt.clear_step_s, np.array(learnt.clear_kw))
    sky = None if sight.sky is None else sight.sky.irradiance_w_per_m2
    weather = bool(learnt.weather) and sky is not None and _covers(sky, rows)
    past = Past(power, sight.calendar, sky if weather else None)
    buckets = learnt.weather if weather else learnt.plain
    peak_kw = sum(one.kw_per_kw_m2 for one in learnt.planes)
    series = by_buckets(pv_seen(PvPast(past, clear, peak_kw), rows), rows, buckets)
    if not np.isfinite(series).all():
        return None
    series = np.clip(series, 0.0, pv.rated_kw)
    bands = tuple(
        (share, tuple(np.clip(band, 0.0, pv.rated_kw).tolist()))
        for share, band in band_series(series, rows, buckets)
    )
    return Outlook(series=tuple(series.tolist()), bands=bands)


def _covers(sky: History, rows: Rows) -> bool:
    return bool(np.isfinite(sky.means(rows.starts_s, rows.ends_s)).all())


def _under_sky(pv: Pv, place: Place, sight: PvSight, own: Outlook, grid: TimeGrid) -> Outlook:
    """What the plant showed itself, giving way to the weather forecast as the lead grows."""
    learnt, sky = sight.learnt, sight.sky
    if sky is None or (learnt is not None and learnt.weather):
        return own
    starts, ends = windows(grid)
    clearness = sky.clearness(starts, ends, place)
    shape_kw = (
        _PERFORMANCE
        * pv.peak_kw
        * clear_sky_w_per_m2((starts + ends) / 2, place.latitude, place.longitude)
        / _STANDARD_W_PER_M2
    )
    if learnt is not None:
        table = History(learnt.clear_start, learnt.clear_step_s, np.array(learnt.clear_kw))
        found = table.means(starts, ends)
        shape_kw = np.where(np.isfinite(found), found, shape_kw)
    series = np.array(own.series)
    assumed = any(reason.code is ReasonCode.ASSUMED and reason.degrades for reason in own.reasons)
    say = 1.0 if assumed else 1.0 - np.exp(-lead_h(grid) / _OWN_H)
    known = np.isfinite(clearness)
    moved = series + say * (np.where(known, clearness, 0.0) * shape_kw - series)
    series = np.clip(np.where(known, moved, series), 0.0, pv.rated_kw)
    return Outlook(series=tuple(series.tolist()), reasons=own.reasons)


def _measured_clearness(pv: Pv, place: Place, measured: PvMeasured, grid: TimeGrid) -> Outlook:
    starts, ends = windows(grid)
    shape = clear_sky_w_per_m2((starts + ends) / 2, place.latitude, place.longitude)
    shape_kw = pv.peak_kw * shape / _STANDARD_W_PER_M2
    reasons: tuple[Reason, ...] = ()
    clearness = None
    if measured.power_kw is not None and pv.peak_kw > 0:
        scale = pv.peak_kw / _STANDARD_W_PER_M2
        clearness = _clearness(measured.power_kw, scale, place, grid)
    if clearness is None and measured.irradiance_w_per_m2 is not None:
        clearness = _clearness(measured.irradiance_w_per_m2, 1.0, place, grid)
        if clearness is not None:
            clearness = clearness * _PERFORMANCE
            text = f"{pv.id}: output not measured, taken from irradiance at {_PERFORMANCE:.0%}"
            reasons = (Reason(code=ReasonCode.ASSUMED, text=text, degrades=False),)
    if clearness is None:
        text = f"{pv.id}: neither power nor irradiance measured in daylight, planned as 0 kW"
        assumed = Reason(code=ReasonCode.ASSUMED, text=text)
        return Outlook(series=(0.0,) * len(grid), reasons=(assumed,))
    series = np.clip(shape_kw * clearness, 0.0, pv.peak_kw)
    return Outlook(series=tuple(series.tolist()), reasons=reasons)


def _clearness(history: History, scale: float, place: Place, grid: TimeGrid) -> Floats | None:
    """Measured over clear sky per step, the recent ratio fading into the day's; None if unknown."""
    middles = history.middles_s()
    if not len(middles):
        return None
    clear = clear_sky_w_per_m2(middles, place.latitude, place.longitude)
    age_h = (grid.start.timestamp() - middles) / 3600.0
    usable = np.isfinite(history.values) & (clear > _DAYLIGHT_W_PER_M2) & (age_h > -_OPEN_SLOT_H)
    ceiling = scale * clear
    long = _ratio(history.values, ceiling, usable & (age_h <= _LONG_H))
    recent = _ratio(history.values, ceiling, usable & (age_h <= _RECENT_H))
    if long is None:
        return None
    if recent is None:
        recent = long
    return long + (recent - long) * fading(grid)


def _ratio(values: Floats, clear: Floats, chosen: NDArrayBool) -> float | None:
    """Sum over sum of the chosen slots within 0 .. 1.5; None when there are none."""
    if chosen.sum() < _LEAST_SLOTS:
        return None
    return float(np.clip(values[chosen].sum() / clear[chosen].sum(), 0.0, _CLEAREST))
