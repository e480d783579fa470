"""From the linear programme to solutions whose either-or decisions are made, the quick one first.

The linear programme is the answer wherever it is exact. Where it is not, its decisions are rounded
and it is solved again; branch and bound then has what is left of the budget to do better.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from models.affine import CompiledSite, Floats, Ints, Programme
from models.flows import (
    GRID_PAIR,
    NDArrayBool,
    OpposedFlows,
    Place,
    exclusion,
    losing_columns,
    net_where_free,
    offenders,
    prevailing,
)
from models.highs import HotLp, Solution
from models.rounding import roundings
from models.types import PlanSource, Problem

_LAZY_ROUNDS = 2
"""Afterwards a pair that offends anywhere gets its binaries on every step."""
_WHOLE = 1e-6
_CLOSE_ENOUGH = 1e-4
"""A rounded solution so near to the relaxed one, relative to it, is not searched any further."""
_AFTERWARDS = 3.0
"""Branch and bound leaves so many times what rounding took, for solving and judging its choice."""
_SMALL = 300
"""Decisions up to which all of them are searched; of more, those that rounding had to make."""
_MOST = 600
"""Decisions beyond which a search takes more time and memory than it can be worth."""


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """Directions by place, and the integer columns' values once they are held."""

    first_wins: dict[Place, bool]
    whole: Floats | None = None
    proven: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A solution without opposed flows or fractions, how it came about, and its money."""

    solution: Solution
    source: PlanSource
    decisions: Decisions
    money: float


class Search:
    """One search; leaves the columns it decided last held in the programme."""

    def __init__(
        self,
        lp: HotLp,
        compiled: CompiledSite,
        problem: Problem,
        data: tuple[list[OpposedFlows], Programme],
        deadline_s: float,
    ) -> None:
        """`data`: the opposed flows and the programme's numbers."""
        self._lp = lp
        self._compiled = compiled
        self._problem = problem
        self._flows, self._programme = data
        self._deadline_s = deadline_s

    def rungs(self, binary_rounds: int) -> Iterator[Found]:
        """Solutions as they are found; none when the programme gave no feasible values in time."""
        relaxed = self._solve()
        if relaxed is None:
            return
        both = offenders(self._flows, relaxed.values)
        if not both and not self._fractional(relaxed):
            yield self._found(relaxed, Decisions({}), PlanSource.SOLVER)
            return
        began_s = time.monotonic()
        quick = self._round(relaxed)
        took_s = time.monotonic() - began_s
        if quick is not None:
            yield quick
            if self._is_close(quick, relaxed):
                return
        if binary_rounds > 0 and self._left_s() > _AFTERWARDS * took_s:
            better = self._branch(relaxed, quick, binary_rounds, took_s)
            if better is not None:
                yield better

    def hold(self, decided: Decisions) -> None:
        """Hold the losing sides at nothing and the integer columns at their values."""
        losers = losing_columns(self._flows, decided.first_wins)
        columns: Ints = losers
        values = np.zeros(len(losers))
        if decided.whole is not None:
            columns = np.append(losers, self._compiled.integers)
            values = np.concatenate((values, decided.whole))
        self._lp.hold(columns, values)

    def _solve(self) -> Solution | None:
        """The programme as it stands, in what is left of the time."""
        solution = self._lp.run(self._left_s())
        if solution is not None:
            net_where_free(self._flows[GRID_PAIR], solution.values, self._programme.cost)
        return solution

    def _round(self, relaxed: Solution) -> Found | None:
        """Decide by rounding; what proves impossible gives way to fewer wishes."""
        tried: list[Floats] = []
        for whole in self._wholes(relaxed):
            if any(np.array_equal(whole, before) for before in tried):
                continue
            tried.append(whole)
            found = self._settled(relaxed, whole)
            if found is not None or self._lp.late or self._left_s() <= 0:
                return found
        return None

    def _wholes(self, relaxed: Solution) -> Iterator[Floats]:
        """Values for the integer columns, the last of them possible whatever the data."""
        if not self._fractional(relaxed):
            yield np.round(relaxed.values[self._compiled.integers])
        least = self._programme.column_lower
        yield from roundings(self._compiled, self._problem, relaxed.values, least)

    def _settled(self, relaxed: Solution, whole: Floats) -> Found | None:
        """With these integers, decide directions by what prevails until nothing offends."""
        decided, solution = Decisions({}, whole), relaxed
        # After the lazy rounds each settles a pair of flows for good.
        for attempt in range(_LAZY_ROUNDS + len(self._flows) + 1):
            if attempt or len(whole):
                self.hold(decided)
                again = self._solve()
                if again is None:
                    return None
                solution = again
            both = offenders(self._flows, solution.values) - decided.first_wins.keys()
            if not both:
                return self._found(solution, decided, PlanSource.ROUNDED)
            lazy = both if attempt < _LAZY_ROUNDS else self._widened(both)
            decided = self._decided(decided, lazy - decided.first_wins.keys(), solution)
        return None

    def _branch(
        self, relaxed: Solution, quick: Found | None, rounds: int, took_s: float
    ) -> Found | None:
        """Decide by branch and bound, with more places as long as its choice shows them."""
        places = offenders(self._flows, relaxed.values)
        clear = self._clear(len(places), relaxed, quick)
        start = None if quick is None else quick.solution.values
        for attempt in range(rounds):
            left_s = self._left_s() - _AFTERWARDS * took_s
            if left_s <= 0 or len(places) + np.count_nonzero(~clear) > _MOST:
                return None
            chosen = self._choose(places, (clear, start), left_s)
            if chosen is None:
                return None
            self.hold(chosen)
            solution = self._solve()
            if solution is None:
                return None
            both = offenders(self._flows, solution.values)
            if not both:
                found = self._found(solution, chosen, PlanSource.SOLVER)
                proven = chosen.proven and not clear.any()
                proven = proven or self._is_close(found, relaxed)
                return found if proven else replace(found, source=PlanSource.ROUNDED)
            places |= both if attempt < _LAZY_ROUNDS else self._widened(both)
        return None

    def _clear(self, places: int, relaxed: Solution, quick: Found | None) -> NDArrayBool:
        """Integer columns not worth a search: in a large one those the relaxation leaves whole."""
        integers = self._compiled.integers
        none: NDArrayBool = np.zeros(len(integers), dtype=bool)
        if quick is None or places + len(integers) <= _SMALL:
            return none
        apart = np.abs(relaxed.values[integers] - quick.solution.values[integers])
        clear: NDArrayBool = apart <= _WHOLE
        return clear

    def _is_close(self, found: Found, relaxed: Solution) -> bool:
        """Whether no better decisions could save anything worth the search."""
        bound = self._money(relaxed)
        return found.money - bound <= _CLOSE_ENOUGH * abs(bound)

    def _money(self, solution: Solution) -> float:
        """The objective."""
        programme = self._programme
        return float(programme.cost @ solution.values) + programme.cost_offset

    def _found(self, solution: Solution, decided: Decisions, source: PlanSource) -> Found:
        """A solution with every integer column settled."""
        return Found(solution, source, self._final(decided, solution), self._money(solution))

    def _fractional(self, solution: Solution) -> bool:
        """Whether an integer column is neither 0 nor 1."""
        values = solution.values[self._compiled.integers]
        return bool((np.abs(values - np.round(values)) > _WHOLE).any())

    def _final(self, decided: Decisions, solution: Solution) -> Decisions:
        """The decisions with every integer column settled."""
        whole = decided.whole
        if whole is None:
            whole = np.round(solution.values[self._compiled.integers])
        return Decisions(decided.first_wins, whole, decided.proven)

    def _choose(
        self, places: set[Place], known: tuple[NDArrayBool, Floats | None], budget_s: float
    ) -> Decisions | None:
        """Decisions by branch and bound, no worse than those of the start that is known.

        `known`: the integer columns to hold as they are there, and the start.
        """
        clear, start = known
        ordered = sorted(places)
        held = self._compiled.integers[clear]
        self._lp.hold(held, 0.0 if start is None else np.round(start[held]))
        exclusions = [exclusion(self._flows[pair], step) for pair, step in ordered]
        choice = self._lp.choose(exclusions, budget_s, start, lean=bool(clear.any()))
        if choice is None:
            return None
        wins = dict(zip(ordered, choice.first_wins, strict=True))
        return Decisions(wins, choice.whole, choice.proven)

    def _decided(self, decided: Decisions, both: set[Place], solution: Solution) -> Decisions:
        """Earlier decisions, and for each new place what prevails.

        The grid comes last: only once its equipment stands is its net direction one that closes
        the balance.
        """
        behind_the_meter = {(pair, step) for pair, step in both if pair != GRID_PAIR}
        wins = decided.first_wins | {
            (pair, step): prevailing(self._flows[pair], step, solution.values)
            for pair, step in behind_the_meter or both
        }
        return Decisions(wins, decided.whole)

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
