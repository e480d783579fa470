"""The anytime ladder: what comes when time is short, when HiGHS fails, and in what order."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from rich_site import RICH, STEP_S, Chaos

from models.affine import CompiledSite, fill, money_by_part
from models.compiled import compile_site
from models.flows import opposed_flows
from models.highs import HotLp, SolverError
from models.parameters import parameters
from models.rounding import roundings
from models.rules import rules_plan
from models.search import Found, Search
from models.shifted import shifted
from models.solved import Solved
from models.solver import Optimiser, Rejected, cheapest
from models.types import Plan, PlanSource, Problem, Reason, ReasonCode, Tidiness
from models.verify import verify

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Compile

LATE = Reason(code=ReasonCode.SOLVER_LATE, text="late")


@pytest.fixture(scope="module")
def rich() -> CompiledSite:
    return compile_site(RICH, STEP_S)


def _plan(outcome: Plan | Rejected) -> Plan:
    assert isinstance(outcome, Plan), outcome
    return outcome


def _dear(cases: Cases, problem: Problem) -> Problem:
    """Prices at which charging and discharging at once would pay."""
    return cases.outside(problem, import_price_per_kwh=(-0.6, 0.3) * (len(problem.grid) // 2))


def test_the_rungs_come_quick_one_first_and_never_dearer(rich: CompiledSite) -> None:
    chaos = Chaos(np.random.default_rng(3))
    both = 0
    for _ in range(12):
        problem = chaos.draw()
        named = parameters(problem)
        programme = fill(rich, rich.flatten(named))
        lp = HotLp(rich)
        lp.update(programme)
        flows = opposed_flows(rich, problem.site, named)
        deadline_s = time.monotonic() + 20.0
        search = Search(lp, rich, problem, (flows, programme), deadline_s)
        found = list(search.rungs(5))
        assert found
        if len(found) > 1:
            both += 1
            assert found[0].source is PlanSource.ROUNDED
            money = money_by_part(rich, programme, found[0].solution.values)
            slack = 1e-6 * sum(np.abs(money))
            assert found[1].money <= found[0].money + slack
    assert both > 0


def test_rounding_alone_always_has_an_answer(rich: CompiledSite) -> None:
    """Among these draws are full charges that are due and cannot be: they are missed, not fatal."""
    chaos = Chaos(np.random.default_rng(2026))
    optimiser = Optimiser(rich, binary_rounds=0)
    missed = 0
    for _ in range(14):
        problem = chaos.draw()
        plan = _plan(optimiser.solve(problem, 20.0, problem.grid.start))
        assert plan.source.by_solver
        assert verify(problem, plan).violations == ()
        missed += any("full charge that is due does not come" in r.text for r in plan.reasons)
    assert missed > 0


def test_the_last_rounding_is_possible_whatever_the_data(rich: CompiledSite) -> None:
    chaos = Chaos(np.random.default_rng(5))
    for _ in range(8):
        problem = chaos.draw()
        programme = fill(rich, rich.flatten(parameters(problem)))
        lp = HotLp(rich)
        lp.update(programme)
        relaxed = lp.run(20.0)
        assert relaxed is not None
        *_, last = roundings(rich, problem, relaxed.values, programme.column_lower)
        assert set(last.tolist()) <= {0.0, 1.0}
        lp.hold(rich.integers, last)
        assert lp.run(20.0) is not None


def test_without_time_the_last_plan_goes_on(cases: Cases, compiled: Compile) -> None:
    """A quarter of an hour later it is the same plan, run from where the site now is."""
    first = cases.hotel()
    optimiser = Optimiser(compiled(first))
    best = _plan(optimiser.solve(first, 10.0, first.grid.start))
    assert best.source is PlanSource.SOLVER
    later = cases.hotel(timedelta(minutes=15))
    later = replace(
        later,
        batteries=(replace(later.batteries[0], soc_kwh=best.batteries[0].soc_kwh[2]),),
        zones=tuple(
            replace(state, temperature_c=plan.temperature_c[2])
            for state, plan in zip(later.zones, best.zones, strict=True)
        ),
    )
    plan = _plan(optimiser.solve(later, 0.0, later.grid.start))
    assert plan.source is PlanSource.LAST
    assert {reason.code for reason in plan.reasons} >= {
        ReasonCode.SOLVER_LATE,
        ReasonCode.PLAN_SHIFTED,
    }
    assert verify(later, plan).violations == ()
    moved = best.batteries[0].power_kw[3:24]
    assert plan.batteries[0].power_kw[:21] == pytest.approx(moved, abs=1e-6)
    again = _plan(optimiser.solve(later, 10.0, later.grid.start))
    ruled = rules_plan(later, later.grid.start)
    assert again.cost.objective <= plan.cost.objective <= ruled.cost.objective


def test_a_plan_that_is_no_use_gives_way_to_the_rules(cases: Cases, compiled: Compile) -> None:
    """A day later nothing of it is left to follow: the rules answer, and the reason says why."""
    first = cases.hotel()
    optimiser = Optimiser(compiled(first))
    _plan(optimiser.solve(first, 10.0, first.grid.start))
    later = cases.hotel(timedelta(hours=30))
    plan = _plan(optimiser.solve(later, 0.0, later.grid.start))
    ruled = rules_plan(later, later.grid.start)
    assert plan.cost.objective == pytest.approx(ruled.cost.objective)
    assert ReasonCode.SOLVER_LATE in {reason.code for reason in plan.reasons}


@pytest.mark.parametrize("seed", [41, 42])
def test_whatever_the_last_plan_was_what_it_becomes_is_sound(rich: CompiledSite, seed: int) -> None:
    """From states far from those it was made for; its work is redone where it no longer fits."""
    chaos = Chaos(np.random.default_rng(seed))
    optimiser = Optimiser(rich)
    last = _plan(optimiser.solve(chaos.draw(), 5.0, chaos.start))
    for _ in range(15):
        problem = chaos.draw()
        plans = list(shifted(problem, last, problem.grid.start, LATE))
        assert [plan.source for plan in plans] == ["last", "last", "rules"]
        for plan in plans[1:]:
            assert verify(problem, plan).violations == ()


def test_a_solver_that_does_not_come_back_is_given_up(cases: Cases, compiled: Compile) -> None:
    """No patience at all stands for a HiGHS that minds no limit: it is left, and a new one made."""
    problem = cases.hotel(zones=8)
    site = compiled(problem)
    programme = fill(site, site.flatten(parameters(problem)))
    for _ in range(50):
        lp = HotLp(site, patience_s=-60.0)
        lp.update(programme)
        if lp.run(30.0) is None:
            break
    else:
        pytest.fail("HiGHS was always faster than no time at all")
    with pytest.raises(SolverError, match="no programme"):
        lp.run(30.0)
    assert not lp.stuck(60.0)
    lp.update(programme)
    assert lp.run(30.0 + 90.0) is not None


def test_a_rung_that_fails_takes_no_earlier_one_with_it(cases: Cases, compiled: Compile) -> None:
    problem = cases.hotel(horizon_h=6)
    site, named = compiled(problem), parameters(problem)
    programme = fill(site, site.flatten(named))
    lp = HotLp(site)
    lp.update(programme)
    flows = opposed_flows(site, problem.site, named)
    search = Search(lp, site, problem, (flows, programme), time.monotonic() + 20.0)
    sound = list(search.rungs(5))

    def failing(found: list[Found]) -> Iterator[Found]:
        yield from found
        HotLp(site).run(1.0)

    def solved(found: Found) -> Solved:
        values = found.solution.values.copy()
        return Solved(
            problem=problem, compiled=site, named=named, programme=programme, values=values
        )

    best, _ = cheapest(failing(sound), solved, problem.grid.start)
    assert best is not None
    assert verify(problem, best.plan).ok
    assert best.failure is not None
    assert (best.failure.code, best.failure.text) == (
        ReasonCode.SOLVER_FAILED,
        "no programme has been passed",
    )
    best, refusal = cheapest(failing([]), solved, problem.grid.start)
    assert best is None
    assert refusal is not None
    assert refusal.reason.code is ReasonCode.SOLVER_FAILED


def test_a_second_stage_that_fails_leaves_the_first_ones_plan(
    cases: Cases, compiled: Compile
) -> None:
    """HiGHS takes no row beyond what counts as infinite to it; the next plan is made as ever."""
    problem = cases.plain((1e7, 1e7), (1e6, 1e6), batteries=(cases.battery,))
    grid = replace(problem.site.grid, import_limit_kw=1e7)
    problem = replace(problem, site=replace(problem.site, grid=grid))
    optimiser = Optimiser(compiled(problem))
    spoilt = replace(problem, tidiness=Tidiness(money_share=-1e7))
    plan = _plan(optimiser.solve(spoilt, 20.0, problem.grid.start))
    assert plan.source.by_solver
    assert verify(problem, plan).ok
    failed = [reason.text for reason in plan.reasons if reason.code is ReasonCode.SOLVER_FAILED]
    assert failed == ["HiGHS: addRow returned HighsStatus.kError"]
    calm = replace(problem, tidiness=Tidiness())
    again = _plan(optimiser.solve(calm, 20.0, problem.grid.start))
    assert ReasonCode.SOLVER_FAILED not in {reason.code for reason in again.reasons}


def test_tight_budgets_end_in_time_with_a_plan(cases: Cases, compiled: Compile) -> None:
    """After one plan there always is an answer, whatever the limit strikes."""
    first = cases.hotel(zones=4)
    optimiser = Optimiser(compiled(first))
    _plan(optimiser.solve(first, 10.0, first.grid.start))
    for turn, budget_s in enumerate((0.0, 0.003, 0.01, 0.03, 0.1, 0.3)):
        problem = _dear(cases, cases.hotel(timedelta(minutes=15 * turn), zones=4))
        plan = _plan(optimiser.solve(problem, budget_s, problem.grid.start))
        assert verify(problem, plan).violations == ()
        assert math.isfinite(plan.cost.objective)
