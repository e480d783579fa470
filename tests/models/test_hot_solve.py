from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from models.affine import Programme, fill
from models.flows import exclusion, opposed_flows
from models.highs import HotLp, SolverError
from models.parameters import parameters
from models.solver import Optimiser, Rejected
from models.types import BadInputError, BatteryState, Plan, PlanSource, Problem, ReasonCode

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Compile, Solve


def _hot(optimiser: Optimiser, problem: Problem) -> Plan:
    outcome = optimiser.solve(problem, 10.0, problem.grid.start)
    assert isinstance(outcome, Plan), outcome
    return outcome


def test_hot_equals_cold_as_the_day_moves(cases: Cases, compiled: Compile, solve: Solve) -> None:
    """Each 5 min the clock moves through the billing blocks, so coefficients change too."""
    optimiser = Optimiser(compiled(cases.hotel()))
    for minutes in (0, 5, 10, 15, 125, 360, 725, 0):
        problem = cases.hotel(timedelta(minutes=minutes))
        state = BatteryState(id="bat", soc_kwh=20.0 + minutes % 60)
        problem = replace(problem, batteries=(state,))
        cold = solve(problem).cost.objective
        assert _hot(optimiser, problem).cost.objective == pytest.approx(cold, rel=1e-7)


def test_hot_equals_cold_after_a_solve_with_binaries(
    cases: Cases, compiled: Compile, solve: Solve
) -> None:
    """Binaries and held columns of one solve leave nothing behind in the next."""
    calm = cases.hotel(horizon_h=6)
    wild = cases.outside(calm, import_price_per_kwh=(-0.6,) * len(calm.grid))
    optimiser = Optimiser(compiled(calm))
    for problem in (calm, wild, calm, wild, calm):
        cold = solve(problem).cost.objective
        assert _hot(optimiser, problem).cost.objective == pytest.approx(cold, rel=1e-4)


def test_runs_do_not_eat_up_the_budget_of_later_ones(cases: Cases, compiled: Compile) -> None:
    """HiGHS counts the instance's whole clock: run for several times the budget in all."""
    budget_s, spent_s, turn = 0.3, 0.0, 0
    days = [cases.hotel(timedelta(hours=hours)) for hours in (0, 6, 12, 18)]
    site = compiled(days[0])
    programmes = [fill(site, site.flatten(parameters(day))) for day in days]
    lp = HotLp(site)
    while spent_s < 4 * budget_s:
        lp.update(programmes[turn % len(programmes)])
        began_s = time.monotonic()
        solution = lp.run(budget_s)
        spent_s += time.monotonic() - began_s
        assert solution is not None, (turn, spent_s)
        assert solution.proven, (turn, spent_s)
        turn += 1


def test_no_time_is_a_refusal_with_its_reason(cases: Cases, compiled: Compile) -> None:
    problem = cases.hotel()
    optimiser = Optimiser(compiled(problem))
    outcome = optimiser.solve(problem, 0.0, problem.grid.start)
    assert isinstance(outcome, Rejected)
    assert outcome.reason.code is ReasonCode.SOLVER_LATE
    assert _hot(optimiser, problem).source is PlanSource.SOLVER


@pytest.mark.parametrize("budget_s", [0.002, 0.004, 0.006, 0.009, 0.013, 0.02, 0.03])
def test_whatever_limit_strikes_only_verified_plans_come_out(
    cases: Cases, compiled: Compile, budget_s: float
) -> None:
    """A value at the limit is a plan only if it survived the verifier; else a stated refusal."""
    calm = cases.hotel()
    wild = cases.outside(calm, import_price_per_kwh=(-0.6, 0.3) * (len(calm.grid) // 2))
    outcome = Optimiser(compiled(wild)).solve(wild, budget_s, wild.grid.start)
    if isinstance(outcome, Plan):
        assert outcome.source.by_solver
    else:
        assert outcome.reason.code is not ReasonCode.REJECTED


def test_another_grid_is_refused(cases: Cases, compiled: Compile) -> None:
    optimiser = Optimiser(compiled(cases.hotel()))
    with pytest.raises(BadInputError, match="compiled for other steps"):
        optimiser.solve(cases.hotel(horizon_h=6), 1.0, cases.start)


def test_a_bad_number_leaves_the_optimiser_usable(
    cases: Cases, compiled: Compile, solve: Solve
) -> None:
    problem = cases.hotel()
    optimiser = Optimiser(compiled(problem))
    _hot(optimiser, problem)
    load = (*problem.forecast.load_kw[:-1], float("nan"))
    with pytest.raises(BadInputError, match=r"forecast\.load_kw\[111\] is nan"):
        optimiser.solve(cases.outside(problem, load_kw=load), 1.0, cases.start)
    cold = solve(problem).cost.objective
    assert _hot(optimiser, problem).cost.objective == pytest.approx(cold)


def test_rounding_stands_in_for_binaries(cases: Cases, compiled: Compile, solve: Solve) -> None:
    """The rung below: directions by what prevails, then an exact solve; dearer, but verified."""
    calm = cases.hotel(horizon_h=6)
    wild = cases.outside(calm, import_price_per_kwh=(-0.6,) * len(calm.grid))
    outcome = Optimiser(compiled(wild), binary_rounds=0).solve(wild, 10.0, wild.grid.start)
    assert isinstance(outcome, Plan), outcome
    assert outcome.source is PlanSource.ROUNDED
    best = solve(wild)
    assert best.source is PlanSource.SOLVER
    assert outcome.cost.objective >= best.cost.objective - 1e-4 * abs(best.cost.objective)


def test_binaries_without_time_leave_the_programme_as_it_was(
    cases: Cases, compiled: Compile
) -> None:
    problem = cases.hotel(horizon_h=6)
    site = compiled(problem)
    named = parameters(problem)
    programme = fill(site, site.flatten(named))
    lp = HotLp(site)
    lp.update(programme)
    before = lp.run(5.0)
    flows = opposed_flows(site, problem.site, named)
    assert lp.choose([exclusion(flows[1], step) for step in range(10)], 0.0) is None
    after = lp.run(5.0)
    assert before is not None
    assert after is not None
    assert programme.cost @ after.values == pytest.approx(programme.cost @ before.values, rel=1e-9)


def test_an_empty_instance_refuses_to_run(cases: Cases, compiled: Compile) -> None:
    with pytest.raises(SolverError, match="no programme"):
        HotLp(compiled(cases.hotel(horizon_h=6))).run(1.0)


def _spoilt(programme: Programme, name: str, bad: float) -> Programme:
    values = getattr(programme, name).copy()
    values[3] = bad
    changed: dict[str, Any] = {name: values}
    return replace(programme, **changed)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["cost", "matrix"])
def test_a_number_that_is_none_never_reaches_highs(
    cases: Cases, compiled: Compile, name: str, bad: float
) -> None:
    """The last gate, should every check of the problem have let one through."""
    problem = cases.hotel(horizon_h=6)
    site = compiled(problem)
    sound = fill(site, site.flatten(parameters(problem)))
    lp = HotLp(site)
    for hot in (False, True):
        with pytest.raises(SolverError, match=f"{name} holds a number that is none"):
            lp.update(_spoilt(sound, name, bad))
        lp.update(sound)
        assert lp.run(5.0) is not None, hot


def test_a_call_highs_refuses_is_an_error_and_the_next_starts_anew(
    cases: Cases, compiled: Compile
) -> None:
    """A lower bound of +inf makes passModel and changeColsBounds fail: no plan comes of it."""
    problem = cases.hotel(horizon_h=6)
    site = compiled(problem)
    sound = fill(site, site.flatten(parameters(problem)))
    lp = HotLp(site)
    for hot in (False, True):
        with pytest.raises(SolverError, match="HiGHS: "):
            lp.update(_spoilt(sound, "column_lower", float("inf")))
        lp.update(sound)
        assert lp.run(5.0) is not None, hot
