"""The optimiser: a Problem in, a verified Plan or a stated refusal out. No Pyomo at run time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from models.affine import CompiledSite, Programme, fill
from models.binding import binding_limits
from models.flows import opposed_flows
from models.free_sun import take_free_sun
from models.highs import HotLp, Solution, SolverError
from models.parameters import Named, parameters
from models.readout import read_plan
from models.relaxed import relaxed_limits
from models.search import Found, Search
from models.shifted import shifted
from models.solved import Solved
from models.tidy import tidied
from models.types import BadInputError, Plan, Problem, Reason, ReasonCode
from models.verify import verify

_BINARY_ROUNDS = 5
_AFTERWARDS = 12.0
"""Reading out and judging, or carrying the last plan on, takes so many times the preparation."""
_SAME = 1e-9
"""A later rung as cheap as an earlier one, relative, is the better proven."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """No plan came of it, and why."""

    reason: Reason
    violations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """What is to be solved, and by when on the monotonic clock [s]."""

    problem: Problem
    named: Named
    made_at: datetime
    deadline_s: float

    def solved(self, compiled: CompiledSite, programme: Programme, found: Found) -> Solved:
        """The problem with the values found for it."""
        solved = Solved(
            problem=self.problem,
            compiled=compiled,
            named=self.named,
            programme=programme,
            values=found.solution.values.copy(),
        )
        take_free_sun(solved)
        return solved


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """The cheapest rung that holds; `failure` where a later one came to grief."""

    found: Found
    solved: Solved
    plan: Plan
    failure: Reason | None = None


class Optimiser:
    """One compiled site inside one HiGHS instance that stays hot between solves."""

    def __init__(self, compiled: CompiledSite, binary_rounds: int = _BINARY_ROUNDS) -> None:
        """`binary_rounds` = 0 makes every either-or decision by rounding alone."""
        self._compiled = compiled
        self._binary_rounds = binary_rounds
        self._lp = HotLp(compiled)
        self._last: Plan | None = None

    def stuck(self, patience_s: float = 0.0) -> bool:
        """Whether HiGHS runs on after so long a wait though given up: time for a new process."""
        return self._lp.stuck(patience_s)

    def solve(self, problem: Problem, budget_s: float, made_at: datetime) -> Plan | Rejected:
        """The cheapest plan found within `budget_s` seconds that passes the verifier.

        Where none is found in time, or HiGHS fails, what the last plan comes to in the present
        situation; a refusal without one. BadInputError when a number cannot be planned with.
        """
        began_s = time.monotonic()
        if problem.grid.step_s != self._compiled.step_s:
            raise BadInputError("grid.step_s: compiled for other steps")
        named = parameters(problem)
        reserve_s = min(_AFTERWARDS * (time.monotonic() - began_s), budget_s / 3.0)
        task = _Task(problem, named, made_at, began_s + budget_s - reserve_s)
        try:
            outcome = self._climb(task)
        except SolverError as error:
            outcome = Rejected(reason=_failure(error))
        if isinstance(outcome, Rejected):
            return self._shifted(task, outcome)
        self._last = replace(outcome, solve_s=time.monotonic() - began_s)
        return self._last

    def _climb(self, task: _Task) -> Plan | Rejected:
        """Rung after rung, each judged; the cheapest that holds."""
        compiled, problem = self._compiled, task.problem
        programme = fill(compiled, compiled.flatten(task.named))
        self._lp.update(programme)
        flows = opposed_flows(compiled, problem.site, task.named)
        data = (flows, programme)
        search = Search(self._lp, compiled, problem, data, task.deadline_s)
        rungs = search.rungs(self._binary_rounds)
        best, refusal = cheapest(
            rungs, lambda found: task.solved(compiled, programme, found), task.made_at
        )
        if best is None:
            late = self._lp.late or task.deadline_s <= time.monotonic()
            return refusal or _nothing(late=late)
        found, solved, plan = best.found, best.solved, best.plan
        failed = () if best.failure is None else (best.failure,)
        if problem.tidiness is not None and time.monotonic() < task.deadline_s:
            try:
                search.hold(found.decisions)
                decided = (flows, found.decisions)
                solved, plan = tidied(self._lp, (solved, plan), decided, task.deadline_s)
            except SolverError as error:
                failed = (*failed, _failure(error))
        reasons = plan.reasons + relaxed_limits(solved) + _lateness(found.solution) + failed
        return replace(plan, reasons=reasons, binding=binding_limits(problem, plan))

    def _shifted(self, task: _Task, refusal: Rejected) -> Plan | Rejected:
        """The last plan carried on, or the rules where they are cheaper; else the refusal."""
        if self._last is None:
            return refusal
        plans = shifted(task.problem, self._last, task.made_at, refusal.reason)
        for plan in sorted(plans, key=lambda plan: plan.cost.objective):
            if verify(task.problem, plan).ok:
                return replace(plan, binding=binding_limits(task.problem, plan))
        return refusal


def cheapest(
    rungs: Iterable[Found], solved_by: Callable[[Found], Solved], made_at: datetime
) -> tuple[Best | None, Rejected | None]:
    """The cheapest of the rungs that the verifier passes, and why the last refused one was.

    A rung on which the solver fails takes none of the earlier ones with it.
    """
    best: Best | None = None
    refusal: Rejected | None = None
    try:
        for found in rungs:
            if best is not None and found.money > _as_cheap(best.found.money):
                continue
            solved = solved_by(found)
            plan = read_plan(solved, made_at, found.source)
            verdict = verify(solved.problem, plan)
            if verdict.ok:
                best = Best(found, solved, plan)
            else:
                text = "; ".join(verdict.violations)
                refusal = _refusal(ReasonCode.REJECTED, text, verdict.violations)
    except SolverError as error:
        failure = _failure(error)
        return (None if best is None else replace(best, failure=failure)), Rejected(reason=failure)
    return best, refusal


def _as_cheap(money: float) -> float:
    """The most that counts as no dearer."""
    return money + _SAME * abs(money)


def _failure(error: SolverError) -> Reason:
    """What the solver says of itself."""
    return Reason(code=ReasonCode.SOLVER_FAILED, text=str(error))


def _refusal(code: ReasonCode, text: str, violations: tuple[str, ...] = ()) -> Rejected:
    """A refusal with its reason."""
    return Rejected(reason=Reason(code=code, text=text), violations=violations)


def _nothing(*, late: bool) -> Rejected:
    """No rung was reached."""
    code = ReasonCode.SOLVER_LATE if late else ReasonCode.SOLVER_FAILED
    return _refusal(code, "the solver found no feasible plan")


def _lateness(solution: Solution) -> tuple[Reason, ...]:
    """A word when the time limit came before the proof of optimality."""
    if solution.proven:
        return ()
    text = "the time limit came before the optimum was proven"
    return (Reason(code=ReasonCode.SOLVER_LATE, text=text),)
