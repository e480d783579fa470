"""Learns a PV plant: its planes under pvlib's clear sky, then how clearness lasts. In a child."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pvlib
from numpy.typing import NDArray
from scipy.optimize import nnls

from models.forecast.bucket_fit import basis, fit_buckets
from models.forecast.calendar import Calendar
from models.forecast.history import Floats, History
from models.forecast.learnt import LeadBucket, LearntPv, Plane
from models.forecast.load_rows import Past, Rows
from models.forecast.local_time import DAY_S
from models.forecast.place import Place
from models.forecast.pv_rows import PvPast, pv_seen
from models.forecast.seen import Seen

Flags = NDArray[np.bool_]
BEFORE_DAYS = 12
AFTER_DAYS = 16
"""So much of the clear sky is handed out around the last measurement."""
_TABLE_STEP_S = 900
_TILTS = (15.0, 35.0, 60.0)
_TURNS = (-90.0, -45.0, 0.0, 45.0, 90.0)
_CLEAR_SHARE = 0.85
"""Days among the best of their month by this quantile count as clear."""
_MONTH_DAYS = 30
_LEAST_SUN = 0.05
"""Sine of the sun's height below which irradiance models tell little."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PvRecord:
    """What is measured of a plant: AC power without curtailed quarters, DC power, irradiance."""

    id: str
    power_kw: History
    dc_kw: History | None = None
    irradiance_w_per_m2: History | None = None
    """Global irradiance as it was foreseen a day before, where weather forecasts are kept."""


def fit_pv(record: PvRecord, place: Place, calendar: Calendar) -> LearntPv | None:
    """A plant's clear-sky power and the best method per lead; None with too few days."""
    power = record.power_kw
    if power.empty or np.nanmax(power.values) <= 0:
        return None
    planes = clear_planes(power, place)
    if not planes:
        return None
    clear = History(power.start, power.step_s, clear_kw(planes, place, power.middles_s()))
    peak_kw = sum(one.kw_per_kw_m2 for one in planes)
    plain = _buckets(PvPast(Past(power, calendar), clear, peak_kw))
    if not plain:
        return None
    sky = record.irradiance_w_per_m2
    weather = () if sky is None else _buckets(PvPast(Past(power, calendar, sky), clear, peak_kw))
    rests_on = basis(power, plain)
    first_s = (rests_on.last.timestamp() // DAY_S - BEFORE_DAYS) * DAY_S
    slots = np.arange((BEFORE_DAYS + AFTER_DAYS) * DAY_S // _TABLE_STEP_S, dtype=np.float64)
    table = clear_kw(planes, place, first_s + _TABLE_STEP_S * (slots + 0.5))
    return LearntPv(
        id=record.id,
        basis=rests_on,
        planes=planes,
        clear_start=datetime.fromtimestamp(first_s, UTC),
        clear_step_s=_TABLE_STEP_S,
        clear_kw=tuple(np.round(table, 4).tolist()),
        plain=plain,
        weather=weather,
        inverter_efficiency=inverter_efficiency(record),
    )


def inverter_efficiency(record: PvRecord) -> float | None:
    """AC over DC energy of the last month's daylight, 0.5 .. 1; None where DC is not measured."""
    if record.dc_kw is None or len(record.dc_kw.values) != len(record.power_kw.values):
        return None
    count = _MONTH_DAYS * DAY_S // record.power_kw.step_s
    ac, dc = record.power_kw.values[-count:], record.dc_kw.values[-count:]
    both = np.isfinite(ac) & np.isfinite(dc) & (dc > 0)
    if not both.any():
        return None
    return float(np.clip(ac[both].sum() / dc[both].sum(), 0.5, 1.0))


def clear_kw(planes: Sequence[Plane], place: Place, times_s: Floats) -> Floats:
    """Power under a clear sky at UTC times [s since the epoch]."""
    total: Floats = np.zeros(len(times_s))
    if planes:
        found = _irradiance(place, times_s, [(one.tilt, one.azimuth) for one in planes])
        total = found @ np.array([one.kw_per_kw_m2 for one in planes])
    return total


def _buckets(view: PvPast) -> tuple[LeadBucket, ...]:
    def seen(rows: Rows) -> Seen:
        return pv_seen(view, rows)

    return fit_buckets(view.past.load, view.past.calendar.clock, seen)


def clear_planes(power: History, place: Place) -> tuple[Plane, ...]:
    """The mix of planes that explains the clear days' power best."""
    middles = power.middles_s()
    south = 180.0 if place.latitude >= 0 else 0.0
    kinds = [(0.0, south)]
    kinds += [(tilt, (south + turn) % 360.0) for tilt in _TILTS for turn in _TURNS]
    found = _irradiance(place, middles, kinds)
    chosen = _clear_slots(power, found[:, 0]) & (found[:, 0] > _LEAST_SUN)
    if not chosen.any():
        return ()
    size = float(np.sqrt(np.mean(found[chosen] ** 2) * chosen.sum()))
    # A little of every plane's own weight, so that near-equal planes do not trade at random.
    slight = 0.02 * size * np.eye(len(kinds))
    shares, _ = nnls(
        np.vstack([found[chosen], slight]),
        np.concatenate([power.values[chosen], np.zeros(len(kinds))]),
    )
    return tuple(
        Plane(tilt=tilt, azimuth=azimuth, kw_per_kw_m2=float(share))
        for (tilt, azimuth), share in zip(kinds, shares, strict=True)
        if share > 0
    )


def _clear_slots(power: History, flat: Floats) -> Flags:
    """The measured slots of the days that gave most against the flat clear sky, month by month."""
    days = np.floor(power.middles_s() / DAY_S).astype(np.int64)
    days -= days[0]
    known = np.isfinite(power.values)
    made = np.bincount(days, np.where(known, power.values, 0.0))
    could = np.bincount(days, np.where(known, flat, 0.0))
    ratio = np.full(len(made), np.nan)
    whole = could > 0.5 * np.bincount(days, flat)
    ratio[whole & (could > 0)] = made[whole & (could > 0)] / could[whole & (could > 0)]
    clear = np.zeros(len(made), dtype=np.bool_)
    for first in range(0, len(made), _MONTH_DAYS):
        month = ratio[first : first + _MONTH_DAYS]
        if np.isfinite(month).any():
            clear[first : first + _MONTH_DAYS] = month >= np.nanquantile(month, _CLEAR_SHARE)
    chosen: Flags = known & clear[days]
    return chosen


def _irradiance(place: Place, times_s: Floats, planes: Sequence[tuple[float, float]]) -> Floats:
    """Clear-sky irradiance in each plane [kW/m2], (times, planes); simplified Solis model."""
    times = pd.to_datetime(times_s, unit="s", utc=True)
    sun = pvlib.solarposition.get_solarposition(times, place.latitude, place.longitude)
    sky = pvlib.clearsky.simplified_solis(sun["apparent_elevation"])
    columns = [
        pvlib.irradiance.get_total_irradiance(
            tilt,
            azimuth,
            sun["apparent_zenith"],
            sun["azimuth"],
            sky["dni"],
            sky["ghi"],
            sky["dhi"],
        )["poa_global"].to_numpy()
        for tilt, azimuth in planes
    ]
    table: Floats = np.nan_to_num(np.column_stack(columns), nan=0.0) / 1000.0
    return np.maximum(table, 0.0)
