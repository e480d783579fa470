"""Properties that kill the errors of the system this one replaces; the number names the error."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.pricing import price_plan
from models.types import (
    Battery,
    BatteryState,
    DemandTerm,
    Grid,
    Plan,
    Problem,
    Pv,
    PvForecast,
    Series,
    ZoneState,
    even_grid,
)
from models.verify import verify

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Solve


def _bill(problem: Problem, plan: Plan) -> float:
    """The money of the bill, by an accountant who has only meter readings and the tariff."""
    total = 0.0
    for step, seconds in enumerate(problem.grid.step_s):
        kwh = plan.grid_kw[step] * seconds / 3600
        price = problem.forecast.import_price_per_kwh[step]
        total += kwh * (price if kwh > 0 else problem.forecast.export_price_per_kwh[step])
    return total


def _noisy(cases: Cases, seed: int, low: float = -0.3, **site: Any) -> Problem:
    """A day of hours with prices between `low` and 0.6, export below and above import."""
    rng = np.random.default_rng(seed)
    steps = 12
    problem = cases.plain(
        tuple(rng.uniform(low, 0.6, steps).tolist()),
        tuple(rng.uniform(10, 90, steps).tolist()),
        **site,
    )
    sun = tuple(rng.uniform(0, 150, steps).tolist())
    return cases.outside(
        problem,
        export_price_per_kwh=tuple(rng.uniform(low, 0.5, steps).tolist()),
        pvs=tuple(PvForecast(id=pv.id, available_kw=sun) for pv in problem.site.pvs),
    )


@pytest.mark.parametrize("hours", [6, 24, 48])
def test_c1_carbon_is_not_annualised(cases: Cases, solve: Solve, hours: int) -> None:
    """C1: emissions are those of the dispatch, and their share does not depend on the horizon."""
    problem = cases.plain((0.2,) * hours, (60.0,) * hours)
    problem = cases.outside(problem, co2_kg_per_kwh=(0.4,) * hours)
    plan = solve(replace(problem, co2_price_per_kg=0.1))
    assert plan.carbon.average_kg == pytest.approx(60 * 0.4 * hours)
    assert plan.cost.carbon / plan.cost.energy == pytest.approx(0.04 / 0.2)


@pytest.mark.parametrize("hours", [6, 24, 48])
def test_c2_money_per_hour_does_not_depend_on_the_horizon(
    cases: Cases, solve: Solve, hours: int
) -> None:
    """C2: constant inputs, constant answer."""
    problem = cases.plain((0.2,) * hours, (60.0,) * hours, batteries=(cases.battery,))
    plan = solve(problem)
    assert plan.cost.energy / hours == pytest.approx(12.0)
    assert plan.batteries[0].power_kw == pytest.approx((0.0,) * hours, abs=1e-6)


@pytest.mark.parametrize("outdoor_c", [-15.0, 10.0, 38.0])
def test_c3_any_heat_or_cold_is_feasible(cases: Cases, solve: Solve, outdoor_c: float) -> None:
    problem = cases.plain((0.2,) * 4, (60.0,) * 4, zones=(cases.zone,))
    plan = solve(cases.outside(problem, outdoor_temp_c=(outdoor_c,) * 4))
    assert sum(plan.zones[0].heat_kw) + sum(plan.zones[0].cool_kw) > 0
    assert plan.cost.penalties == pytest.approx(0.0, abs=1e-6)


def test_c4_the_answer_does_not_depend_on_the_step(cases: Cases, solve: Solve) -> None:
    """C4, C27: two hours with zone and battery cost the same at 1, 5, 15, 30 and 60 min."""
    found = []
    for step_min in (1, 5, 15, 30, 60):
        steps = 120 // step_min
        price = tuple((0.1, 0.4)[step * step_min // 60] for step in range(steps))
        load = (60.0,) * steps
        problem = cases.plain(price, load, batteries=(cases.battery,), zones=(cases.zone,))
        grid = even_grid(cases.start, step_min, 2)
        plan = solve(replace(problem, stored_value_per_kwh=0.0, grid=grid))
        found.append(plan.cost.energy + plan.cost.wear)
    assert found == pytest.approx([found[0]] * 5, rel=5e-4)


def test_c5_the_measured_temperature_is_the_start(cases: Cases, solve: Solve) -> None:
    """C5: zones are their own, and a warmer one is cooled more."""
    rooms = tuple(replace(cases.zone, id=name) for name in ("cool", "warm"))
    problem = cases.plain((0.2,) * 2, (60.0,) * 2, zones=rooms)
    states = (ZoneState(id="cool", temperature_c=21.0), ZoneState(id="warm", temperature_c=26.0))
    plan = {zone.id: zone for zone in solve(replace(problem, zones=states)).zones}
    assert plan["warm"].cool_kw[0] > plan["cool"].cool_kw[0] + 5


@pytest.mark.parametrize("seed", range(6))
def test_c6_more_equipment_never_costs_more(cases: Cases, solve: Solve, seed: int) -> None:
    """C6: PV, a battery, then both: the optimum never rises (PV may be curtailed)."""
    roof, store = Pv(id="roof", peak_kw=150), cases.battery
    bare = solve(_noisy(cases, seed)).cost.objective
    sunny = solve(_noisy(cases, seed, pvs=(roof,))).cost.objective
    stored = solve(_empty(_noisy(cases, seed, batteries=(store,)))).cost.objective
    both = solve(_empty(_noisy(cases, seed, pvs=(roof,), batteries=(store,)))).cost.objective
    assert sunny <= bare + 1e-6
    assert stored <= bare + 1e-6
    assert both <= min(sunny, stored) + 1e-6


def _empty(problem: Problem) -> Problem:
    """Nothing in store and nothing it is worth, so that a battery brings no gift."""
    state = BatteryState(id="bat", soc_kwh=10.0)
    return replace(problem, batteries=(state,), stored_value_per_kwh=0.0)


@pytest.mark.parametrize("seed", range(4))
def test_c6_the_balance_closes(cases: Cases, solve: Solve, seed: int) -> None:
    plan = solve(_noisy(cases, seed, pvs=(Pv(id="roof", peak_kw=150),), batteries=(cases.battery,)))
    for step, power in enumerate(plan.grid_kw):
        sinks = plan.load_kw[step] + plan.batteries[0].power_kw[step] - plan.pvs[0].pv_kw[step]
        assert power == pytest.approx(sinks, abs=1e-5)


def test_c7_surplus_beyond_the_export_limit_is_curtailed(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.2,) * 2, (5.0,) * 2, pvs=(Pv(id="roof", peak_kw=2000),))
    site = replace(problem.site, grid=Grid(import_limit_kw=100, export_limit_kw=500))
    problem = cases.outside(
        replace(problem, site=site),
        pvs=(PvForecast(id="roof", available_kw=(1900.0, 100.0)),),
        export_price_per_kwh=(0.05,) * 2,
    )
    plan = solve(problem)
    assert plan.grid_kw == pytest.approx((-500.0, -95.0))
    assert plan.pvs[0].curtailed_kw == pytest.approx((1395.0, 0.0))
    assert not plan.degraded


def test_c8_the_demand_charge_is_in_the_bill(cases: Cases, solve: Solve) -> None:
    """C8: twice the rate, twice the charge; what is billed already is not paid again."""
    problem = cases.plain((0.2,) * 3, (40.0, 100.0, 40.0), demand_charges=("peak",))

    def demand(rate: float, billed: float) -> float:
        term = DemandTerm(id="peak", price_per_kw=rate, peak_so_far_kw=billed)
        return solve(replace(problem, demand_terms=(term,))).cost.demand

    assert demand(120, 0) - demand(50, 0) == pytest.approx(100 * 70)
    assert demand(50, 80) == pytest.approx(50 * 20)
    assert demand(50, 100) == pytest.approx(0.0)


@pytest.mark.parametrize("soc", [12.0, 47.5, 88.0])
def test_c10_the_measured_energy_is_the_start_and_no_end_is_forced(
    cases: Cases, solve: Solve, soc: float
) -> None:
    problem = cases.plain((0.9, 0.9), (60.0,) * 2, batteries=(cases.battery,))
    problem = replace(
        problem, batteries=(BatteryState(id="bat", soc_kwh=soc),), stored_value_per_kwh=0.0
    )
    plan = solve(problem).batteries[0]
    assert plan.soc_kwh[-1] == pytest.approx(10.0)
    given = sum(-kw for kw in plan.power_kw) / 0.9
    assert given == pytest.approx(soc - 10.0, abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_c11_no_price_path_leaves_the_window(cases: Cases, solve: Solve, seed: int) -> None:
    plan = solve(_noisy(cases, seed, low=-2.0, batteries=(cases.battery,)))
    assert min(plan.batteries[0].soc_kwh) >= 10 - 1e-5
    assert max(plan.batteries[0].soc_kwh) <= 90 + 1e-5


@pytest.mark.parametrize("seed", range(8))
def test_c12_one_direction_at_a_time_at_any_price(cases: Cases, solve: Solve, seed: int) -> None:
    """C12: no wear, prices down to -1.5: nothing is bought and sold, or put in and out, at once.

    In the series only nets are left, so energy and money give it away: both are recomputed.
    """
    battery = replace(cases.battery, wear_cost_per_kwh=0.0)
    problem = _noisy(cases, seed, low=-1.5, batteries=(battery,), pvs=(Pv(id="r", peak_kw=80),))
    plan = solve(problem)
    assert plan.cost.energy == pytest.approx(_bill(problem, plan), rel=1e-6, abs=1e-6)
    soc = 50.0
    for power, after in zip(plan.batteries[0].power_kw, plan.batteries[0].soc_kwh, strict=True):
        soc += 0.9 * power if power > 0 else power / 0.9
        assert after == pytest.approx(soc, abs=1e-4)


def test_c13_equipment_of_no_size_solves(cases: Cases, solve: Solve) -> None:
    """C13: no power and no sun is a plan like any other."""
    idle = replace(cases.battery, charge_kw=0, discharge_kw=0)
    problem = cases.plain((0.1, 0.9), (60.0,) * 2, batteries=(idle,), pvs=(Pv(id="r", peak_kw=0),))
    assert solve(problem).grid_kw == pytest.approx((60.0, 60.0))


@pytest.mark.parametrize("change", ["outdoor_temp_c", "load_kw", "import_price_per_kwh"])
def test_c14_every_measured_input_changes_the_plan(cases: Cases, solve: Solve, change: str) -> None:
    problem = cases.plain((0.1, 0.5), (60.0, 60.0), batteries=(cases.battery,), zones=(cases.zone,))
    other: dict[str, Series] = {
        "outdoor_temp_c": (38.0, 38.0),
        "load_kw": (60.0, 20.0),
        "import_price_per_kwh": (0.5, 0.1),
    }
    before = solve(problem)
    after = solve(cases.outside(problem, **{change: other[change]}))
    assert before.grid_kw != pytest.approx(after.grid_kw, abs=0.1)


def test_c15_the_export_price_is_what_it_is_told_to_be(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.5,), (10.0,), pvs=(Pv(id="roof", peak_kw=50),))
    sun = (PvForecast(id="roof", available_kw=(40.0,)),)
    for price in (0.0, 0.08, 0.6):
        plan = solve(cases.outside(problem, pvs=sun, export_price_per_kwh=(price,)))
        assert plan.cost.energy == pytest.approx(-30 * price)


@pytest.mark.parametrize("hours", [23, 24, 25])
def test_c16_days_of_23_and_25_hours(cases: Cases, solve: Solve, hours: int) -> None:
    """C16: the cycles of a local day hold on short and on long days."""
    battery = replace(cases.battery, max_cycles_per_day=1.0, wear_cost_per_kwh=0.0)
    prices = (0.05, 0.5) * (hours // 2) + (0.05,) * (hours % 2)
    problem = cases.plain((*prices, 0.05, 0.5), (60.0,) * (hours + 2), batteries=(battery,))
    problem = replace(problem, day_starts=(cases.start + timedelta(hours=hours),))
    power = solve(problem).batteries[0].power_kw[:hours]
    used = sum(0.9 * kw if kw > 0 else -kw / 0.9 for kw in power)
    assert used == pytest.approx(200.0, abs=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_c19_the_recomputed_bill_is_the_objective(cases: Cases, solve: Solve, seed: int) -> None:
    """C19: audited after each solve; a plan says how it was found."""
    problem = _noisy(cases, seed, pvs=(Pv(id="roof", peak_kw=150),), batteries=(cases.battery,))
    plan = solve(problem)
    assert price_plan(problem, plan).objective == pytest.approx(plan.cost.objective, rel=1e-6)
    assert plan.cost.energy == pytest.approx(_bill(problem, plan), rel=1e-6, abs=1e-6)
    assert verify(problem, plan).ok


def test_c23_a_share_where_energy_is_due_shows(cases: Cases, solve: Solve) -> None:
    """C23: stored energy is kWh everywhere; 0.5 is nearly empty, not half full."""
    problem = cases.plain((0.2, 0.9), (60.0,) * 2, batteries=(cases.battery,))
    problem = replace(problem, batteries=(BatteryState(id="bat", soc_kwh=0.5),))
    assert solve(problem).batteries[0].power_kw[0] > 0


@pytest.mark.parametrize("looser", ["import_limit_kw", "export_limit_kw"])
def test_a_looser_limit_never_costs_more(cases: Cases, solve: Solve, looser: str) -> None:
    for seed in range(3):
        problem = _noisy(cases, seed, pvs=(Pv(id="r", peak_kw=150),), batteries=(cases.battery,))
        tight = replace(problem.site, grid=Grid(import_limit_kw=80, export_limit_kw=30))
        wide = replace(tight, grid=replace(tight.grid, **{looser: 200.0}))
        cost = solve(replace(problem, site=tight)).cost.objective
        assert solve(replace(problem, site=wide)).cost.objective <= cost + 1e-6


def test_a_larger_battery_never_costs_more(cases: Cases, solve: Solve) -> None:
    def cost(battery: Battery) -> float:
        return solve(_empty(_noisy(cases, 1, batteries=(battery,)))).cost.objective

    small = replace(cases.battery, soc_min_share=0.0)
    large = replace(small, capacity_kwh=200, charge_kw=90, discharge_kw=90)
    assert cost(large) <= cost(small) + 1e-6
