"""A plant's planes and clearness, from what pvlib says the sun gave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from models.forecast.calendar import Calendar, calendar
from models.forecast.history import Floats, History, windows
from models.forecast.learnt import LearntPv, Plane
from models.forecast.place import Place
from models.forecast.pv import PvMeasured, PvSight, forecast_pv
from models.forecast.pv_fit import PvRecord, clear_kw, fit_pv
from models.forecast.sky import Sky
from models.forecast.sun import clear_sky_w_per_m2
from models.types import Pv, ReasonCode, TimeGrid, even_grid

PLACE = Place(latitude=49.0, longitude=8.4)
START = datetime(2026, 4, 1, tzinfo=UTC)
DAYS = 50
ROOF = Pv(id="roof", peak_kw=100)
EAST = (Plane(tilt=35.0, azimuth=90.0, kw_per_kw_m2=85.0),)


def middles(days: float) -> Floats:
    times: Floats = START.timestamp() + 900.0 * (
        np.arange(round(days * 96), dtype=np.float64) + 0.5
    )
    return times


def clearness(days: float) -> Floats:
    """Bright and dull days, drifting within a day as well."""
    hours = middles(days) / 3600.0
    drift: Floats = 0.65 + 0.25 * np.sin(hours / 31.0) + 0.1 * np.sin(hours / 3.0)
    return drift


def made_kw(days: float) -> Floats:
    return clearness(days) * clear_kw(EAST, PLACE, middles(days))


def own_calendar() -> Calendar:
    first_s = START.timestamp()
    return calendar(ZoneInfo("Europe/Berlin"), first_s, first_s + 90 * 86_400, ())


def past(days: float) -> History:
    return History(START, 900, made_kw(days))


def noon_grid(day: int, hours: int = 24) -> TimeGrid:
    return even_grid(START + timedelta(days=day, hours=9), 15, hours)


def truth(grid: TimeGrid) -> Floats:
    return History(START, 900, made_kw(DAYS + 8)).means(*windows(grid))


@pytest.fixture(scope="module")
def learnt() -> LearntPv:
    found = fit_pv(PvRecord(id="roof", power_kw=past(DAYS)), PLACE, own_calendar())
    assert found is not None
    return found


def test_an_east_roof_is_found_to_look_east(learnt: LearntPv) -> None:
    times = middles(DAYS)
    table = clear_kw(learnt.planes, PLACE, times)
    centre = float((table * (times % 86_400)).sum() / table.sum() / 3600)
    wanted = clear_kw(EAST, PLACE, times)
    east_centre = float((wanted * (times % 86_400)).sum() / wanted.sum() / 3600)
    assert centre == pytest.approx(east_centre, abs=0.25)
    largest = max(learnt.planes, key=lambda one: one.kw_per_kw_m2)
    assert 45.0 <= largest.azimuth <= 135.0


def test_its_forecast_beats_the_shape_of_a_flat_roof(learnt: LearntPv) -> None:
    own, flat = [], []
    for day in range(DAYS, DAYS + 5):
        grid = noon_grid(day)
        known = PvMeasured(power_kw=past(day + 9 / 24))
        sight = PvSight(learnt, own_calendar())
        series = np.array(forecast_pv(ROOF, PLACE, known, grid, sight).series)
        plain = np.array(forecast_pv(ROOF, PLACE, known, grid).series)
        own.append(np.abs(series - truth(grid)).mean())
        flat.append(np.abs(plain - truth(grid)).mean())
    assert np.mean(own) < 0.6 * np.mean(flat)


def test_nights_are_dark_and_bands_stay_within_the_plant(learnt: LearntPv) -> None:
    grid = noon_grid(DAYS)
    known = PvMeasured(power_kw=past(DAYS + 9 / 24))
    outlook = forecast_pv(ROOF, PLACE, known, grid, PvSight(learnt, own_calendar()))
    night = [i for i, at in enumerate(grid.starts) if at.hour in (22, 23, 0, 1)]
    assert {outlook.series[i] for i in night} == {0.0}
    for _, band in outlook.bands:
        assert 0.0 <= min(band) <= max(band) <= ROOF.rated_kw


def test_curtailed_quarters_do_not_teach_a_smaller_plant() -> None:
    """Every third day it was limited to 15 kW, as on holidays of a site that may not export."""
    power = made_kw(DAYS)
    limited = (np.arange(len(power)) // 96 % 3 == 0) & (power > 15.0)
    fits = [
        fit_pv(PvRecord(id="roof", power_kw=History(START, 900, values)), PLACE, own_calendar())
        for values in (power, np.where(limited, np.nan, power), np.where(limited, 15.0, power))
    ]
    whole, left_out, taught = (fit for fit in fits if fit is not None)
    assert max(left_out.clear_kw) == pytest.approx(max(whole.clear_kw), rel=0.1)
    missed = [_missed_kw(fit) for fit in (whole, left_out, taught)]
    assert missed[1] < 1.4 * missed[0]
    assert taught.basis.error > 1.3 * left_out.basis.error


def _missed_kw(learnt: LearntPv) -> float:
    """Mean error of a day ahead over five days."""
    errors = []
    for day in range(DAYS, DAYS + 5):
        known = PvMeasured(power_kw=past(day + 9 / 24))
        outlook = forecast_pv(ROOF, PLACE, known, noon_grid(day), PvSight(learnt, own_calendar()))
        errors.append(np.abs(np.array(outlook.series) - truth(noon_grid(day))).mean())
    return float(np.mean(errors))


def test_a_plant_never_seen_teaches_nothing() -> None:
    dark = History(START, 900, np.zeros(96 * 5))
    for history in (dark, History(START, 900, np.full(96 * 5, np.nan)), past(1)):
        assert fit_pv(PvRecord(id="roof", power_kw=history), PLACE, own_calendar()) is None


def test_inverter_efficiency_is_ac_over_dc_where_dc_is_measured() -> None:
    ac = past(DAYS)
    dc = History(START, 900, np.where(ac.values > 1, ac.values / 0.964, np.nan))
    record = PvRecord(id="roof", power_kw=ac, dc_kw=dc)
    found = fit_pv(record, PLACE, own_calendar())
    assert found is not None
    assert found.inverter_efficiency == pytest.approx(0.964, abs=1e-6)


def test_without_dc_the_efficiency_is_not_known(learnt: LearntPv) -> None:
    assert learnt.inverter_efficiency is None


def _overcast(share: float) -> Sky:
    slots = np.full(96 * 4, share)
    return Sky(cloud_cover=History(START + timedelta(days=DAYS), 900, slots))


def test_a_weather_forecast_takes_over_as_the_lead_grows(learnt: LearntPv) -> None:
    grid = noon_grid(DAYS)
    known = PvMeasured(power_kw=past(DAYS + 9 / 24))
    series = {
        share: np.array(
            forecast_pv(
                ROOF, PLACE, known, grid, PvSight(learnt, own_calendar(), _overcast(share))
            ).series
        )
        for share in (0.0, 1.0)
    }
    tomorrow = grid.step_at(START + timedelta(days=DAYS + 1, hours=8))
    assert tomorrow is not None
    assert series[1.0][tomorrow] == pytest.approx(0.25 * series[0.0][tomorrow], rel=0.02)
    assert series[1.0][0] > 0.8 * series[0.0][0]


def test_irradiance_is_taken_before_cloud_cover() -> None:
    grid = noon_grid(DAYS, 6)
    starts, ends = windows(grid)
    times = middles(DAYS + 2)
    clear = clear_sky_w_per_m2(times, PLACE.latitude, PLACE.longitude)
    sky = Sky(
        irradiance_w_per_m2=History(START, 900, 0.5 * clear),
        cloud_cover=History(START, 900, np.ones(len(times))),
    )
    assert sky.clearness(starts, ends, PLACE) == pytest.approx(0.5, abs=0.01)


def test_a_plant_without_a_past_rests_on_the_weather_forecast() -> None:
    grid = noon_grid(DAYS, 6)
    outlook = forecast_pv(ROOF, PLACE, PvMeasured(), grid, PvSight(sky=_overcast(0.0)))
    assert 50 < max(outlook.series) <= ROOF.rated_kw
    assert outlook.reasons[0].code is ReasonCode.ASSUMED


def test_beyond_the_clear_sky_known_the_plain_forecast_stands_in(learnt: LearntPv) -> None:
    grid = noon_grid(DAYS + 40)
    power = History(START + timedelta(days=DAYS + 39), 900, made_kw(1.4)[-36 - 96 :])
    outlook = forecast_pv(
        ROOF, PLACE, PvMeasured(power_kw=power), grid, PvSight(learnt, own_calendar())
    )
    plain = forecast_pv(ROOF, PLACE, PvMeasured(power_kw=power), grid)
    assert outlook.series == plain.series
