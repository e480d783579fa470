"""What a solve gives back: status, money, every variable over time, figures, assumptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from models.casestudy.assumed import Assumption
from models.casestudy.columns import columns
from models.casestudy.figure import picture
from models.casestudy.inputs import Inputs
from models.casestudy.kpis import Kpis, Money, compared, kpis
from models.casestudy.roster import Roster
from models.casestudy.scalars import scalars
from models.casestudy.sizes import Sizes
from models.casestudy.sizing import Investment
from models.conditions import Problem
from models.plan import Plan, Reason, ReasonCode

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Status(StrEnum):
    """How good a result is."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    """Verified, but not proven to be the best: rounded, or out of time."""
    FALLBACK = "fallback"
    """Made by rules, because the solver gave nothing usable; `reasons` says why."""


def status_of(plan: Plan) -> Status:
    """From the rung of the ladder and its reasons."""
    if not plan.source.by_solver:
        return Status.FALLBACK
    late = any(reason.code is ReasonCode.SOLVER_LATE for reason in plan.reasons)
    rounded = plan.source.value == "rounded"
    return Status.FEASIBLE if late or rounded else Status.OPTIMAL


@dataclass(frozen=True, eq=False, kw_only=True)
class Result:
    """One solved horizon."""

    name: str
    problem: Problem
    plan: Plan
    roster: Roster
    inputs: Inputs
    sizes: Sizes
    assumptions: tuple[Assumption, ...]
    investment: Investment | None
    find_reference: Callable[[], Result | None]

    @property
    def status(self) -> Status:
        """optimal, feasible or fallback."""
        return status_of(self.plan)

    @property
    def objective(self) -> float:
        """What was minimised [EUR over the horizon]; the sum of `costs`."""
        return self.plan.cost.objective

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Limits that were relaxed, and everything else worth knowing of the plan."""
        return self.plan.reasons

    @cached_property
    def table(self) -> pd.DataFrame:
        """Every variable by local time; `.attrs["units"]` and `.attrs["docs"]` by column."""
        found = columns(self.plan, self.roster, self.inputs, self.sizes)
        table = pd.DataFrame(
            {each.name: each.values for each in found}, index=self.inputs.axis.index
        )
        table.attrs["units"] = {each.name: each.unit for each in found}
        table.attrs["docs"] = {each.name: each.doc for each in found}
        return table

    @property
    def units(self) -> dict[str, str]:
        """Unit by column of `table`."""
        return dict(self.table.attrs["units"])

    @cached_property
    def scalars(self) -> pd.DataFrame:
        """Values without time (peaks, capacities, totals) with unit and meaning."""
        return scalars(self.plan, self.roster, self.sizes, self.investment)

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - a Series or a number
        """A column of `table`, or the value of a scalar."""
        if name in self.table:
            return self.table[name]
        return float(self.scalars.loc[name, "value"])

    @property
    def costs(self) -> pd.Series:
        """Money by part [EUR over the horizon]."""
        cost = self.plan.cost
        parts = {
            "energy": cost.energy,
            "demand": cost.demand,
            "wear": cost.wear,
            "shedding": cost.shedding,
            "carbon": cost.carbon,
            "stored": cost.stored,
            "penalties": cost.penalties,
            "events": cost.events,
        }
        found = pd.Series(parts, name="EUR")
        found.attrs["unit"] = "EUR over the horizon"
        return found

    @cached_property
    def figures(self) -> Kpis:
        """Its own figures, without a reference."""
        cost = self.plan.cost
        money = Money(cost.energy, cost.demand, self._drawn())
        return kpis(self.table, money, self.inputs.axis.step_s / 3600.0)

    @cached_property
    def reference(self) -> Result | None:
        """The reference scenario, solved on the same horizon; None for the reference itself."""
        return self.find_reference()

    @cached_property
    def kpis(self) -> pd.DataFrame:
        """Figures beside those of the reference scenario, difference and share saved."""
        other = self.reference
        return compared(self.figures, self.figures if other is None else other.figures)

    def compare(self, other: Result) -> pd.DataFrame:
        """The same against any other result."""
        return compared(self.figures, other.figures)

    def _drawn(self) -> float:
        """Energy batteries hold less at the end than at the start, at the mean import price."""
        ends = {each.id: each.soc_kwh[-1] for each in self.plan.batteries}
        begins = {each.id: each.soc_kwh for each in self.problem.batteries}
        less = sum((begins[name] or 0.0) - kwh for name, kwh in ends.items())
        return less * float(self.inputs.prices.buy.mean())

    def plot(self) -> Figure:
        """A matplotlib Figure of powers, stores and prices."""
        return picture(self.table, f"{self.name}: {self.objective:.2f} EUR, {self.status}")
