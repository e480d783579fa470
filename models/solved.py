"""One solved problem: its data, its programme and the values of its columns."""

from __future__ import annotations

from dataclasses import dataclass

from models.affine import CompiledSite, Floats, Programme
from models.parameters import Named
from models.types import Problem


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Solved:
    """One solved problem: its data, its programme and the values of the columns."""

    problem: Problem
    compiled: CompiledSite
    named: Named
    programme: Programme
    values: Floats

    def column(self, name: str) -> Floats:
        """Values of one named run of columns."""
        return self.values[self.compiled.columns[name].cells]

    def has(self, name: str) -> bool:
        """Whether the site has such columns."""
        return name in self.compiled.columns
