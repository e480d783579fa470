"""What leaves for a simulated building's devices is guarded as it is in the field."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from building_days import SITE, winter_case

from edge_agent.backtest.building_case import BuildingCase
from edge_agent.backtest.building_gate import BuildingGate
from edge_agent.reality import reality
from models.building.house import House
from models.types import (
    Plan,
    PlanSource,
    ShiftablePlan,
    ThermalStorePlan,
    TimeGrid,
    ZonePlan,
)

HUMID = "        guest: true\n        humidity: rooms.humidity\n        occupancy: rooms.people\n"
WATCHED = "keep_on_below: {point: rooms.pipe, temperature_c: 5}"


@pytest.fixture
def case(tmp_path: Path) -> BuildingCase:
    return winter_case(tmp_path, 1)


@pytest.fixture
def house(case: BuildingCase) -> House:
    return House(case.plant, case.seed, 0)


def wish(case: BuildingCase, room_c: float, water_c: float, *, pump: bool) -> Plan:
    """Both floors, the tank and the pump for four quarter hours."""
    at = case.at(case.first)
    grid = TimeGrid(start=at, step_s=(900,) * 4)
    heat, none = (20.0,) * 4, (0.0,) * 4
    return Plan(
        made_at=at,
        grid=grid,
        source=PlanSource.SOLVER,
        grid_kw=none,
        load_kw=none,
        hvac_kw=none,
        zones=tuple(
            ZonePlan(id=name, heat_kw=heat, cool_kw=none, temperature_c=(room_c,) * 4)
            for name in ("floor_1", "floor_2")
        ),
        thermal_stores=(
            ThermalStorePlan(
                id="hot_water",
                pump_kw=none,
                immersion_kw=heat,
                temperature_c=(water_c,) * 4,
                electric_kw=heat,
            ),
        ),
        shiftables=(
            ShiftablePlan(id="pool_pump", power_kw=(4.0, 4.0, 0.0, 0.0) if pump else none),
        ),
    )


def passed(case: BuildingCase, house: House, plan: Plan | None, days_ago: int = 1) -> BuildingGate:
    at = case.at(case.first)
    gate = BuildingGate(case.loaded.site, case.seed, {"hot_water": at - timedelta(days=days_ago)})
    gate.pass_on(plan, gate.snapshot(house, at), house)
    return gate


def test_a_wish_within_the_bounds_arrives(case: BuildingCase, house: House) -> None:
    passed(case, house, wish(case, 22.0, 66.0, pump=True))
    assert [zone.commanded_c for zone in house.zones.values()] == [22.0, 22.0]
    assert house.tanks["hot_water"].commanded_c == 66.0
    assert house.pumps["pool_pump"].commanded is True


@pytest.mark.parametrize(
    ("room_c", "water_c", "room_out_c", "water_out_c"),
    [(30.0, 90.0, 25.0, 75.0), (10.0, 40.0, 19.0, 60.0)],
)
def test_no_wish_leaves_the_bounds(
    case: BuildingCase,
    house: House,
    room_c: float,
    water_c: float,
    room_out_c: float,
    water_out_c: float,
) -> None:
    passed(case, house, wish(case, room_c, water_c, pump=False))
    assert [zone.commanded_c for zone in house.zones.values()] == [room_out_c, room_out_c]
    assert house.tanks["hot_water"].commanded_c == water_out_c


def test_without_a_plan_the_devices_are_left_to_themselves(
    case: BuildingCase, house: House
) -> None:
    passed(case, house, None)
    assert [zone.commanded_c for zone in house.zones.values()] == [None, None]
    assert house.tanks["hot_water"].commanded_c is None
    assert house.pumps["pool_pump"].commanded is None


def test_a_due_cycle_is_asked_for_without_a_plan(case: BuildingCase, house: House) -> None:
    passed(case, house, None, days_ago=8)
    assert house.tanks["hot_water"].commanded_c == 71.0


def test_the_guard_tells_when_the_cycle_was_done(case: BuildingCase, house: House) -> None:
    at = case.at(case.first)
    gate = passed(case, house, None, days_ago=8)
    house.tanks["hot_water"].temperature_c = 72.0
    for minute in (15, 30, 45):
        gate.pass_on(None, gate.snapshot(house, at + timedelta(minutes=minute)), house)
    assert gate.cycled_at("hot_water") == at + timedelta(minutes=45)


def test_a_silent_thermometer_gives_the_room_back(case: BuildingCase, house: House) -> None:
    at = case.at(case.first)
    gate = BuildingGate(case.loaded.site, case.seed, {})
    whole = gate.snapshot(house, at)
    late = replace(whole, at=at + timedelta(hours=1))
    gate.pass_on(wish(case, 22.0, 66.0, pump=True), late, house)
    assert [zone.commanded_c for zone in house.zones.values()] == [None, None]


def test_a_site_without_a_tank_has_none(tmp_path: Path) -> None:
    begin, end = SITE.index("  thermal_stores:"), SITE.index("  switches:")
    case = winter_case(tmp_path, 1, SITE[:begin] + SITE[end:])
    assert case.plant.tanks == {}
    passed_house = House(case.plant, case.seed, 0)
    BuildingGate(case.loaded.site, 1, {}).pass_on(
        None, BuildingGate(case.loaded.site, 1, {}).snapshot(passed_house, case.at(0)), passed_house
    )
    assert passed_house.pumps["pool_pump"].commanded is None


def test_everything_a_plan_looks_at_can_be_seen(tmp_path: Path) -> None:
    points = """\
      humidity: {object: "analog-input,11"}
      people: {object: "analog-input,12"}
      cycle: {object: "binary-input,13"}
      back: {object: "analog-input,14", unit: degC}
      pipe: {object: "analog-input,15", unit: degC}
assets:
"""
    text = (
        SITE.replace("assets:\n", points)
        .replace("        guest: true\n", HUMID, 1)
        .replace("      volume_l", "      circulation_return: rooms.back\n      volume_l")
        .replace("      volume_l", "      cycle_running: rooms.cycle\n      volume_l")
        .replace("min_off_s: 900", f"min_off_s: 900, {WATCHED}")
    )
    case = winter_case(tmp_path, 1, text)
    one = House(case.plant, case.seed, 0)
    at = case.at(case.first)
    gate = BuildingGate(case.loaded.site, case.seed, {"hot_water": at - timedelta(days=1)})
    snapshot = gate.snapshot(one, at)
    known = reality(case.loaded.site, case.loaded.tariff, snapshot, {}, {})
    assert set(known.missing) == {"meter.power"}
    assert known.thermal_stores[0].temperature_c is not None
    assert known.zones[0].temperature_c is not None
    assert snapshot.value("rooms.people") == one.zones["floor_1"].guests
    gate.pass_on(wish(case, 22.0, 66.0, pump=True), snapshot, one)
    assert one.zones["floor_1"].commanded_c == 22.0
    assert one.tanks["hot_water"].commanded_c == 66.0
    assert one.pumps["pool_pump"].commanded is True
