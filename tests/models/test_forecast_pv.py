from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.forecast.history import Floats, History, windows
from models.forecast.pv import Place, PvMeasured, forecast_pv
from models.forecast.sun import clear_sky_w_per_m2, cos_zenith
from models.types import Pv, ReasonCode, graded_grid

BERLIN = Place(latitude=52.52, longitude=13.405)
ROOF = Pv(id="roof", peak_kw=100)
NOON = datetime(2026, 6, 21, 11, 0, tzinfo=UTC)


def _elevation(moment: datetime, latitude: float, longitude: float) -> float:
    cosine = cos_zenith(np.array([moment.timestamp()]), latitude, longitude)[0]
    return float(np.degrees(np.arcsin(cosine)))


def _clear(times_s: Floats) -> Floats:
    return clear_sky_w_per_m2(times_s, BERLIN.latitude, BERLIN.longitude)


def _measured(now: datetime, hours: float, factor: float) -> History:
    """`factor` times the clear sky [W/m2] over the hours before now."""
    dark = History(now - timedelta(hours=hours), 900, np.zeros(round(hours * 4)))
    return replace(dark, values=factor * _clear(dark.middles_s()))


def test_noon_elevations_of_the_solstices_and_equinox() -> None:
    """90 - latitude + declination (+-23.44 degrees, 0), at the solar noon of Greenwich."""
    for month, day, expected in ((6, 21, 61.9), (12, 21, 15.1), (3, 20, 38.5)):
        noon = datetime(2026, month, day, 12, 5, tzinfo=UTC)
        assert _elevation(noon, 51.5, 0.0) == pytest.approx(expected, abs=0.5)


def test_sunrise_and_longitude() -> None:
    """Berlin on the longest day: the sun rises about 02:43 UTC and sets about 19:33 UTC."""
    for hour, minute, up in ((2, 20, False), (3, 10, True), (19, 5, True), (19, 55, False)):
        moment = NOON.replace(hour=hour, minute=minute)
        assert (_elevation(moment, BERLIN.latitude, BERLIN.longitude) > 0) is up


def test_clear_sky_is_plausible_and_dark_at_night() -> None:
    times = np.array([NOON.timestamp(), NOON.timestamp() + 12 * 3600])
    noon, night = _clear(times)
    assert 850 < noon < 1000
    assert night == 0.0


def test_measured_clearness_scales_the_shape() -> None:
    grid = graded_grid(NOON, 6)
    starts, ends = windows(grid)
    clear_kw = ROOF.peak_kw * _clear((starts + ends) / 2) / 1000
    power = History(NOON - timedelta(hours=6), 900, 0.1 * _measured(NOON, 6, 0.6).values)
    outlook = forecast_pv(ROOF, BERLIN, PvMeasured(power_kw=power), grid)
    assert outlook.series == pytest.approx((0.6 * clear_kw).tolist(), rel=1e-6)
    assert outlook.reasons == ()


def test_a_cloudy_hour_fades_into_the_days_clearness() -> None:
    power = 0.1 * _measured(NOON, 24, 0.8).values
    power[-12:] *= 0.25
    history = History(NOON - timedelta(hours=24), 900, power)
    grid = graded_grid(NOON, 24)
    outlook = forecast_pv(ROOF, BERLIN, PvMeasured(power_kw=history), grid)
    starts, ends = windows(grid)
    clear_kw = ROOF.peak_kw * _clear((starts + ends) / 2) / 1000
    up = clear_kw > 20
    clearness = np.array(outlook.series)[up] / clear_kw[up]
    assert clearness[0] == pytest.approx(0.2, abs=0.01)
    assert clearness[-1] > 0.5
    assert (np.diff(clearness) > 0).all()


def test_never_above_the_peak() -> None:
    power = History(NOON - timedelta(hours=3), 900, np.full(12, 400.0))
    outlook = forecast_pv(ROOF, BERLIN, PvMeasured(power_kw=power), graded_grid(NOON, 3))
    assert max(outlook.series) <= ROOF.peak_kw
    assert max(outlook.series) == pytest.approx(ROOF.peak_kw)


def test_irradiance_stands_in_for_power() -> None:
    measured = PvMeasured(irradiance_w_per_m2=_measured(NOON, 6, 0.5))
    outlook = forecast_pv(ROOF, BERLIN, measured, graded_grid(NOON, 3))
    assert 30 < outlook.series[0] < 45
    assert [(reason.code, reason.degrades) for reason in outlook.reasons] == [
        (ReasonCode.ASSUMED, False)
    ]


@pytest.mark.parametrize(
    "measured",
    [
        PvMeasured(),
        PvMeasured(power_kw=History(NOON - timedelta(hours=6), 900, np.full(24, np.nan))),
        PvMeasured(power_kw=History(NOON, 900, np.array([]))),
        PvMeasured(power_kw=_measured(NOON - timedelta(days=3), 6, 0.7)),
    ],
)
def test_unmeasured_sun_is_planned_as_nothing_and_said_so(measured: PvMeasured) -> None:
    outlook = forecast_pv(ROOF, BERLIN, measured, graded_grid(NOON, 3))
    assert set(outlook.series) == {0.0}
    assert outlook.reasons[0].code is ReasonCode.ASSUMED
    assert outlook.reasons[0].degrades


def test_at_night_the_last_day_tells_how_clear_it_is() -> None:
    night = NOON + timedelta(hours=11)
    power = History(night - timedelta(hours=24), 900, 0.1 * _measured(night, 24, 0.5).values)
    grid = graded_grid(night, 24)
    outlook = forecast_pv(ROOF, BERLIN, PvMeasured(power_kw=power), grid)
    assert outlook.series[0] == 0.0
    assert 40 < max(outlook.series) < 50


def test_a_gap_is_not_learnt_as_darkness() -> None:
    """The morning was not measured: the clearness comes from what was."""
    power = 0.1 * _measured(NOON, 6, 0.6).values
    power[:14] = np.nan
    history = History(NOON - timedelta(hours=6), 900, power)
    gappy = forecast_pv(ROOF, BERLIN, PvMeasured(power_kw=history), graded_grid(NOON, 3))
    power_all = History(NOON - timedelta(hours=6), 900, 0.1 * _measured(NOON, 6, 0.6).values)
    full = forecast_pv(ROOF, BERLIN, PvMeasured(power_kw=power_all), graded_grid(NOON, 3))
    assert gappy.series == pytest.approx(full.series)
