"""A tank worked by hand: heat is made when it is cheap, losses and COP count, hygiene comes."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from models.rules import rules_plan
from models.types import (
    Problem,
    ReasonCode,
    Series,
    ThermalStore,
    ThermalStoreForecast,
    ThermalStoreState,
)
from models.verify import verify

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Solve

TANK = ThermalStore(
    id="water", capacity_kwh_per_k=1.0, low_c=50, high_c=60, pump_kw=12, cop=3.0, ambient_c=20
)


def _water(
    cases: Cases, prices: Series, draw: Series, tank: ThermalStore = TANK, start_c: float = 50.0
) -> Problem:
    problem = cases.plain(prices, (10.0,) * len(prices), thermal_stores=(tank,))
    problem = cases.outside(
        problem, thermal_stores=(ThermalStoreForecast(id=tank.id, draw_kw=draw),)
    )
    state = ThermalStoreState(id=tank.id, temperature_c=start_c)
    return replace(problem, thermal_stores=(state,), stored_heat_value_per_kwh=0.0)


def test_hot_water_is_made_when_it_is_cheap(cases: Cases, solve: Solve) -> None:
    """9 kWh drawn in the dear hour are 9 K of tank, made before at COP 3: 3 kWh at 0.1."""
    problem = _water(cases, (0.1, 0.5), (0.0, 9.0))
    plan = solve(problem)
    tank = plan.thermal_stores[0]
    assert tank.temperature_c == pytest.approx((59.0, 50.0))
    assert tank.pump_kw == pytest.approx((9.0, 0.0), abs=1e-6)
    assert plan.grid_kw == pytest.approx((13.0, 10.0))
    assert plan.cost.objective == pytest.approx(0.1 * 13 + 0.5 * 10)


def test_the_tank_is_as_large_as_its_band(cases: Cases, solve: Solve) -> None:
    """15 kWh drawn: 10 K of store from the cheap hour, the other 5 kWh in the dear one."""
    tank = solve(_water(cases, (0.1, 0.5), (0.0, 15.0))).thermal_stores[0]
    assert tank.pump_kw == pytest.approx((10.0, 5.0))


def test_the_immersion_heater_helps_when_the_pump_is_too_small(cases: Cases, solve: Solve) -> None:
    """20 kWh from 50 degC with 12 kW of pump: 8 kWh straight from the grid."""
    tank = replace(TANK, immersion_kw=10)
    plan = solve(_water(cases, (0.1,), (20.0,), tank))
    assert plan.thermal_stores[0].immersion_kw == pytest.approx((8.0,))
    assert plan.thermal_stores[0].electric_kw == pytest.approx((12 / 3 + 8,))


def test_cop_follows_the_weather(cases: Cases, solve: Solve) -> None:
    """At equal prices heat is made in the warm hour: COP 3.5 against 2.5."""
    tank = replace(TANK, cop_per_k=0.05, cop_at_c=10)
    problem = _water(cases, (0.2, 0.2), (0.0, 9.0), tank)
    problem = cases.outside(problem, outdoor_temp_c=(20.0, 0.0))
    plan = solve(problem)
    assert plan.thermal_stores[0].pump_kw == pytest.approx((9.0, 0.0), abs=1e-6)
    assert plan.grid_kw[0] == pytest.approx(10 + 9 / 3.5)


@pytest.mark.parametrize("step_s", [300, 900, 3600])
def test_losses_do_not_depend_on_the_step(cases: Cases, solve: Solve, step_s: int) -> None:
    """C4: 40 K above ambient, 0.1 kW/K and 1 kWh/K: exp(-4 h / 10 h) of it is left."""
    tank = replace(TANK, loss_kw_per_k=0.1, pump_kw=0, low_c=0)
    steps = 4 * 3600 // step_s
    problem = cases.plain((0.2,) * steps, (10.0,) * steps, step_s=step_s, thermal_stores=(tank,))
    state = ThermalStoreState(id="water", temperature_c=60.0)
    plan = solve(replace(problem, thermal_stores=(state,)))
    assert plan.thermal_stores[0].temperature_c[-1] == pytest.approx(20 + 40 * math.exp(-0.4))


def test_a_cold_store_is_charged_before_it_is_hot(cases: Cases, solve: Solve) -> None:
    """6 kWh of cold drawn in the dear hour: 6 K colder before, and back up."""
    tank = replace(TANK, id="ice", cold=True, low_c=5, high_c=12)
    plan = solve(_water(cases, (0.1, 0.5), (0.0, 6.0), tank, start_c=12.0))
    assert plan.thermal_stores[0].temperature_c == pytest.approx((6.0, 12.0))


def test_a_draw_beyond_all_means_is_named(cases: Cases, solve: Solve) -> None:
    plan = solve(_water(cases, (0.1,), (30.0,)))
    assert plan.thermal_stores[0].temperature_c == pytest.approx((32.0,))
    texts = [each.text for each in plan.reasons if each.code is ReasonCode.LIMIT_RELAXED]
    assert texts[0].startswith("water: lowest tank temperature missed by up to 18 K")


def test_heat_left_in_the_tank_is_worth_something(cases: Cases, solve: Solve) -> None:
    """Worth 0.2 per kWh of heat that costs 0.1 / 3 to make: it is filled, and valued at 10 kWh."""
    problem = replace(_water(cases, (0.1,), (0.0,)), stored_heat_value_per_kwh=0.2)
    plan = solve(problem)
    assert plan.thermal_stores[0].temperature_c == pytest.approx((60.0,))
    assert plan.cost.stored == pytest.approx(-0.2 * 10)


def _legionella(cases: Cases, due_in_h: float, pump_kw: float = 20) -> Problem:
    tank = replace(TANK, pump_kw=pump_kw, hygiene_c=65, hygiene_hold_s=3600, loss_kw_per_k=0.05)
    prices = (0.5, 0.5, 0.1, 0.1, 0.5, 0.5, 0.5, 0.5)
    problem = _water(cases, prices, (3.0,) * 8, tank)
    last = cases.start + timedelta(hours=due_in_h - tank.hygiene_every_h)
    state = ThermalStoreState(id="water", temperature_c=52.0, last_hygiene=last)
    return replace(problem, thermal_stores=(state,))


def test_the_hygiene_cycle_comes_at_the_cheapest_time(cases: Cases, solve: Solve) -> None:
    """At 65 degC from the end of the third hour to the end of the fourth: both cost 0.1."""
    tank = solve(_legionella(cases, 7)).thermal_stores[0]
    assert tank.hygiene_at == 2
    assert min(tank.temperature_c[2:4]) >= 65 - 1e-6
    assert max(tank.temperature_c[:2]) < 65


def test_no_hygiene_cycle_before_it_is_due(cases: Cases, solve: Solve) -> None:
    tank = solve(_legionella(cases, 100)).thermal_stores[0]
    assert tank.hygiene_at is None
    assert max(tank.temperature_c) <= 60 + 1e-6


def test_an_overdue_hygiene_cycle_does_not_wait(cases: Cases, solve: Solve) -> None:
    tank = solve(_legionella(cases, -20)).thermal_stores[0]
    assert tank.hygiene_at is not None
    assert tank.hygiene_at <= 1


def test_an_unknown_tank_is_left_alone(cases: Cases, solve: Solve) -> None:
    problem = _water(cases, (0.1, 0.5), (0.0, 9.0))
    problem = replace(problem, thermal_stores=(ThermalStoreState(id="water", temperature_c=None),))
    plan = solve(problem)
    assert plan.thermal_stores == ()
    assert plan.grid_kw == pytest.approx((10.0, 10.0))


@pytest.mark.parametrize("due_in_h", [7.0, -20.0, 100.0])
def test_the_rules_keep_it_warm_and_clean(cases: Cases, due_in_h: float) -> None:
    problem = _legionella(cases, due_in_h)
    plan = rules_plan(problem, cases.start)
    assert verify(problem, plan).violations == ()
    assert min(plan.thermal_stores[0].temperature_c) >= 50.0
    assert (plan.thermal_stores[0].hygiene_at is None) is (due_in_h == 100.0)


def test_a_tank_that_heats_itself_is_refused(cases: Cases, solve: Solve) -> None:
    problem = _water(cases, (0.1, 0.5), (0.0, 9.0))
    plan = solve(problem)
    tank = plan.thermal_stores[0]
    for change, words in (
        ({"temperature_c": (59.5, 50.5)}, "temperature is not what its powers give"),
        ({"electric_kw": (0.0, 0.0)}, "draws other power than its heat needs"),
        ({"pump_kw": (13.0, 0.0)}, "pumps beyond its limit"),
        ({"hygiene_at": 0}, "claims a hygiene cycle"),
    ):
        forged = replace(plan, thermal_stores=(replace(tank, **change),))
        texts = verify(problem, forged).violations
        assert any(words in text for text in texts), texts
