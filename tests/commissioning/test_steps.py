"""How far each point is moved, and when it is not."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Any

import pytest
from small_house import Change, write_site

from drivers.types import Point
from edge_agent.commissioning.steps import Kind, Move, Steps, actuators_of, steps_for
from edge_agent.site.load import load_site
from edge_agent.site.schema import Site

SEEN = {
    "meter.power": 60.0,
    "battery.power": 0.0,
    "battery.soc": 50.0,
    "battery.charge_limit_kw": 40.0,
    "battery.discharge_limit_kw": 40.0,
    "inverter.ac_power": 30.0,
    "fcu.setpoint": 21.0,
}
COIL = Point(device="fcu", name="setpoint", unit="degC", writable=True, safe=(19.0, 25.0))


def loaded(folder: Path, change: Change | None = None) -> Site:
    return load_site(write_site(folder, change=change)).site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return loaded(tmp_path)


def steps(site: Site, kind: Kind, **seen: float) -> Steps | str:
    actuator = next(one for one in actuators_of(site) if one.kind is kind)
    known = SEEN | {key.replace("__", "."): value for key, value in seen.items()}
    return steps_for(
        actuator, COIL, site, {key: value for key, value in known.items() if not isnan(value)}
    )


def test_the_battery_comes_first(site: Site) -> None:
    assert [one.kind for one in actuators_of(site)] == [Kind.BATTERY, Kind.PV, Kind.ZONE]


def test_a_battery_is_moved_by_a_tenth_both_ways_from_rest(site: Site) -> None:
    up, down = (Move(value=kw, meter_kw=kw, own_kw=kw) for kw in (4.0, -4.0))
    assert steps(site, Kind.BATTERY) == Steps(rest=0.0, moves=(up, down))


LEFT_OUT = [
    ({"battery__charge_limit_kw": 3.0}, 4.0, "battery.charge_limit_kw is 3 kW"),
    ({"battery__discharge_limit_kw": 0.0}, -4.0, "battery.discharge_limit_kw is 0 kW"),
    ({"battery__soc": 95.0}, 4.0, "SOC 95 %"),
    ({"battery__soc": 10.0}, -4.0, "SOC 10 %"),
    ({"meter__power": 98.0}, 4.0, "the import limit of 100 kW"),
    ({"meter__power": -48.0}, -4.0, "the export limit of 50 kW"),
    ({"battery__charge_limit_kw": float("nan")}, 4.0, "battery.charge_limit_kw cannot be read"),
]


@pytest.mark.parametrize(("seen", "without", "why"), LEFT_OUT)
def test_a_step_that_goes_too_far_now_is_left_out(
    site: Site, seen: dict[str, float], without: float, why: str
) -> None:
    found = steps(site, Kind.BATTERY, **seen)
    assert isinstance(found, Steps)
    assert [move.value for move in found.moves] == [-without]
    assert found.left_out == (f"{without:+g} kW: {why}",)


def test_the_battery_s_own_power_does_not_count_against_the_limits(site: Site) -> None:
    found = steps(site, Kind.BATTERY, meter__power=98.0, battery__power=20.0)
    assert isinstance(found, Steps)
    assert len(found.moves) == 2


def test_an_unread_meter_is_a_reason(site: Site) -> None:
    assert steps(site, Kind.BATTERY, meter__power=float("nan")) == "meter.power cannot be read"


def test_a_plant_is_curtailed_by_a_tenth_of_its_peak(site: Site) -> None:
    found = steps(site, Kind.PV)
    assert found == Steps(rest=None, moves=(Move(value=22.0, meter_kw=8.0, own_kw=-8.0),))


def test_without_sun_nothing_is_curtailed(site: Site) -> None:
    assert steps(site, Kind.PV, inverter__ac_power=11.0) == (
        "the plant yields 11.0 kW, 12 kW are needed"
    )


@pytest.mark.parametrize(
    ("now_c", "moves"), [(21.0, [21.6, 20.4]), (25.0, [24.4]), (12.0, [19.6]), (None, [22.6, 21.4])]
)
def test_a_zone_stays_within_its_safe_band(
    site: Site, now_c: float | None, moves: list[float]
) -> None:
    found = steps(site, Kind.ZONE, fcu__setpoint=float("nan") if now_c is None else now_c)
    assert isinstance(found, Steps)
    assert [move.value for move in found.moves] == moves
    assert all(move.meter_kw is None for move in found.moves)


def test_a_plant_that_may_not_be_curtailed_is_no_actuator(tmp_path: Path) -> None:
    def no_limit(content: dict[str, Any]) -> None:
        del content["assets"]["pv"][0]["limit"]

    kinds = [one.kind for one in actuators_of(loaded(tmp_path, no_limit))]
    assert kinds == [Kind.BATTERY, Kind.ZONE]
