"""The compiled site: every number of the linear programme as an affine row of the data vector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.types import BadInputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Places = NDArray[np.int32] | Ints
PLACE = np.int32
"""Places in rows, columns and parameters are kept so: half the memory of the platform's own."""


@dataclass(frozen=True, slots=True, eq=False)
class AffineMap:
    """v = D p + d0, with D as (row, parameter, coefficient) triples and `const` = d0."""

    rows: Places
    parameters: Places
    coefs: Floats
    const: Floats

    def __call__(self, data: Floats) -> Floats:
        """The values for the data vector p."""
        moved = np.bincount(
            self.rows, weights=self.coefs * data[self.parameters], minlength=len(self.const)
        )
        return self.const + moved


@dataclass(frozen=True, slots=True)
class Group:
    """A named run of columns, rows or parameters."""

    name: str
    start: int
    size: int

    @property
    def cells(self) -> slice:
        """Its place in the vector."""
        return slice(self.start, self.start + self.size)


Groups = dict[str, Group]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Costs:
    """Cost entries by part; column -1 carries the constants."""

    parts: tuple[str, ...]
    part: Places
    column: Places
    value: AffineMap


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CompiledSite:
    """A linear programme in columns x: min c x, row bounds on A x, column bounds on x."""

    key: str
    step_s: tuple[int, ...]
    columns: Groups
    rows: Groups
    parameters: Groups
    costs: Costs
    matrix_row: Places
    matrix_column: Places
    """Entries of A, sorted by column, then row."""
    matrix: AffineMap
    column_lower: AffineMap
    column_upper: AffineMap
    row_lower: AffineMap
    row_upper: AffineMap
    integers: Places
    """Columns that must be 0 or 1."""

    @property
    def column_count(self) -> int:
        """Number of variables."""
        return len(self.column_lower.const)

    @property
    def row_count(self) -> int:
        """Number of constraints."""
        return len(self.row_lower.const)

    def flatten(self, named: dict[str, Floats]) -> Floats:
        """The data vector p; a missing, surplus or wrongly long array is a BadInputError."""
        if named.keys() != self.parameters.keys():
            odd = sorted(named.keys() ^ self.parameters.keys())
            msg = f"the problem does not fit the compiled site: {', '.join(odd)}"
            raise BadInputError(msg)
        data = np.empty(sum(group.size for group in self.parameters.values()))
        for name, group in self.parameters.items():
            values = np.atleast_1d(named[name])
            if values.shape != (group.size,):
                msg = f"{name}: {values.size} values where {group.size} are due"
                raise BadInputError(msg)
            data[group.cells] = values
        unsound = np.flatnonzero(~np.isfinite(data))
        if len(unsound):
            msg = f"the data vector is not finite at {unsound[0]}"
            raise BadInputError(msg)
        return data


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Programme:
    """One linear programme with its numbers filled in."""

    cost: Floats
    cost_offset: float
    cost_entries: Floats
    """Cost per entry of the compiled `costs`, of which `cost` is the sum over the parts."""
    matrix: Floats
    column_lower: Floats
    column_upper: Floats
    row_lower: Floats
    row_upper: Floats


def fill(compiled: CompiledSite, data: Floats) -> Programme:
    """Evaluate every affine row at the data vector."""
    entries = compiled.costs.value(data)
    total = _sums(compiled.costs.column + 1, entries, compiled.column_count + 1)
    return Programme(
        cost=total[1:],
        cost_offset=float(total[0]),
        cost_entries=entries,
        matrix=compiled.matrix(data),
        column_lower=compiled.column_lower(data),
        column_upper=compiled.column_upper(data),
        row_lower=compiled.row_lower(data),
        row_upper=compiled.row_upper(data),
    )


def money_by_part(compiled: CompiledSite, programme: Programme, values: Floats) -> Floats:
    """What the values of the columns cost, per part of the objective."""
    costs = compiled.costs
    factors = np.append(1.0, values)[costs.column + 1]
    return _sums(costs.part, programme.cost_entries * factors, len(costs.parts))


def _sums(places: Places, values: Floats, size: int) -> Floats:
    """The values added up at their places."""
    found: Floats = np.zeros(size) + np.bincount(places, weights=values, minlength=size)
    return found
