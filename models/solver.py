"""The optimiser: a Problem in, a verified Plan or a stated refusal out. No Pyomo at run time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime

from models.affine import CompiledSite, Floats, fill
from models.flows import (
    GRID_PAIR,
    OpposedFlows,
    Place,
    exclusion,
    losing_columns,
    net_where_free,
    offenders,
    opposed_flows,
    prevailing,
)
from models.highs import HotLp, Solution
from models.parameters import parameters
from models.readout import Solved, read_plan
from models.relaxed import relaxed_limits
from models.types import BadInputError, Plan, PlanSource, Problem, Reason, ReasonCode
from models.verify import verify

_BINARY_ROUNDS = 5
_LAZY_ROUNDS = 2
"""Afterwards a pair that offends anywhere gets its binaries on every step."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """No plan came of it, and why."""

    reason: Reason
    violations: tuple[str, ...] = ()


class Optimiser:
    """One compiled site inside one HiGHS instance that stays hot between solves."""

    def __init__(self, compiled: CompiledSite, binary_rounds: int = _BINARY_ROUNDS) -> None:
        """`binary_rounds` = 0 decides opposed flows by rounding alone."""
        self._compiled = compiled
        self._binary_rounds = binary_rounds
        self._lp = HotLp(compiled)

    def solve(self, problem: Problem, budget_s: float, made_at: datetime) -> Plan | Rejected:
        """The cheapest plan found within `budget_s` seconds that passes the verifier.

        BadInputError when a number cannot be planned with; SolverError when HiGHS itself fails,
        after which the instance is set up anew.
        """
        began_s = time.monotonic()
        if problem.grid.step_s != self._compiled.step_s:
            raise BadInputError("grid.step_s: compiled for other steps")
        named = parameters(problem)
        programme = fill(self._compiled, self._compiled.flatten(named))
        self._lp.update(programme)
        flows = opposed_flows(self._compiled, problem.site, named)
        search = _Search(self._lp, flows, programme.cost, began_s + budget_s)
        found = search.run(self._binary_rounds)
        if found is None:
            code = ReasonCode.SOLVER_LATE if began_s + budget_s <= time.monotonic() else None
            return _refusal(code or ReasonCode.SOLVER_FAILED, "the solver found no feasible plan")
        solution, source = found
        solved = Solved(
            problem=problem,
            compiled=self._compiled,
            named=named,
            programme=programme,
            values=solution.values,
        )
        plan = read_plan(solved, made_at, source)
        verdict = verify(problem, plan)
        if not verdict.ok:
            return _refusal(ReasonCode.REJECTED, "; ".join(verdict.violations), verdict.violations)
        reasons = plan.reasons + relaxed_limits(solved) + _lateness(solution)
        return replace(plan, reasons=reasons, solve_s=time.monotonic() - began_s)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Directions by place; `proven` unless the time limit cut the search."""

    wins: dict[Place, bool]
    proven: bool


class _Search:
    """Linear programme first, binaries only on the steps that need them, then rounding."""

    def __init__(
        self, lp: HotLp, flows: list[OpposedFlows], cost: Floats, deadline_s: float
    ) -> None:
        self._lp = lp
        self._flows = flows
        self._cost = cost
        self._deadline_s = deadline_s

    def run(self, binary_rounds: int) -> tuple[Solution, PlanSource] | None:
        """A solution without opposed flows, and how its directions were found."""
        source = PlanSource.SOLVER
        first_wins: dict[Place, bool] = {}
        attempt = 0
        while (solution := self._lp.run(self._left_s())) is not None:
            net_where_free(self._flows[GRID_PAIR], solution.values, self._cost)
            both = offenders(self._flows, solution.values)
            if not both:
                return solution, source
            chosen = None
            if source is PlanSource.SOLVER and attempt < binary_rounds:
                lazy = both if attempt < _LAZY_ROUNDS else self._widened(both)
                chosen = self._choose(first_wins.keys() | lazy)
            if chosen is None or not chosen.proven:
                source = PlanSource.ROUNDED
            first_wins = (
                self._decided(first_wins, both, solution) if chosen is None else chosen.wins
            )
            self._lp.hold(losing_columns(self._flows, first_wins))
            attempt += 1
        return None

    def _choose(self, places: set[Place]) -> _Chosen | None:
        """Directions by binaries on these steps, in half of the time left."""
        ordered = sorted(places)
        self._lp.release()
        exclusions = [exclusion(self._flows[pair], step) for pair, step in ordered]
        choice = self._lp.choose(exclusions, self._left_s() / 2)
        if choice is None:
            return None
        return _Chosen(dict(zip(ordered, choice.first_wins, strict=True)), choice.proven)

    def _decided(
        self, first_wins: dict[Place, bool], both: set[Place], solution: Solution
    ) -> dict[Place, bool]:
        """Earlier decisions, and for the new places the direction that prevails.

        The grid comes last: only once its equipment stands is its net direction one that closes
        the balance.
        """
        behind_the_meter = {(pair, step) for pair, step in both if pair != GRID_PAIR}
        return first_wins | {
            (pair, step): prevailing(self._flows[pair], step, solution.values)
            for pair, step in behind_the_meter or both
        }

    def _widened(self, both: set[Place]) -> set[Place]:
        """Every step of the pairs that offend."""
        return {
            (pair, step)
            for pair in {pair for pair, _ in both}
            for step in range(self._flows[pair].first.shape[1])
        }

    def _left_s(self) -> float:
        """Seconds of the budget that are left."""
        return self._deadline_s - time.monotonic()


def _refusal(code: ReasonCode, text: str, violations: tuple[str, ...] = ()) -> Rejected:
    """A refusal with its reason."""
    return Rejected(reason=Reason(code=code, text=text), violations=violations)


def _lateness(solution: Solution) -> tuple[Reason, ...]:
    """A word when the time limit came before the proof of optimality."""
    if solution.proven:
        return ()
    text = "the time limit came before the optimum was proven"
    return (Reason(code=ReasonCode.SOLVER_LATE, text=text),)
