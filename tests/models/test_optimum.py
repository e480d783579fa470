"""Cases worked by hand: what any optimum must satisfy, never one vertex of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from models.rules import rules_plan
from models.types import (
    BatteryState,
    Plan,
    PlanSource,
    Problem,
    Pv,
    PvForecast,
    ReasonCode,
    Series,
    ZoneState,
)

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Solve


def _with_soc(problem: Problem, soc_kwh: float | None) -> Problem:
    return replace(problem, batteries=(BatteryState(id="bat", soc_kwh=soc_kwh),))


def _energy(series: Series, step_s: tuple[int, ...]) -> float:
    return sum(power * seconds / 3600 for power, seconds in zip(series, step_s, strict=True))


def test_arbitrage_buys_low_and_sells_high(cases: Cases, solve: Solve) -> None:
    """One cheap hour, one dear: 40 kWh of room filled at 0.10, given back at 0.50.

    By hand: from 50 kWh up to 90 takes 44.4 kWh AC (4.444 money); down to 10 kWh gives 72 kWh but
    50 kW caps the hour at 50 kWh (saves 25, wear 1); what is left is worth nothing.
    """
    problem = cases.plain((0.1, 0.5), (60.0, 60.0), batteries=(cases.battery,))
    problem = replace(problem, stored_value_per_kwh=0.0)
    plan = solve(problem)
    power = plan.batteries[0].power_kw
    assert power[1] == pytest.approx(-50.0)
    left = 50.0 + 0.9 * power[0] - 50.0 / 0.9
    assert plan.batteries[0].soc_kwh[1] == pytest.approx(left)
    # Only what the dear hour needs is bought: 10 kWh must be left at the end.
    assert left == pytest.approx(10.0)
    bought = (10.0 - 50.0 + 50.0 / 0.9) / 0.9
    expected = 0.1 * (60 + bought) + 0.5 * 10 + 0.02 * 50
    assert plan.cost.objective == pytest.approx(expected, rel=1e-6)


def test_no_arbitrage_below_losses_and_wear(cases: Cases, solve: Solve) -> None:
    """0.20 -> 0.24 does not pay for 81 % round trip: the battery keeps what the mean is worth."""
    problem = cases.plain((0.20, 0.24), (60.0, 60.0), batteries=(cases.battery,))
    plan = solve(problem)
    assert plan.batteries[0].power_kw == pytest.approx((0.0, 0.0), abs=1e-6)


def test_peak_is_shaved_to_the_level_the_energy_allows(cases: Cases, solve: Solve) -> None:
    """Loads 40, 100, 40 kW at a flat price: 36 kWh AC (40 kWh stored) level the peak by 36 kW."""
    problem = cases.plain(
        (0.2,) * 3, (40.0, 100.0, 40.0), batteries=(cases.battery,), demand_charges=("peak",)
    )
    plan = solve(problem)
    # Charging first at x kW: peak = max(40 + x, 100 - (40 + 0.9 x) * 0.9) balances at x = 13.26.
    balance = (60 - 36) / 1.81
    assert plan.peaks_kw[0] == pytest.approx(40 + balance, abs=1e-4)
    assert max(plan.grid_kw) == pytest.approx(plan.peaks_kw[0], abs=1e-4)
    assert plan.cost.demand == pytest.approx(10 * plan.peaks_kw[0], rel=1e-6)


def test_carried_peak_is_paid_once(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.2,) * 3, (40.0, 100.0, 40.0), demand_charges=("peak",))
    fresh = solve(problem)
    term = replace(problem.demand_terms[0], peak_so_far_kw=80.0)
    carried = solve(replace(problem, demand_terms=(term,)))
    assert fresh.cost.demand == pytest.approx(1000.0)
    assert carried.cost.demand == pytest.approx(200.0)
    assert carried.peaks_kw == pytest.approx((100.0,))


def test_a_carried_peak_is_used(cases: Cases, solve: Solve) -> None:
    """With 120 kW already billed the battery has no peak left to shave."""
    problem = cases.plain(
        (0.2,) * 3, (40.0, 100.0, 40.0), batteries=(cases.battery,), demand_charges=("peak",)
    )
    term = replace(problem.demand_terms[0], peak_so_far_kw=120.0)
    plan = solve(replace(problem, demand_terms=(term,)))
    assert plan.cost.demand == pytest.approx(0.0, abs=1e-6)
    assert plan.batteries[0].power_kw == pytest.approx((0.0,) * 3, abs=1e-6)


def test_margin_enters_the_peak_rows_only(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.2,) * 3, (40.0, 100.0, 40.0), demand_charges=("peak",))
    plan = solve(cases.outside(problem, peak_margin_kw=(0.0, 15.0, 0.0)))
    assert plan.peaks_kw == pytest.approx((115.0,))
    assert plan.cost.energy == pytest.approx(0.2 * 180)


def test_open_block_counts_what_was_measured(cases: Cases, solve: Solve) -> None:
    """10 min at 120 kW, then 60 kW for the last 5: the block's mean is 100 kW."""
    problem = cases.plain((0.2,) * 4, (60.0,) * 4, step_s=300, demand_charges=("peak",))
    grid = replace(problem.grid, start=problem.grid.start.replace(minute=10))
    term = replace(problem.demand_terms[0], open_block_kwh=20.0, open_block_elapsed_s=600.0)
    plan = solve(replace(problem, grid=grid, demand_terms=(term,)))
    assert plan.peaks_kw == pytest.approx((100.0,))


def test_measured_stored_energy_is_the_start(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.1, 0.5, 0.3), (60.0,) * 3, batteries=(cases.battery,))
    for soc in (12.0, 47.5, 88.0):
        plan = solve(_with_soc(problem, soc)).batteries[0]
        first = plan.power_kw[0]
        gained = first * 0.9 if first > 0 else first / 0.9
        assert plan.soc_kwh[0] == pytest.approx(soc + gained, abs=1e-6)


@pytest.mark.parametrize("soc", [2.0, 97.0])
def test_a_start_outside_the_window_is_brought_back(cases: Cases, solve: Solve, soc: float) -> None:
    problem = cases.plain((0.3, 0.3, 0.3), (60.0,) * 3, batteries=(cases.battery,))
    plan = solve(_with_soc(problem, soc))
    stored = plan.batteries[0].soc_kwh
    assert 10.0 - 1e-6 <= stored[-1] <= 90.0 + 1e-6
    assert plan.cost.penalties == pytest.approx(0.0, abs=1e-9)


def test_a_battery_that_may_not_charge_stays_where_it_is(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.3, 0.9, 0.3), (60.0,) * 3, batteries=(cases.battery,))
    state = BatteryState(id="bat", soc_kwh=4.0, charge_limit_kw=0.0)
    plan = solve(replace(problem, batteries=(state,)))
    assert plan.batteries[0].soc_kwh == pytest.approx((4.0,) * 3)
    texts = [reason.text for reason in plan.reasons if reason.code is ReasonCode.LIMIT_RELAXED]
    assert texts == [
        "bat: lowest stored energy missed by up to 6 kWh "
        "from 2026-07-01 06:00 to 2026-07-01 09:00 UTC"
    ]


def test_unknown_state_leaves_the_asset_out(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.1, 0.5), (60.0,) * 2, batteries=(cases.battery,), zones=(cases.zone,))
    problem = replace(
        _with_soc(problem, None), zones=(ZoneState(id=cases.zone.id, temperature_c=None),)
    )
    plan = solve(problem)
    assert plan.batteries == ()
    assert plan.zones == ()
    assert plan.grid_kw == pytest.approx((60.0, 60.0))
    assert plan.cost.penalties == 0.0
    assert plan.cost.stored == 0.0


def test_bms_limits_hold(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.1, 0.5), (60.0,) * 2, batteries=(cases.battery,))
    state = BatteryState(id="bat", soc_kwh=50.0, charge_limit_kw=7.0, discharge_limit_kw=5.0)
    power = solve(replace(problem, batteries=(state,))).batteries[0].power_kw
    assert power == pytest.approx((7.0, -5.0))


def test_import_limit_is_relaxed_by_name(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.2,) * 3, (900.0, 1040.0, 900.0))
    plan = solve(problem)
    assert plan.grid_kw == pytest.approx((900.0, 1040.0, 900.0))
    assert plan.degraded
    assert [reason.text for reason in plan.reasons] == [
        "import limit 1000 kW missed by up to 40 kW from 2026-07-01 07:00 to 2026-07-01 08:00 UTC"
    ]


def test_surplus_is_curtailed_where_it_may_be(cases: Cases, solve: Solve) -> None:
    for curtailable in (True, False):
        pv = Pv(id="roof", peak_kw=3000, curtailable=curtailable)
        problem = cases.plain((0.2,) * 2, (100.0,) * 2, pvs=(pv,))
        forecast = PvForecast(id="roof", available_kw=(1500.0, 50.0))
        plan = solve(cases.outside(problem, pvs=(forecast,), export_price_per_kwh=(0.05, 0.05)))
        assert plan.pvs[0].curtailed_kw[0] == pytest.approx(400.0 if curtailable else 0.0)
        assert plan.degraded is not curtailable


def test_forecast_above_the_nameplate_is_bounded(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.2,) * 2, (100.0,) * 2, pvs=(Pv(id="roof", peak_kw=30),))
    forecast = PvForecast(id="roof", available_kw=(80.0, -5.0))
    plan = solve(cases.outside(problem, pvs=(forecast,)))
    assert plan.grid_kw == pytest.approx((70.0, 100.0))


def test_negative_prices_never_charge_and_discharge_at_once(cases: Cases, solve: Solve) -> None:
    """The relaxation burns energy in the battery; the plan must not, and still verifies."""
    battery = replace(cases.battery, wear_cost_per_kwh=0.0)
    problem = cases.plain((-0.5,) * 6, (20.0,) * 6, batteries=(battery,), zones=(cases.zone,))
    plan = solve(problem)
    stored = [50.0, *plan.batteries[0].soc_kwh]
    for before, after, power in zip(stored, stored[1:], plan.batteries[0].power_kw, strict=False):
        gained = 0.9 * power if power > 0 else power / 0.9
        assert after - before == pytest.approx(gained, abs=1e-5)
    for heat, cool in zip(plan.zones[0].heat_kw, plan.zones[0].cool_kw, strict=True):
        assert min(heat, cool) == pytest.approx(0.0, abs=1e-6)
    assert plan.source is PlanSource.SOLVER


def test_feed_in_above_import_price_never_loops(cases: Cases, solve: Solve) -> None:
    """Export at 0.4 against import at 0.1 would buy and sell the whole connection at once."""
    problem = cases.plain((0.1,) * 4, (20.0,) * 4, batteries=(cases.battery,))
    problem = replace(problem, stored_value_per_kwh=0.0)
    plan = solve(cases.outside(problem, export_price_per_kwh=(0.0, 0.4, 0.4, 0.0)))
    powers = plan.batteries[0].power_kw
    assert plan.grid_kw == pytest.approx([20.0 + power for power in powers], abs=1e-5)
    assert _energy(plan.grid_kw, plan.grid.step_s) < 80.0
    assert plan.cost.energy < 8.0


def test_precooling_before_a_dear_hour(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.1, 0.1, 0.9, 0.9), (20.0,) * 4, zones=(cases.zone,))
    plan = solve(problem)
    cool = plan.zones[0].cool_kw
    assert sum(cool[:2]) > sum(cool[2:])
    assert all(20.0 - 1e-6 <= degrees <= 24.0 + 1e-6 for degrees in plan.zones[0].temperature_c)


def test_a_hot_room_is_cooled_with_all_there_is(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.2,) * 4, (20.0,) * 4, step_s=300, zones=(cases.zone,))
    plan = solve(replace(problem, zones=(ZoneState(id="room", temperature_c=29.0),)))
    assert plan.zones[0].cool_kw == pytest.approx((20.0,) * 4)
    assert "room: highest comfort temperature missed by up to" in plan.reasons[0].text


def test_the_optimum_is_never_dearer_than_the_rules(cases: Cases, solve: Solve) -> None:
    problem = cases.hotel(horizon_h=12)
    plan, rules = solve(problem), rules_plan(problem, problem.grid.start)
    assert plan.cost.objective <= rules.cost.objective + 1e-6


def test_more_battery_never_costs_more(cases: Cases, solve: Solve) -> None:
    def objective(charge_kw: float) -> float:
        battery = replace(cases.battery, charge_kw=charge_kw)
        problem = cases.plain((0.1, 0.5, 0.2, 0.6), (60.0,) * 4, batteries=(battery,))
        return solve(problem).cost.objective

    assert objective(60.0) <= objective(30.0) + 1e-9


def _temperatures(plan: Plan, every: int) -> Series:
    return plan.zones[0].temperature_c[every - 1 :: every]


def test_a_zone_decays_alike_at_any_step_length(cases: Cases, solve: Solve) -> None:
    """No plant at all: the free decay towards 32 degC must not depend on the steps."""
    zone = replace(cases.zone, heat_kw=0.0, cool_kw=0.0)
    results = [
        _temperatures(
            solve(cases.plain((0.2,) * steps, (0.0,) * steps, step_s=step_s, zones=(zone,))),
            3600 // step_s,
        )
        for step_s, steps in ((300, 48), (900, 16), (1800, 8), (3600, 4))
    ]
    for other in results[1:]:
        assert other == pytest.approx(results[0], abs=1e-6)
    assert results[0][-1] == pytest.approx(32.0 - 9.0 * 2.718281828459045 ** (-4 / 10), abs=1e-6)


def test_the_limits_that_bind_are_named(cases: Cases, solve: Solve) -> None:
    """Cheap, then dear: charged until full, discharged at full power, and the peak rises."""
    problem = cases.plain(
        (0.1, 0.9), (60.0,) * 2, batteries=(cases.battery,), demand_charges=("peak",)
    )
    term = replace(problem.demand_terms[0], price_per_kw=0.01, peak_so_far_kw=70.0)
    problem = replace(problem, demand_terms=(term,), stored_value_per_kwh=0.5)
    plan = solve(problem)
    assert plan.binding == (
        "bat discharges at its limit from 2026-07-01 07:00 to 2026-07-01 08:00 UTC",
        "bat is full from 2026-07-01 06:00 to 2026-07-01 07:00 UTC",
        "peak: the billed peak rises from 70 to 104.4 kW",
    )
    assert solve(cases.plain((0.2,) * 2, (60.0,) * 2)).binding == ()
