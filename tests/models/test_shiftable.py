"""Work by a deadline, worked by hand: cheapest hours, whole blocks, what is done counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from models.rules import rules_plan
from models.solver import Optimiser
from models.types import (
    BadInputError,
    Job,
    Plan,
    PlanSource,
    Problem,
    ReasonCode,
    Series,
    Shiftable,
    ShiftableState,
)
from models.verify import verify

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Compile, Solve

CAR = Shiftable(id="car", power_kw=11)
PUMP = Shiftable(id="pool", power_kw=4, least_kw=4)


def _job(cases: Cases, first_h: float, last_h: float, kwh: float, done: float = 0.0) -> Job:
    return Job(
        earliest=cases.start + timedelta(hours=first_h),
        deadline=cases.start + timedelta(hours=last_h),
        energy_kwh=kwh,
        done_kwh=done,
    )


def _site(
    cases: Cases, prices: Series, device: Shiftable, *jobs: Job, running_s: float = 0
) -> Problem:
    problem = cases.plain(prices, (10.0,) * len(prices), shiftables=(device,))
    state = ShiftableState(id=device.id, jobs=jobs, running_s=running_s)
    return replace(problem, shiftables=(state,))


def test_a_car_charges_in_the_cheapest_hours_before_it_leaves(cases: Cases, solve: Solve) -> None:
    """15 kWh by the fourth hour: 11 at 0.1, the other 4 at 0.2; the later 0.05 is too late."""
    problem = _site(cases, (0.3, 0.1, 0.2, 0.4, 0.05), CAR, _job(cases, 0, 4, 15))
    plan = solve(problem)
    assert plan.shiftables[0].power_kw == pytest.approx((0, 11, 4, 0, 0), abs=1e-6)
    assert plan.cost.energy == pytest.approx(10 * 1.05 + 1.1 + 0.8)
    assert plan.source is PlanSource.SOLVER


def test_what_is_done_today_is_not_done_again(cases: Cases, solve: Solve) -> None:
    problem = _site(cases, (0.3, 0.1, 0.2), CAR, _job(cases, 0, 3, 15, done=12))
    assert solve(problem).shiftables[0].power_kw == pytest.approx((0, 3, 0), abs=1e-6)


def test_a_window_that_opens_within_a_step_gives_part_of_it(cases: Cases, solve: Solve) -> None:
    problem = _site(cases, (0.1, 0.5), CAR, _job(cases, 0.5, 2, 11))
    assert solve(problem).shiftables[0].power_kw == pytest.approx((5.5, 5.5))


def test_on_or_off_and_nothing_between(cases: Cases, solve: Solve) -> None:
    """8 kWh of a 4 kW pump: the two cheapest of five hours, wherever they lie."""
    problem = _site(cases, (0.3, 0.1, 0.4, 0.2, 0.3), PUMP, _job(cases, 0, 5, 8))
    plan = solve(problem)
    assert plan.shiftables[0].power_kw == pytest.approx((0, 4, 0, 4, 0), abs=1e-6)


def test_a_minimum_block_runs_through(cases: Cases, solve: Solve) -> None:
    """In blocks of two hours: 0.1 + 0.3 beats 0.2 + 0.4, though 0.1 + 0.2 would be cheaper."""
    device = replace(PUMP, min_block_s=7200)
    problem = _site(cases, (0.5, 0.1, 0.3, 0.4, 0.2), device, _job(cases, 0, 5, 8))
    assert solve(problem).shiftables[0].power_kw == pytest.approx((0, 4, 4, 0, 0), abs=1e-6)


def test_a_running_block_is_finished(cases: Cases, solve: Solve) -> None:
    """Started half an hour ago for at least two: on for two steps whatever they cost."""
    device = replace(PUMP, min_block_s=7200)
    problem = _site(cases, (0.9, 0.9, 0.1, 0.1), device, running_s=1800)
    assert solve(problem).shiftables[0].power_kw == pytest.approx((4, 4, 0, 0), abs=1e-6)


def test_half_a_least_power_is_not_offered(cases: Cases, solve: Solve) -> None:
    """A charger that cannot go below 4 kW: 6 kWh are 6 and nothing, or 4 and more than 2."""
    problem = _site(cases, (0.1, 0.2), replace(CAR, least_kw=4, power_kw=5), _job(cases, 0, 2, 6))
    power = solve(problem).shiftables[0].power_kw
    assert all(kw == pytest.approx(0, abs=1e-6) or kw >= 4 - 1e-6 for kw in power)
    assert sum(power) >= 6 - 1e-6


def test_work_beyond_the_horizon_waits_for_a_better_price(cases: Cases, solve: Solve) -> None:
    """20 kWh by the sixth hour of which two are seen: below the mean price now, else later."""
    problem = _site(cases, (0.1, 0.3), CAR, _job(cases, 0, 6, 20))
    plan = solve(problem)
    assert plan.shiftables[0].power_kw == pytest.approx((11, 0), abs=1e-6)
    assert plan.cost.stored == pytest.approx(0.2 * 9)


def test_what_cannot_be_done_in_time_is_named(cases: Cases, solve: Solve) -> None:
    problem = _site(cases, (0.1, 0.5, 0.1), CAR, _job(cases, 0, 2, 30))
    plan = solve(problem)
    assert plan.shiftables[0].power_kw == pytest.approx((11, 11, 0), abs=1e-6)
    texts = [each.text for each in plan.reasons if each.code is ReasonCode.LIMIT_RELAXED]
    assert texts == ["car: 8 kWh of its work cannot be done in time"]


def test_two_days_two_jobs(cases: Cases, solve: Solve) -> None:
    jobs = (_job(cases, 0, 2, 5), _job(cases, 2, 4, 7))
    power = solve(_site(cases, (0.1, 0.2, 0.4, 0.3), CAR, *jobs)).shiftables[0].power_kw
    assert power == pytest.approx((5, 0, 0, 7), abs=1e-6)


def test_a_peak_spreads_the_charge(cases: Cases, solve: Solve) -> None:
    """With a demand charge 12 kWh over three hours are 4 kW each on top of the load."""
    problem = cases.plain((0.1, 0.1, 0.1), (10.0,) * 3, shiftables=(CAR,), demand_charges=("peak",))
    state = ShiftableState(id="car", jobs=(_job(cases, 0, 3, 12),))
    plan = solve(replace(problem, shiftables=(state,)))
    assert plan.peaks_kw == pytest.approx((14.0,))


@pytest.mark.parametrize("device", [CAR, PUMP, replace(PUMP, min_block_s=5400)])
def test_rounding_and_rules_do_the_work_too(
    cases: Cases, compiled: Compile, device: Shiftable
) -> None:
    prices = tuple(0.1 + 0.05 * ((7 * step) % 5) for step in range(16))
    problem = cases.plain(prices, (10.0,) * 16, step_s=900, shiftables=(device,))
    job = _job(cases, 0.25, 3.5, 7)
    problem = replace(problem, shiftables=(ShiftableState(id=device.id, jobs=(job,)),))
    exact = Optimiser(compiled(problem)).solve(problem, 10.0, cases.start)
    quick = Optimiser(compiled(problem), binary_rounds=0).solve(problem, 10.0, cases.start)
    ruled = rules_plan(problem, cases.start)
    assert isinstance(exact, Plan)
    assert isinstance(quick, Plan)
    for plan in (exact, quick, ruled):
        assert verify(problem, plan).violations == ()
        assert plan.cost.penalties == pytest.approx(0.0, abs=1e-6)
        assert exact.cost.objective <= plan.cost.objective + 1e-6


@pytest.mark.parametrize(
    ("power", "words"),
    [
        ((0.0, 12.0, 3.0), "runs above its power"),
        ((-1.0, 11.0, 5.0), "has a negative power"),
        ((0.0, 11.0, 11.0), "does 22 kWh where 15 are to be done"),
    ],
)
def test_forged_work_is_refused(cases: Cases, solve: Solve, power: Series, words: str) -> None:
    problem = _site(cases, (0.3, 0.1, 0.2), CAR, _job(cases, 0, 3, 15))
    plan = solve(problem)
    forged = replace(plan, shiftables=(replace(plan.shiftables[0], power_kw=power),))
    texts = verify(problem, forged).violations
    assert any(words in text for text in texts), texts


def test_overlapping_jobs_are_refused(cases: Cases, solve: Solve) -> None:
    jobs = (_job(cases, 0, 2, 5), _job(cases, 1, 3, 7))
    with pytest.raises(BadInputError, match="jobs overlap"):
        solve(_site(cases, (0.1, 0.2, 0.3), CAR, *jobs))
