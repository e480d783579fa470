"""One HiGHS instance kept hot: only what changed is passed, and every status is looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace

import highspy
import numpy as np

from models.affine import CompiledSite, Floats, Ints, Programme
from models.types import ModelError

_NOTHING = 1e-9
"""HiGHS drops matrix entries up to this size."""
_FEASIBLE = 2
_HALF = 0.5
_CLOSE = 0.01
"""Largest gap at which a search cut by the time limit is better than rounding."""
_NO_BOUNDS = ("cost", "matrix")
_THREADS = 1
"""One value for the whole process: HiGHS refuses to run when two instances differ."""


class SolverError(ModelError):
    """HiGHS refused a call; the message names it."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Primal values of the columns; `proven` unless the time limit came first."""

    values: Floats
    proven: bool


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
    proven: bool


class HotLp:
    """The linear programme of one compiled site inside HiGHS."""

    def __init__(self, compiled: CompiledSite) -> None:
        self._compiled = compiled
        self._highs: highspy.Highs | None = None
        self._programme: Programme | None = None
        self._passed: Programme | None = None

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

    def run(self, budget_s: float) -> Solution | None:
        """Solve; None when no feasible values came out of it within `budget_s`."""
        highs = self._live()
        passed, self._passed = self._passed, None
        _run(highs, budget_s)
        self._passed = passed
        if highs.getInfo().primal_solution_status != _FEASIBLE:
            return None
        values = np.array(highs.getSolution().col_value, dtype=np.float64)
        if not np.isfinite(values).all():
            return None
        return Solution(values[: self._compiled.column_count], _optimal(highs))

    def hold(self, columns: Ints) -> None:
        """Hold these columns, and no others, at zero until the next `release` or `update`."""
        asked = self._asked()
        lower, upper = asked.column_lower.copy(), asked.column_upper.copy()
        lower[columns] = upper[columns] = 0.0
        self._bring(replace(asked, column_lower=lower, column_upper=upper))

    def release(self) -> None:
        """Let go of every held column."""
        self._bring(self._asked())

    def choose(self, exclusions: list[Exclusion], budget_s: float) -> Choice | None:
        """Which side of each exclusion may be positive at least cost.

        Binaries exist for this call only; None when no good choice was found in time.
        """
        highs = self._live()
        passed, self._passed = self._passed, None
        basis = highs.getBasis()
        columns, rows, count = highs.getNumCol(), highs.getNumRow(), len(exclusions)
        for exclusion in exclusions:
            _add_binary(highs, exclusion)
        _run(highs, budget_s)
        choice = None
        found = highs.getInfo()
        if found.primal_solution_status == _FEASIBLE and found.mip_gap <= _CLOSE:
            values = highs.getSolution().col_value[columns:]
            choice = Choice([value > _HALF for value in values], _optimal(highs))
        added = np.arange(rows, rows + 2 * count, dtype=np.int32)
        _must(highs.deleteRows(2 * count, added), "deleteRows")
        added = np.arange(columns, columns + count, dtype=np.int32)
        _must(highs.deleteCols(count, added), "deleteCols")
        _must(highs.setBasis(basis), "setBasis")
        self._passed = passed
        return choice

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
        compiled = self._compiled
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
        _must(highs.passModel(lp), "passModel")
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


def _run(highs: highspy.Highs, budget_s: float) -> None:
    """Run for at most `budget_s`; SolverError when HiGHS reports an error."""
    # The limit counts the clock of the instance since its birth, not this run alone.
    limit_s = highs.getRunTime() + max(0.0, budget_s)
    _must(highs.setOptionValue("time_limit", limit_s), "time_limit")
    if highs.run() == highspy.HighsStatus.kError:
        raise SolverError("HiGHS: run returned an error")


def _add_binary(highs: highspy.Highs, exclusion: Exclusion) -> None:
    """Binary 1 lets the first side be positive, 0 the second."""
    binary = highs.getNumCol()
    none = np.array([], dtype=np.int32)
    _must(highs.addCol(0.0, 0.0, 1.0, 0, none, np.array([])), "addCol")
    kind = np.array([int(highspy.HighsVarType.kInteger)], dtype=np.uint8)
    place = np.array([binary], dtype=np.int32)
    _must(highs.changeColsIntegrality(1, place, kind), "changeColsIntegrality")
    for columns, factor, most in (
        (exclusion.first, -exclusion.first_limit, 0.0),
        (exclusion.second, exclusion.second_limit, exclusion.second_limit),
    ):
        index = np.array([*columns, binary], dtype=np.int32)
        value = np.array([*([1.0] * len(columns)), factor])
        _must(highs.addRow(-highspy.kHighsInf, most, len(index), index, value), "addRow")


def _optimal(highs: highspy.Highs) -> bool:
    """Whether the last run proved its optimum."""
    return bool(highs.getModelStatus() == highspy.HighsModelStatus.kOptimal)


def _differ(*pairs: Floats) -> Ints:
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
