"""From the site file's assets to the model, the guard and the actuators."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from field_images import NOW
from small_house import FAN_COIL, SETPOINT, furnished, write_site

from drivers.types import Point
from edge_agent.clock import SystemClock
from edge_agent.envelope import BatteryEnvelope, PvEnvelope, ZoneEnvelope
from edge_agent.envelopes_of import envelopes
from edge_agent.fields import build_drivers
from edge_agent.planning_grid import plan_grid
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.site.schema import Planning
from edge_agent.sitemodel import GUEST_WEIGHT, actuators, site_model
from edge_agent.tracking import Actuators
from models.types import Battery, Grid, Plant, Pv

PV_LIMIT = "inverter.power_limit"


def points_of(loaded: LoadedSite) -> dict[str, Point]:
    drivers = build_drivers(loaded.site, SystemClock())
    return {point.key: point for driver in drivers.values() for point in driver.points}


def test_the_model_has_what_the_site_has(paper: LoadedSite) -> None:
    model = site_model(paper.site, paper.tariff)
    assert model.grid == Grid(import_limit_kw=100, export_limit_kw=50)
    assert model.batteries == (Battery(id="bat", capacity_kwh=100, charge_kw=40, discharge_kw=40),)
    assert model.pvs == (Pv(id="roof", peak_kw=80, curtailable=True),)
    assert [zone.id for zone in model.zones] == ["hall"]
    assert model.demand_charges == ("peak",)


@pytest.mark.parametrize(("guest", "weight"), [(True, GUEST_WEIGHT), (False, 1.0)])
def test_comfort_of_guests_counts_more(tmp_path: Path, guest: bool, weight: float) -> None:  # noqa: FBT001 - a parameter of the table
    def who(site: dict[str, Any]) -> None:
        site["assets"]["hvac"]["zones"][0]["guest"] = guest

    loaded = load_site(write_site(tmp_path, change=who))
    (zone,) = site_model(loaded.site, loaded.tariff).zones
    assert zone.comfort_weight == weight


def test_zones_may_share_a_plant(tmp_path: Path) -> None:
    def shared(site: dict[str, Any]) -> None:
        hvac = site["assets"]["hvac"]
        hvac["zones"][0]["plant"] = "chiller"
        hvac["plants"] = [{"id": "chiller", "heat_kw": 30, "cool_kw": 20, "cop_cooling": 4}]

    loaded = load_site(write_site(tmp_path, change=shared))
    model = site_model(loaded.site, loaded.tariff)
    assert model.plants == (Plant(id="chiller", heat_kw=30, cool_kw=20, cop_cooling=4),)
    assert [zone.plant for zone in model.zones] == ["chiller"]


@pytest.mark.parametrize("seen", [True, False])
def test_cells_are_planned_within_their_temperatures_where_they_are_seen(
    tmp_path: Path, *, seen: bool
) -> None:
    def cells(site: dict[str, Any]) -> None:
        battery = site["assets"]["battery"][0]
        battery |= {"max_cycles_per_day": 2, "full_charge_every_days": 14}
        if seen:
            battery["temperature"] = "room.temperature"

    loaded = load_site(write_site(tmp_path, change=cells))
    (battery,) = site_model(loaded.site, loaded.tariff).batteries
    assert (battery.cold_c, battery.warm_c) == ((0.0, 40.0) if seen else (None, None))
    assert (battery.max_cycles_per_day, battery.full_charge_every_h) == (2, 336)
    assert battery.full_charge_share == 0.95


def test_an_inverter_without_a_limit_is_neither_curtailed_nor_commanded(tmp_path: Path) -> None:
    def fixed(site: dict[str, Any]) -> None:
        del site["assets"]["pv"][0]["limit"]

    loaded = load_site(write_site(tmp_path, change=fixed))
    assert [pv.curtailable for pv in site_model(loaded.site, loaded.tariff).pvs] == [False]
    assert actuators(loaded.site).pvs == ()
    assert set(envelopes(loaded.site, points_of(loaded))) == {SETPOINT, FAN_COIL}


def test_every_actuator_has_its_envelope(tmp_path: Path) -> None:
    loaded = load_site(write_site(tmp_path, change=furnished))
    found = envelopes(loaded.site, points_of(loaded))
    assert actuators(loaded.site) == Actuators(
        batteries=(("bat", SETPOINT),), zones=(("hall", FAN_COIL),), pvs=(("roof", PV_LIMIT),)
    )
    battery, zone, pv = found[SETPOINT], found[FAN_COIL], found[PV_LIMIT]
    assert isinstance(battery, BatteryEnvelope)
    assert (battery.soc, battery.charge_kw, battery.soc_max_percent) == ("battery.soc", 40, 95)
    assert battery.connection.meter == "meter.power"
    assert zone == ZoneEnvelope(
        point=FAN_COIL,
        temperature="room.temperature",
        low_c=19.0,
        high_c=25.0,
        comfort_c=(17.0, 27.0),
    )
    assert isinstance(pv, PvEnvelope)
    assert (pv.point, pv.power, pv.peak_kw) == (PV_LIMIT, "inverter.ac_power", 80)
    assert pv.connection is not None


def test_a_setpoint_without_a_safe_band_stays_in_the_comfort_band(paper: LoadedSite) -> None:
    points = points_of(paper) | {
        FAN_COIL: Point(device="fcu", name="setpoint", unit="degC", writable=True)
    }
    zone = envelopes(paper.site, points)[FAN_COIL]
    assert isinstance(zone, ZoneEnvelope)
    assert (zone.low_c, zone.high_c) == (20.0, 24.0)


@pytest.mark.parametrize(
    ("planning", "first_s", "steps"),
    [
        (Planning(grid="graded", horizon_h=24), 300, 112),
        (Planning(grid="even", step_min=15, horizon_h=6), 900, 24),
    ],
)
def test_a_plan_has_the_steps_the_site_wants(planning: Planning, first_s: int, steps: int) -> None:
    grid = plan_grid(planning, NOW + timedelta(minutes=7))
    assert (grid.step_s[0], len(grid)) == (first_s, steps)
    assert grid.start <= NOW + timedelta(minutes=7) < grid.start + timedelta(seconds=first_s)
