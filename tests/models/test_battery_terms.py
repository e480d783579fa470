"""Reserve, cycles per day across ticks, temperature, frequency reserve, full charge, several."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from models.rules import rules_plan
from models.solver import Optimiser
from models.types import (
    Battery,
    BatteryState,
    FrequencyReserve,
    Plan,
    Problem,
    ReasonCode,
    Series,
)
from models.verify import verify

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Compile, Solve


def _state(problem: Problem, **known: object) -> Problem:
    state = replace(problem.batteries[0], **known)  # type: ignore[arg-type]
    return replace(problem, batteries=(state,))


def _with(battery: Battery, problem: Problem) -> Problem:
    return replace(problem, site=replace(problem.site, batteries=(battery,)))


def test_the_outage_reserve_stays(cases: Cases, solve: Solve) -> None:
    """40 % of 100 kWh stay even at a price of 5."""
    battery = replace(cases.battery, reserve_share=0.4)
    problem = cases.plain((0.1, 5.0), (60.0,) * 2, batteries=(battery,))
    plan = solve(replace(_state(problem, soc_kwh=50.0), stored_value_per_kwh=0.0))
    assert min(plan.batteries[0].soc_kwh) >= 40.0 - 1e-6
    plan = solve(replace(_state(problem, reserve_kwh=60.0), stored_value_per_kwh=0.0))
    assert plan.batteries[0].soc_kwh[-1] >= 60.0 - 1e-6


def _throughput(battery: Battery, power: Series, step_h: float) -> float:
    return step_h * sum(
        kw * battery.charge_efficiency if kw > 0 else -kw / battery.discharge_efficiency
        for kw in power
    )


def test_cycles_are_those_of_the_day_across_ticks(cases: Cases, compiled: Compile) -> None:
    """C9: 96 ticks of a day at prices that would cycle all day stay within 1.5 cycles."""
    battery = replace(cases.battery, max_cycles_per_day=1.5, wear_cost_per_kwh=0.0)
    midnight = datetime(2026, 7, 1, tzinfo=UTC)
    prices = (0.05, 0.6) * 12
    base = cases.plain(prices, (60.0,) * 24, step_s=900, batteries=(battery,))
    optimiser = Optimiser(compiled(base))
    soc, used = 50.0, 0.0
    for tick in range(96):
        start = midnight + timedelta(minutes=15 * tick)
        problem = replace(base, grid=replace(base.grid, start=start))
        shown = tuple(prices[(tick + step) % 24] for step in range(24))
        problem = cases.outside(problem, import_price_per_kwh=shown)
        state = BatteryState(id="bat", soc_kwh=soc, throughput_today_kwh=used)
        plan = optimiser.solve(replace(problem, batteries=(state,)), 10.0, start)
        assert isinstance(plan, Plan)
        power = plan.batteries[0].power_kw[:1]
        used += _throughput(battery, power, 0.25)
        soc = plan.batteries[0].soc_kwh[0]
    assert used <= 2 * 1.5 * 100 + 1e-3
    assert used >= 0.95 * 2 * 1.5 * 100


def test_tomorrow_has_its_own_cycles(cases: Cases, solve: Solve) -> None:
    """Nothing is left today; local midnight falls after the second hour."""
    battery = replace(cases.battery, max_cycles_per_day=1.0)
    problem = cases.plain((0.1, 0.9, 0.1, 0.9), (60.0,) * 4, batteries=(battery,))
    problem = _state(problem, throughput_today_kwh=200.0)
    problem = replace(problem, day_starts=(cases.start + timedelta(hours=2),))
    power = solve(problem).batteries[0].power_kw
    assert power[:2] == pytest.approx((0.0, 0.0), abs=1e-6)
    assert power[3] == pytest.approx(-50.0)


@pytest.mark.parametrize(
    ("celsius", "charge", "discharge"),
    [(20.0, 50.0, 50.0), (40.0, 25.0, 25.0), (50.0, 0.0, 0.0), (-3.0, 0.0, 50.0), (None, 50, 50)],
)
def test_temperature_derates(
    cases: Cases, solve: Solve, celsius: float | None, charge: float, discharge: float
) -> None:
    """From 35 to 45 degC power falls to nothing; below 0 degC it must not be charged."""
    battery = replace(cases.battery, warm_c=35, hot_c=45, cold_c=0)
    problem = cases.plain((-0.1, 5.0), (90.0,) * 2, batteries=(battery,))
    problem = _state(problem, temperature_c=celsius, soc_kwh=40.0)
    power = solve(replace(problem, stored_value_per_kwh=0.0)).batteries[0].power_kw
    assert power[0] == pytest.approx(min(charge, 50 / 0.9), abs=1e-5)
    assert -power[1] == pytest.approx(min(discharge, (40 + 0.9 * power[0] - 10) * 0.9), abs=1e-4)


def test_frequency_reserve_keeps_power_and_energy(cases: Cases, solve: Solve) -> None:
    """20 kW both ways for half an hour: 30 kW are free, 10/0.9 and 9 kWh of the window are not."""
    problem = cases.plain((0.1, 5.0), (90.0,) * 2, batteries=(cases.battery,))
    held = FrequencyReserve(id="bat", up_kw=(20.0,) * 2, down_kw=(20.0,) * 2, hold_s=1800)
    problem = replace(problem, frequency_reserves=(held,), stored_value_per_kwh=0.0)
    plan = solve(problem).batteries[0]
    assert min(plan.power_kw) >= -30.0 - 1e-6
    assert max(plan.power_kw) <= 30.0 + 1e-6
    assert min(plan.soc_kwh) >= 10 + 10 / 0.9 - 1e-6
    dear = replace(problem, stored_value_per_kwh=5.0)
    assert max(solve(dear).batteries[0].soc_kwh) <= 90 - 9 + 1e-6


def _full_due(cases: Cases, in_h: float) -> Problem:
    battery = replace(cases.battery, full_charge_every_h=240)
    prices = (0.5, 0.1, 0.5, 0.5, 0.3, 0.5, 0.5, 0.5)
    problem = cases.plain(prices, (60.0,) * 8, batteries=(battery,))
    last = cases.start + timedelta(hours=in_h - 240)
    return replace(_state(problem, soc_kwh=60.0, last_full=last), stored_value_per_kwh=0.2)


def test_a_full_charge_comes_at_the_cheapest_time(cases: Cases, solve: Solve) -> None:
    """Due in 6 h: reached right after the hour at 0.1, which alone can fill it."""
    plan = solve(_full_due(cases, 6)).batteries[0]
    assert plan.full_at == 1
    assert plan.soc_kwh[1] == pytest.approx(100.0)


def test_no_full_charge_before_it_is_due(cases: Cases, solve: Solve) -> None:
    plan = solve(_full_due(cases, 30)).batteries[0]
    assert plan.full_at is None
    assert max(plan.soc_kwh) <= 90.0 + 1e-6


def test_an_overdue_full_charge_does_not_wait(cases: Cases, solve: Solve) -> None:
    """Overdue: within the time its charging takes, whatever that costs."""
    plan = solve(_full_due(cases, -5)).batteries[0]
    assert plan.full_at == 1


def test_a_full_charge_that_cannot_be_is_named(cases: Cases, solve: Solve) -> None:
    problem = _full_due(cases, 2)
    plan = solve(_state(problem, charge_limit_kw=1.0))
    assert plan.batteries[0].full_at is None
    texts = [each.text for each in plan.reasons if each.code is ReasonCode.LIMIT_RELAXED]
    assert "bat: the full charge that is due does not come" in texts


def test_two_batteries_the_better_one_works(cases: Cases, solve: Solve) -> None:
    """Same size, 81 % and 64 % round trip: the first carries what both could."""
    good = replace(cases.battery, id="good")
    poor = replace(cases.battery, id="poor", charge_efficiency=0.8, discharge_efficiency=0.8)
    problem = cases.plain((0.1, 0.15), (40.0,) * 2, batteries=(good, poor))
    problem = replace(problem, stored_value_per_kwh=0.115)
    plan = {each.id: each for each in solve(problem).batteries}
    assert plan["good"].power_kw[0] > 40.0
    assert plan["poor"].power_kw[0] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("soc", [3.0, 50.0, 97.0])
def test_the_rules_obey_the_same_terms(cases: Cases, soc: float) -> None:
    battery = replace(
        cases.battery, reserve_share=0.3, max_cycles_per_day=0.5, full_charge_every_h=240
    )
    problem = _with(battery, cases.plain((0.1,) * 8, (900.0, 1040.0) * 4, batteries=(battery,)))
    problem = _state(problem, soc_kwh=soc, throughput_today_kwh=20.0)
    plan = rules_plan(problem, cases.start)
    assert verify(problem, plan).violations == ()
    assert plan.batteries[0].full_at is not None or soc < 20.0


def test_too_many_cycles_are_refused(cases: Cases, solve: Solve) -> None:
    battery = replace(cases.battery, max_cycles_per_day=1.5)
    problem = cases.plain((0.05, 0.9) * 3, (60.0,) * 6, batteries=(battery,))
    plan = solve(problem)
    tired = _state(problem, throughput_today_kwh=299.0)
    texts = verify(tired, plan).violations
    assert any("are left today" in text for text in texts), texts
