"""PV: the clear sky's shape times how clear it has been."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.forecast.history import Floats, History, Outlook, windows
from models.forecast.seasonal import fading
from models.forecast.sun import clear_sky_w_per_m2
from models.types import Pv, Reason, ReasonCode, TimeGrid

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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a plant stands, degrees, north and east positive."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PvMeasured:
    """What is measured of the sun: the plant's own power [kW], else irradiance [W/m2]."""

    power_kw: History | None = None
    irradiance_w_per_m2: History | None = None


def forecast_pv(pv: Pv, place: Place, measured: PvMeasured, grid: TimeGrid) -> Outlook:
    """Available power per step [kW] within 0 .. peak.

    Clearness is measured power over the clear sky's, of the last three hours of daylight fading to
    that of the last day. Without any measurement the series is zero and marked as assumed.
    """
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
