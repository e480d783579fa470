"""The compiled site: every number of the linear programme as an affine row of the data vector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.types import BadInputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class AffineMap:
    """v = D p + d0, with D as (row, parameter, coefficient) triples and `const` = d0."""

    rows: Ints
    parameters: Ints
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
    part: Ints
    column: Ints
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
    matrix_row: Ints
    matrix_column: Ints
    """Entries of A, sorted by column, then row."""
    matrix: AffineMap
    column_lower: AffineMap
    column_upper: AffineMap
    row_lower: AffineMap
    row_upper: AffineMap
    integers: Ints
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
    part_costs: Floats
    """Cost per part and column; the last column carries the constants."""
    matrix: Floats
    column_lower: Floats
    column_upper: Floats
    row_lower: Floats
    row_upper: Floats


def fill(compiled: CompiledSite, data: Floats) -> Programme:
    """Evaluate every affine row at the data vector."""
    costs = compiled.costs
    part_costs = np.zeros((len(costs.parts), compiled.column_count + 1))
    np.add.at(part_costs, (costs.part, costs.column), costs.value(data))
    total = part_costs.sum(axis=0)
    return Programme(
        cost=total[:-1],
        cost_offset=float(total[-1]),
        part_costs=part_costs,
        matrix=compiled.matrix(data),
        column_lower=compiled.column_lower(data),
        column_upper=compiled.column_upper(data),
        row_lower=compiled.row_lower(data),
        row_upper=compiled.row_upper(data),
    )
