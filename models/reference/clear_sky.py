"""What PV gives under pvlib's clear sky, and how clear the reference weather was."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib import import_module

import numpy as np

from models.forecast.sun import clear_sky_w_per_m2
from models.reference.year import Floats, bedford_weather

TILT_DEG = 20.0
LOSSES_SHARE = 0.14
"""PVWatts' default sum of wiring, soiling, mismatch and inverter."""
POWER_PER_K = -0.004
"""Of a crystalline cell, per K above 25 degC."""
BEDFORD = (52.23, -0.46)
_NOCT_RISE_K_PER_W = 25.0 / 800.0
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class PvReference:
    """Per step: plane-of-array irradiance [W/m2] and AC power per kWp installed."""

    irradiance_w_per_m2: Floats
    kw_per_kwp: Floats


def clear_sky_pv(times_s: Floats, temp_c: Floats, place: tuple[float, float]) -> PvReference:
    """Under a clear sky at UTC times (middle of each step), panels tilted to the equator."""
    irradiance = _plane_irradiance(times_s, place)
    return PvReference(irradiance, pv_per_kwp(irradiance, temp_c))


def pv_per_kwp(irradiance_w_per_m2: Floats, temp_c: Floats) -> Floats:
    """AC power per kWp: linear in irradiance, -0.4 % per K of cell above 25 degC, 14 % losses.

    Cell = air + 25 K x G / 800 W/m2 (NOCT 45 degC); after Dobos, PVWatts version 5 (2014).
    """
    cell_c = temp_c + _NOCT_RISE_K_PER_W * irradiance_w_per_m2
    factor = 1.0 + POWER_PER_K * (cell_c - 25.0)
    result: Floats = irradiance_w_per_m2 / 1000.0 * factor * (1.0 - LOSSES_SHARE)
    return np.clip(result, 0.0, None)


def daily_clearness(times_s: Floats) -> Floats:
    """Measured over clear-sky irradiation of each time's UTC day in the reference weather."""
    weather = bedford_weather()
    count = len(weather.columns["ghi_w_per_m2"])
    hours = weather.start_s + 3600.0 * np.arange(count, dtype=np.float64)
    clear = clear_sky_w_per_m2(hours + 1800.0, *BEDFORD)
    days = (hours - weather.start_s).astype(np.int64) // _DAY_S
    got = np.bincount(days, weights=weather.columns["ghi_w_per_m2"])
    could = np.bincount(days, weights=clear)
    by_hour = np.clip(got / could, 0.0, 1.0)[days]
    moved = type(weather)(weather.start_s, {"clearness": by_hour})
    return moved.at("clearness", times_s)


def _plane_irradiance(times_s: Floats, place: tuple[float, float]) -> Floats:
    """Pvlib's Ineichen clear sky on the tilted plane."""
    pandas = import_module("pandas")
    location = import_module("pvlib.location")
    irradiance = import_module("pvlib.irradiance")
    latitude, longitude = place
    when = pandas.to_datetime(np.asarray(times_s) * 1e9, utc=True, unit="ns")
    site = location.Location(latitude, longitude)
    with warnings.catch_warnings():
        # pvlib uses names that pandas 3.1 has begun to retire.
        warnings.filterwarnings("ignore", message=".*dayofyear is deprecated")
        sky = site.get_clearsky(when)
        sun = site.get_solarposition(when)
    total = irradiance.get_total_irradiance(
        TILT_DEG,
        180.0 if latitude >= 0 else 0.0,
        sun["apparent_zenith"],
        sun["azimuth"],
        sky["dni"],
        sky["ghi"],
        sky["dhi"],
    )
    plane: Floats = np.nan_to_num(total["poa_global"].to_numpy(dtype=np.float64))
    return plane
