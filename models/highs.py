"""One HiGHS instance kept hot: only what changed is passed, and every status is looked at."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from threading import Thread

import highspy
import numpy as np

from models.affine import CompiledSite, Floats, Places, Programme
from models.types import ModelError

_NOTHING = 1e-9
"""HiGHS drops matrix entries up to this size."""
_FEASIBLE = 2
_SETTLED = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kInfeasible)
_HALF = 0.5
_CLOSE = 0.01
"""Largest gap at which a search cut by the time limit is better than rounding."""
_NO_BOUNDS = ("cost", "matrix")
_DEVEX, _SOLVERS_CHOICE = 1, -1
"""Dual edge weights: from a basis that is almost right, cheap weights win over exact ones."""
_UNREDUCED, _REDUCED = "off", "choose"
"""Reducing the programme first costs a hot run nothing but memory, and a cold one no less time."""
_LEAN = {
    "mip_heuristic_run_rens": (True, False),
    "mip_heuristic_run_rins": (True, False),
    "mip_heuristic_run_root_reduced_cost": (True, False),
    "mip_allow_restart": (True, False),
    "mip_heuristic_effort": (0.05, 0.0),
    "mip_pool_soft_limit": (10000, 100),
}
"""Options of a search, as they are and for one that must not grow: each of these copies the lot."""
_THREADS = 1
"""One value for the whole process: HiGHS refuses to run when two instances differ."""


_PATIENCE_S = 0.05
"""After its time limit HiGHS is waited for so long; then its instance is given up."""


class SolverError(ModelError):
    """HiGHS refused a call; the message names it."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Primal values of the columns; `proven` unless the time limit came first."""

    values: Floats
    proven: bool


@dataclass(frozen=True, slots=True)
class Move:
    """|sum of factor x column - target| is to be small."""

    columns: tuple[int, ...]
    factors: tuple[float, ...]
    target: float


@dataclass(frozen=True, slots=True, eq=False)
class SecondStage:
    """Least `cost` and movement among all whose `money` is at most `most`."""

    cost: Floats
    money: Floats
    most: float
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Two sets of columns that must not both be positive, with the most each side can need."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    first_limit: float
    second_limit: float


@dataclass(frozen=True, slots=True)
class Choice:
    """For each exclusion whether its first side wins; `proven` unless time ran out."""

    first_wins: list[bool]
    whole: Floats
    """0 or 1 for each of the programme's own integer columns."""
    proven: bool


class HotLp:
    """The linear programme of one compiled site inside HiGHS."""

    def __init__(self, compiled: CompiledSite, *, patience_s: float = _PATIENCE_S) -> None:
        """`patience_s`: how long after its time limit HiGHS is waited for."""
        self._compiled = compiled
        self._patience_s = patience_s
        self._highs: highspy.Highs | None = None
        self._programme: Programme | None = None
        self._passed: Programme | None = None
        self._lost: list[Thread] = []
        self.late = False
        """Whether a run since the last update ended for want of time."""

    def update(self, programme: Programme) -> None:
        """Pass the whole programme the first time and what differs later.

        SolverError on nan, or on inf where no bound: HiGHS takes them without a word.
        """
        for name in ("cost", "matrix", "column_lower", "column_upper", "row_lower", "row_upper"):
            values = getattr(programme, name)
            sound = np.isfinite(values) if name in _NO_BOUNDS else ~np.isnan(values)
            if not sound.all():
                msg = f"{name} holds a number that is none"
                raise SolverError(msg)
        self._bring(programme)
        self._programme = programme
        self.late = False

    def run(self, budget_s: float) -> Solution | None:
        """Solve; None when no feasible values came out of it within `budget_s`."""
        highs = self._live()
        passed, self._passed = self._passed, None
        _prepare(highs, _DEVEX, _UNREDUCED)
        if not self._run(highs, budget_s):
            return None
        _prepare(highs, _SOLVERS_CHOICE, _REDUCED)
        self._passed = passed
        if highs.getInfo().primal_solution_status != _FEASIBLE:
            return None
        values = np.array(highs.getSolution().col_value, dtype=np.float64)
        if not np.isfinite(values).all():
            return None
        return Solution(values[: self._compiled.column_count], _optimal(highs))

    def hold(self, columns: Places, values: Floats | float = 0.0) -> None:
        """Hold these columns, and no others, at `values` until the next `release` or `update`."""
        asked = self._asked()
        lower, upper = asked.column_lower.copy(), asked.column_upper.copy()
        lower[columns] = upper[columns] = values
        self._bring(replace(asked, column_lower=lower, column_upper=upper))

    def release(self) -> None:
        """Let go of every held column."""
        self._bring(self._asked())

    def choose(
        self,
        exclusions: list[Exclusion],
        budget_s: float,
        start: Floats | None = None,
        *,
        lean: bool = False,
    ) -> Choice | None:
        """Which side of each exclusion may be positive at least cost, integer columns whole.

        `start` is a solution that keeps them all: with it the choice is never a worse one. `lean`
        spares memory. Binaries exist for this call only; None when no good choice was found in
        time.
        """
        highs = self._live()
        passed, self._passed = self._passed, None
        basis = highs.getBasis()
        columns, rows, count = highs.getNumCol(), highs.getNumRow(), len(exclusions)
        own = self._compiled.integers
        _set_kind(highs, own, highspy.HighsVarType.kInteger)
        for exclusion in exclusions:
            _add_binary(highs, exclusion)
        _begin_at(highs, exclusions, start)
        for option, (usual, spare) in _LEAN.items():
            _must(highs.setOptionValue(option, spare if lean else usual), option)
        if not self._run(highs, budget_s):
            return None
        choice = None
        found = highs.getInfo()
        if found.primal_solution_status == _FEASIBLE and found.mip_gap <= _CLOSE:
            values = np.array(highs.getSolution().col_value, dtype=np.float64)
            wins = (values[columns:] > _HALF).tolist()
            choice = Choice(wins, np.round(values[own]), _optimal(highs))
        _set_kind(highs, own, highspy.HighsVarType.kContinuous)
        added = np.arange(rows, rows + 2 * count, dtype=np.int32)
        _must(highs.deleteRows(2 * count, added), "deleteRows")
        added = np.arange(columns, columns + count, dtype=np.int32)
        _must(highs.deleteCols(count, added), "deleteCols")
        _must(highs.setBasis(basis), "setBasis")
        self._passed = passed
        return choice

    def settle(self, stage: SecondStage, budget_s: float) -> Solution | None:
        """Least movement at no more than the money allowed; None when there is no such solution.

        The programme, its costs and its basis are as before afterwards.
        """
        highs = self._live()
        passed, self._passed = self._passed, None
        basis = highs.getBasis()
        count, rows = self._compiled.column_count, highs.getNumRow()
        every = np.arange(count, dtype=np.int32)
        _must(highs.changeColsCost(count, every, stage.cost), "changeColsCost")
        spent = np.flatnonzero(stage.money).astype(np.int32)
        low = -highspy.kHighsInf
        _must(highs.addRow(low, stage.most, len(spent), spent, stage.money[spent]), "addRow")
        for move in stage.moves:
            _add_move(highs, move)
        if not self._run(highs, budget_s):
            return None
        found = None
        if highs.getInfo().primal_solution_status == _FEASIBLE and _optimal(highs):
            values = np.array(highs.getSolution().col_value, dtype=np.float64)
            found = Solution(values[:count], proven=True)
        added = np.arange(rows, highs.getNumRow(), dtype=np.int32)
        _must(highs.deleteRows(len(added), added), "deleteRows")
        added = np.arange(count, highs.getNumCol(), dtype=np.int32)
        _must(highs.deleteCols(len(added), added), "deleteCols")
        _must(highs.changeColsCost(count, every, stage.money), "changeColsCost")
        _must(highs.setBasis(basis), "setBasis")
        self._passed = passed
        return found

    def stuck(self, patience_s: float = 0.0) -> bool:
        """Whether an instance that was given up still runs after so long a wait."""
        until_s = time.monotonic() + patience_s
        for run in self._lost:
            run.join(max(0.0, until_s - time.monotonic()))
        self._lost = [run for run in self._lost if run.is_alive()]
        return bool(self._lost)

    def _run(self, highs: highspy.Highs, budget_s: float) -> bool:
        """Run for at most `budget_s`; False when HiGHS does not come back in time and is given up.

        SolverError when HiGHS reports an error.
        """
        # The limit counts the clock of the instance since its birth, not this run alone.
        limit_s = highs.getRunTime() + max(0.0, budget_s)
        _must(highs.setOptionValue("time_limit", limit_s), "time_limit")
        came: list[highspy.HighsStatus] = []
        run = Thread(target=lambda: came.append(highs.run()), daemon=True)
        run.start()
        run.join(max(0.0, max(0.0, budget_s) + self._patience_s))
        if run.is_alive():
            self._lost.append(run)
            self._highs = self._passed = None
            self.late = True
            return False
        if not came or came[0] == highspy.HighsStatus.kError:
            raise SolverError("HiGHS: run returned an error")
        self.late = self.late or highs.getModelStatus() not in _SETTLED
        return True

    def _live(self) -> highspy.Highs:
        """The instance; an error when none holds a whole programme."""
        if self._highs is None or self._passed is None:
            raise SolverError("no programme has been passed")
        return self._highs

    def _asked(self) -> Programme:
        """The programme as asked for, nothing held."""
        if self._programme is None:
            raise SolverError("no programme has been passed")
        return self._programme

    def _bring(self, programme: Programme) -> None:
        """Make HiGHS hold `programme`; after a failed call the next one starts anew."""
        before, self._passed = self._passed, None
        if before is None or self._highs is None:
            self._pass_all(programme)
        else:
            self._pass_changes(self._highs, before, programme)
        self._passed = programme

    def _pass_all(self, programme: Programme) -> None:
        """A new instance with the whole programme."""
        highs = highspy.Highs()  # type: ignore[no-untyped-call]  # its constructor has no types
        highs.silent()
        _must(highs.setOptionValue("threads", _THREADS), "threads")
        _must(highs.passModel(linear_programme(self._compiled, programme)), "passModel")
        self._highs = highs

    def _pass_changes(self, highs: highspy.Highs, old: Programme, new: Programme) -> None:
        """Costs, bounds, coefficients and offset that differ."""
        moved = _differ(old.cost, new.cost)
        if len(moved):
            _must(highs.changeColsCost(len(moved), moved, new.cost[moved]), "changeColsCost")
        moved = _differ(old.column_lower, new.column_lower, old.column_upper, new.column_upper)
        if len(moved):
            lower, upper = new.column_lower[moved], new.column_upper[moved]
            _must(highs.changeColsBounds(len(moved), moved, lower, upper), "changeColsBounds")
        moved = _differ(old.row_lower, new.row_lower, old.row_upper, new.row_upper)
        if len(moved):
            lower, upper = new.row_lower[moved], new.row_upper[moved]
            change = highs.changeRowsBounds  # type: ignore[attr-defined]  # not in its stubs
            _must(change(len(moved), moved, lower, upper), "changeRowsBounds")
        for entry in _differ(old.matrix, new.matrix):
            row = int(self._compiled.matrix_row[entry])
            column = int(self._compiled.matrix_column[entry])
            _must(highs.changeCoeff(row, column, float(new.matrix[entry])), "changeCoeff")
        if old.cost_offset != new.cost_offset:
            _must(highs.changeObjectiveOffset(new.cost_offset), "changeObjectiveOffset")


def linear_programme(compiled: CompiledSite, programme: Programme) -> highspy.HighsLp:
    """The programme as HiGHS takes it, by columns."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = compiled.column_count, compiled.row_count
    lp.col_cost_, lp.offset_ = programme.cost, programme.cost_offset
    lp.col_lower_, lp.col_upper_ = programme.column_lower, programme.column_upper
    lp.row_lower_, lp.row_upper_ = programme.row_lower, programme.row_upper
    kept = np.abs(programme.matrix) > _NOTHING
    counts = np.bincount(compiled.matrix_column[kept], minlength=compiled.column_count)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.concatenate(([0], np.cumsum(counts)))
    lp.a_matrix_.index_ = compiled.matrix_row[kept]
    lp.a_matrix_.value_ = programme.matrix[kept]
    return lp


def _prepare(highs: highspy.Highs, weights: int, reduction: str) -> None:
    """Choose the dual simplex's edge weights, and whether the programme is reduced before."""
    _must(highs.setOptionValue("simplex_dual_edge_weight_strategy", weights), "edge weights")
    _must(highs.setOptionValue("presolve", reduction), "presolve")


def _add_binary(highs: highspy.Highs, exclusion: Exclusion) -> None:
    """Binary 1 lets the first side be positive, 0 the second."""
    binary = highs.getNumCol()
    none = np.array([], dtype=np.int32)
    _must(highs.addCol(0.0, 0.0, 1.0, 0, none, np.array([])), "addCol")
    _set_kind(highs, np.array([binary]), highspy.HighsVarType.kInteger)
    for columns, factor, most in (
        (exclusion.first, -exclusion.first_limit, 0.0),
        (exclusion.second, exclusion.second_limit, exclusion.second_limit),
    ):
        index = np.array([*columns, binary], dtype=np.int32)
        value = np.array([*([1.0] * len(columns)), factor])
        _must(highs.addRow(-highspy.kHighsInf, most, len(index), index, value), "addRow")


def _begin_at(highs: highspy.Highs, exclusions: list[Exclusion], start: Floats | None) -> None:
    """Begin with a whole solution or with none.

    The last relaxed one would be completed by a search that minds no time limit.
    """
    _must(highs.clearSolver(), "clearSolver")
    if start is None:
        return
    sides = [float(start[list(exclusion.first)].sum() > 0) for exclusion in exclusions]
    whole = highspy.HighsSolution()
    whole.col_value = [*start.tolist(), *sides]
    _must(highs.setSolution(whole), "setSolution")


def _add_move(highs: highspy.Highs, move: Move) -> None:
    """A column that is at least the distance from the target, at a cost of 1."""
    distance = highs.getNumCol()
    none = np.array([], dtype=np.int32)
    _must(highs.addCol(1.0, 0.0, highspy.kHighsInf, 0, none, np.array([])), "addCol")
    index = np.array([*move.columns, distance], dtype=np.int32)
    for sign in (1.0, -1.0):
        value = np.array([*(-sign * factor for factor in move.factors), 1.0])
        least, most = -sign * move.target, highspy.kHighsInf
        _must(highs.addRow(least, most, len(index), index, value), "addRow")


def _set_kind(highs: highspy.Highs, columns: Places, kind: highspy.HighsVarType) -> None:
    """Make these columns integer or continuous."""
    if len(columns):
        kinds = np.full(len(columns), int(kind), dtype=np.uint8)
        places = columns.astype(np.int32)
        _must(highs.changeColsIntegrality(len(columns), places, kinds), "changeColsIntegrality")


def _optimal(highs: highspy.Highs) -> bool:
    """Whether the last run proved its optimum."""
    return bool(highs.getModelStatus() == highspy.HighsModelStatus.kOptimal)


def _differ(*pairs: Floats) -> Places:
    """Indices at which any of the consecutive (old, new) pairs differ."""
    changed = np.zeros(len(pairs[0]), dtype=bool)
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        changed |= old != new
    return np.flatnonzero(changed).astype(np.int32)


def _must(status: highspy.HighsStatus, call: str) -> None:
    """SolverError unless HiGHS took the call without a word."""
    if status != highspy.HighsStatus.kOk:
        msg = f"HiGHS: {call} returned {status}"
        raise SolverError(msg)
