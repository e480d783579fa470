"""From what was learnt to the forecasts and the model of one plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from load_story import HOLIDAYS, START, history, outdoor_c, own_calendar, story_kw
from small_house import write_site

from edge_agent.forecasting.equipment import gains_kw, to_model, with_learnt
from edge_agent.forecasting.people import empty_reasons, usually_empty
from edge_agent.forecasting.sights import Weather, sights, with_outdoor
from edge_agent.forecasting.sights import own_calendar as plan_calendar
from edge_agent.site.asset_schema import ZoneAsset
from edge_agent.site.load import load_site
from models.forecast.calendar import SUNDAY
from models.forecast.history import History, Outlook
from models.forecast.learnt import (
    VERSION,
    Basis,
    Learnt,
    LearntBattery,
    LearntProfile,
    LearntTank,
    LearntZone,
)
from models.forecast.load import forecast_load
from models.forecast.load_fit import fit_load
from models.forecast.load_rows import Past
from models.forecast.sky import Sky
from models.forecast.temperature import forecast_temperature
from models.types import (
    Battery,
    BatteryState,
    Grid,
    SiteModel,
    ThermalStore,
    Zone,
    even_grid,
    graded_grid,
)

DAYS = 56
NOW = START + timedelta(days=DAYS)
BASIS = Basis(first=START, last=NOW, count=DAYS * 24, error=0.3)


def learnt() -> Learnt:
    load = history(story_kw(DAYS, kw_per_k=4.0))
    outdoor = history(outdoor_c(DAYS))
    return Learnt(
        version=VERSION,
        made_at=NOW,
        zone="Europe/Berlin",
        holidays=HOLIDAYS,
        load=fit_load(Past(load, own_calendar(DAYS), outdoor), (1.0, 4.0, 12.0, 24.0)),
    )


def test_a_weather_forecast_reaches_the_load() -> None:
    """A cold snap that only the weather forecast knows raises the load that heats."""
    load, outdoor = history(story_kw(DAYS, kw_per_k=4.0)), history(outdoor_c(DAYS))
    grid = graded_grid(NOW)
    plan = sights(learnt(), grid, ())
    totals = []
    for colder_k in (0.0, 8.0):
        coming = outdoor_c(DAYS + 2) - np.where(
            np.arange((DAYS + 2) * 24) >= DAYS * 24, colder_k, 0
        )
        outside = forecast_temperature(outdoor, grid, weather=history(coming))
        assert outside is not None
        sight = with_outdoor(plan.load, outdoor, outside, grid)
        outlook = forecast_load(load, grid, sight)
        assert outlook is not None
        weights = np.array(grid.step_s) / sum(grid.step_s)
        totals.append(float(np.array(outlook.series) @ weights))
    assert totals[1] - totals[0] == pytest.approx(8.0 * 4.0, rel=0.35)


def test_the_extended_temperature_is_measured_before_now_and_foreseen_after() -> None:
    grid = even_grid(NOW, 15, 24)
    outside = Outlook(series=tuple(30.0 + hour / 4 for hour in range(96)))
    sight = with_outdoor(sights(learnt(), grid, ()).load, history(outdoor_c(DAYS)), outside, grid)
    assert sight is not None
    assert sight.outdoor is not None
    before = sight.outdoor.mean(NOW - timedelta(hours=1), NOW)
    assert before == pytest.approx(outdoor_c(DAYS)[-1])
    assert sight.outdoor.mean(NOW, NOW + timedelta(minutes=15)) == pytest.approx(30.0)
    assert sight.outdoor.mean(grid.end - timedelta(minutes=15), grid.end) == pytest.approx(53.75)


def test_nothing_learnt_leaves_the_plain_forecasts_and_the_weather() -> None:
    grid = graded_grid(NOW)
    assert sights(None, grid, ("roof",)).pvs == {}
    sky = Sky(cloud_cover=History(NOW, 3600, np.zeros(24)))
    plan = sights(None, grid, ("roof",), Weather(sky=sky))
    assert plan.load is None
    assert plan.pvs["roof"].sky is sky
    assert with_outdoor(None, history(outdoor_c(DAYS)), Outlook(series=()), grid) is None


def test_a_plans_calendar_knows_the_sites_holidays() -> None:
    grid = even_grid(datetime(2025, 4, 30, 12, tzinfo=UTC), 60, 24)
    own = plan_calendar(learnt(), grid)
    first_of_may = own.clock.dates(np.array([datetime(2025, 5, 1, 9, tzinfo=UTC).timestamp()]))
    assert own.kinds(first_of_may).tolist() == [SUNDAY]


SITE = SiteModel(
    grid=Grid(import_limit_kw=100, export_limit_kw=100),
    batteries=(Battery(id="bat", capacity_kwh=250, charge_kw=125, discharge_kw=125),),
    thermal_stores=(
        ThermalStore(id="dhw", capacity_kwh_per_k=0.58, low_c=45, high_c=70, loss_kw_per_k=0.003),
    ),
    zones=(
        Zone(id="hall", resistance_k_per_kw=2, capacity_kwh_per_k=10, heat_kw=20, cool_kw=20),
        Zone(id="bar", resistance_k_per_kw=2, capacity_kwh_per_k=10, heat_kw=20, cool_kw=20),
    ),
)


def test_the_model_takes_over_what_the_data_decided_and_no_more() -> None:
    zones = tuple(
        LearntZone(
            id=name,
            basis=BASIS,
            resistance_k_per_kw=1.2345,
            capacity_kwh_per_k=5.678,
            gains_kw=0.0,
            mass_resistance_k_per_kw=0.2049,
            mass_capacity_kwh_per_k=20.44,
            at_bound=unsure,
        )
        for name, unsure in (("hall", ("gains_kw",)), ("bar", ("capacity_kwh_per_k",)))
    )
    battery = LearntBattery(
        id="bat",
        basis=BASIS,
        usable_kwh=170.0,
        charge_efficiency=0.9324,
        discharge_efficiency=0.9324,
        standby_kw=0.2,
        charge_kw=61.3,
        discharge_kw=300.0,
        at_bound=("discharge_kw",),
    )
    known = Learnt(version=VERSION, made_at=NOW, zone="UTC", zones=zones, batteries=(battery,))
    model = with_learnt(SITE, known)
    hall, bar = model.zones
    assert (hall.resistance_k_per_kw, hall.capacity_kwh_per_k) == (1.2, 5.7)
    assert (hall.mass_resistance_k_per_kw, hall.mass_capacity_kwh_per_k) == (0.2, 20.0)
    assert bar == SITE.zones[1]
    (bat,) = model.batteries
    assert (bat.charge_efficiency, bat.charge_kw, bat.discharge_kw) == (0.93, 61.0, 125)
    assert bat.capacity_kwh == 170.0
    assert with_learnt(SITE, None) is SITE
    tank = LearntTank(id="dhw", basis=BASIS, capacity_kwh_per_k=1.16, loss_kw_per_k=0.011)
    told = with_learnt(SITE, replace(known, tanks=(replace(tank, at_bound=("loss_kw_per_k",)),)))
    (dhw,) = told.thermal_stores
    assert (dhw.capacity_kwh_per_k, dhw.loss_kw_per_k) == (1.2, 0.003)
    traces = with_learnt(SITE, replace(known, tanks=(replace(tank, loss_kw_per_k=2e-19),)))
    assert traces.thermal_stores[0].loss_kw_per_k == 0.0
    odd = replace(tank, capacity_kwh_per_k=8 * dhw.capacity_kwh_per_k)
    assert with_learnt(SITE, replace(known, tanks=(odd,))).thermal_stores == SITE.thermal_stores


def test_gains_go_with_the_walls_they_were_found_with() -> None:
    zone = LearntZone(
        id="hall", basis=BASIS, resistance_k_per_kw=1.2, capacity_kwh_per_k=5.0, gains_kw=3.0
    )
    known = Learnt(version=VERSION, made_at=NOW, zone="UTC", zones=(zone,))
    asset = ZoneAsset(id="hall", temperature="a.b", setpoint="a.c", gains_kw=1.0)
    assert gains_kw(asset, with_learnt(SITE, known), known) == 3.0
    assert gains_kw(asset, SITE, known) == 1.0  # the learnt walls are not compiled yet
    assert gains_kw(asset, SITE, None) == 1.0
    vague = replace(known, zones=(replace(zone, basis=replace(BASIS, error=0.9)),))
    assert with_learnt(SITE, vague) == SITE
    unsure = replace(known, zones=(replace(zone, at_bound=("gains_kw",)),))
    assert gains_kw(asset, with_learnt(SITE, unsure), unsure) == 1.0


def profile(days: int) -> LearntProfile:
    """Ten people from 8 to 18 on working days."""
    office = tuple(10.0 if 32 <= quarter < 72 else 0.0 for quarter in range(96))
    basis = replace(BASIS, first=NOW - timedelta(days=days))
    nobody = (0.0,) * 96
    return LearntProfile(id="hall", basis=basis, workday=office, saturday=nobody, sunday=nobody)


def test_an_office_is_usually_empty_by_night_once_that_is_known() -> None:
    monday = even_grid(NOW, 60, 24)
    known = Learnt(version=VERSION, made_at=NOW, zone="UTC", occupancy=(profile(20),))
    empty = usually_empty(known, "hall", monday)
    assert [hour for hour in range(24) if not empty[hour]] == list(range(8, 18))
    (told,) = empty_reasons({"hall": empty, "bar": (False,) * 24})
    assert "zone hall: usually empty in 14 of 24 steps" in told.text
    young = replace(known, occupancy=(profile(13),))
    for nothing in (None, young):
        assert usually_empty(nothing, "hall", monday) == (False,) * 24
    assert usually_empty(known, "bar", monday) == (False,) * 24


def test_stored_energy_is_told_in_what_the_battery_really_holds(tmp_path: Path) -> None:
    loaded = load_site(write_site(tmp_path))  # its plate says 100 kWh
    battery = Battery(id="bat", capacity_kwh=80, charge_kw=40, discharge_kw=40)
    model = replace(SITE, batteries=(battery,), zones=())
    told = BatteryState(id="bat", soc_kwh=50.0, throughput_today_kwh=10.0, reserve_kwh=None)
    (real,) = to_model((told,), loaded.site, model)
    assert (real.soc_kwh, real.throughput_today_kwh, real.reserve_kwh) == (40.0, 8.0, None)
