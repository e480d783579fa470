"""What a rolling run gives back: what was lived, what it cost, and every solve on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from models.casestudy.assumed import Assumption
from models.casestudy.axis import Axis
from models.casestudy.charges import months, years
from models.casestudy.columns import suffix
from models.casestudy.figure import picture
from models.casestudy.kpis import Kpis, Money, compared, kpis, quarter_peak
from models.casestudy.result import Status
from models.casestudy.roster import Roster
from models.plan import Plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, eq=False)
class Tick:
    """One solve of a run."""

    at: pd.Timestamp
    status: Status
    objective: float
    solve_s: float
    plan: Plan


@dataclass(frozen=True, eq=False, kw_only=True)
class RunResult:
    """A run as it was lived; the bill is that of actual import and export."""

    name: str
    table: pd.DataFrame
    """Every variable by local time; `.attrs["units"]` by column."""
    ticks: tuple[Tick, ...]
    roster: Roster
    axis: Axis
    start_kwh: dict[str, float]
    """Stored energy at the start, by battery."""
    assumptions: tuple[Assumption, ...]

    @property
    def status(self) -> Status:
        """The worst of its solves."""
        order = list(Status)
        return max((tick.status for tick in self.ticks), key=order.index)

    @property
    def solves(self) -> pd.DataFrame:
        """One row per solve: status, objective [EUR], seconds."""
        rows = [(tick.at, str(tick.status), tick.objective, tick.solve_s) for tick in self.ticks]
        return pd.DataFrame(rows, columns=["at", "status", "objective", "solve_s"]).set_index("at")

    @property
    def counts(self) -> dict[str, int]:
        """Solves by status."""
        return dict(Counter(str(tick.status) for tick in self.ticks))

    @cached_property
    def costs(self) -> pd.Series:
        """The bill [EUR]: energy as lived, demand charges by the days of their period covered."""
        hours = self.axis.step_s / 3600.0
        bought = float((self.table["P_EG_buy_T"] * self.table["c_EG_T"]).sum()) * hours
        sold = float((self.table["P_EG_sell_T"] * self.table["c_EG_sell_T"]).sum()) * hours
        parts = {"energy": bought - sold, "demand": self._demand()}
        return pd.Series(parts, name="EUR")

    @cached_property
    def figures(self) -> Kpis:
        """Money, carbon, peak, energy and comfort of the run."""
        cost = self.costs
        hours = self.axis.step_s / 3600.0
        money = Money(float(cost["energy"]), float(cost["demand"]), self._drawn())
        return kpis(self.table, money, hours)

    @property
    def objective(self) -> float:
        """The bill [EUR]."""
        return float(self.costs.sum())

    def compare(self, other: RunResult) -> pd.DataFrame:
        """Figures beside those of another run."""
        return compared(self.figures, other.figures)

    def plot(self) -> Figure:
        """A matplotlib Figure of powers, stores and prices."""
        return picture(
            self.table, f"{self.name}: {self.objective:.2f} EUR, {len(self.ticks)} solves"
        )

    def _drawn(self) -> float:
        """Energy batteries hold less at the end, at the run's mean import price."""
        ends = {each.id: each for each in self.ticks[-1].plan.batteries}
        less = sum(
            kwh - float(self.table[f"E_BES{suffix(name)}_T"].iloc[-1])
            for name, kwh in self.start_kwh.items()
            if name in ends
        )
        return less * float(self.table["c_EG_T"].mean())

    def _demand(self) -> float:
        """Rate x share of the period x peak above what was billed before."""
        grid = self.roster.grid
        hours = self.axis.step_s / 3600.0
        money = 0.0
        for periods, rate, before in (
            (months(self.axis), grid.demand_charge, grid.peak_so_far_month_kw),
            (years(self.axis), grid.c_buyPeak, grid.peak_so_far_year_kw),
        ):
            for place, period in enumerate(periods):
                inside = self.table["P_EG_buy_T"][[bool(each) for each in period.counts]]
                known = before if place == 0 else 0.0
                money += rate * period.share * max(0.0, quarter_peak(inside, hours) - known)
        return money
