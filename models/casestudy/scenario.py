"""A scenario: parts put together, solved over a horizon or rolled through one."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

import pandas as pd

from models.casestudy.assumed import Assumed
from models.casestudy.axis import Axis, utc
from models.casestudy.errors import StudyError
from models.casestudy.inputs import resolve
from models.casestudy.investing import invest
from models.casestudy.pareto import ParetoPoint, pareto_table
from models.casestudy.parts import SEMDRHVAC, Part, SEMDRBattery, SEMDRElectricDemand, SEMDRMain
from models.casestudy.problem import problem_of, site_of
from models.casestudy.result import Result
from models.casestudy.rolling import Rolling, roll
from models.casestudy.roster import Roster, Site, roster
from models.casestudy.run_result import RunResult
from models.casestudy.sizes import Sizes
from models.casestudy.sizing import Investment
from models.casestudy.standing import at_start
from models.once import solve

FORECASTS = ("own", "perfect")
PARETO_ALPHAS = (0.0, 0.25, 0.5, 0.75, 0.99)


class Study(Protocol):
    """What a scenario asks of its case study."""

    site: Site
    consider_invest: bool
    reference: Scenario | None

    @property
    def past_steps(self) -> int:
        """Steps of a rolling window that are past."""
        ...

    @property
    def ahead_steps(self) -> int:
        """Steps of a rolling window that are ahead."""
        ...

    def adopt(self, scenario: Scenario) -> None:
        """Take in a scenario."""
        ...

    def axis(self, found: Roster, assumed: Assumed) -> Axis:
        """The horizon of `Scenario.solve`."""
        ...

    def run_axis(self, start: datetime, end: datetime) -> Axis:
        """Everything a run looks at."""
        ...

    def pinned(self, axis: Axis, *, invests: bool) -> Study:
        """The same study on a given horizon."""
        ...


class Scenario:
    """Parts under one name in a case study."""

    def __init__(self, cs: Study, name: str) -> None:
        """StudyError when the study already has a scenario of that name."""
        self.cs = cs
        self.name = name
        self.components: list[Any] = []
        """Parts in the order they were added; their parameters may be assigned."""
        self.result: Result | None = None
        """Of the last `solve`."""
        cs.adopt(self)

    def add_component(self, component: Part) -> Scenario:
        """Put in a part; it may still be changed afterwards."""
        if not isinstance(component, Part):
            given = getattr(component, "__name__", type(component).__name__)
            place = f"scenario {self.name}"
            raise StudyError(
                place,
                f"{given} is no component",
                "add an instance, such as SEMDRBattery(E_CAPx=250)",
            )
        self.components.append(component)
        return self

    def solve(self, budget_s: float = 30.0) -> Result:
        """Optimise the study's horizon once; with `consider_invest` size new equipment first.

        Raises StudyError when something needed is missing and BadInputError for a number that
        cannot be planned with. Too little time or too tight limits are no error: see
        `Result.status` and `Result.reasons`.
        """
        assumed = Assumed()
        found = roster(self.components, self.name)
        axis = self.cs.axis(found, assumed)
        investment = self._investment(found, axis, assumed)
        sizes = investment.sizes if investment else Sizes()
        inputs = resolve(found, axis, self.cs.site, assumed)
        site = site_of(found, inputs, sizes, axis.steps, assumed)
        standing = at_start(found, sizes, axis.local[0], assumed)
        problem = problem_of(found, inputs, site, sizes, standing)
        self.result = Result(
            name=self.name,
            problem=problem,
            plan=solve(problem, budget_s),
            roster=found,
            inputs=inputs,
            sizes=sizes,
            assumptions=assumed.all(),
            investment=investment,
            find_reference=lambda: self._reference(axis, budget_s),
        )
        return self.result

    def optimize(self) -> Result:
        """The older name of `solve`."""
        return self.solve()

    def run(
        self, start: object, end: object, *, forecast: str = "own", budget_s: float = 10.0
    ) -> RunResult:
        """Roll from `start` to `end`, re-solving every 15 minutes; see `models.casestudy.rolling`.

        `forecast` is "own" (from what was seen until then) or "perfect" (the actuals themselves).
        """
        assumed = Assumed()
        found = roster(self.components, self.name)
        first, last = utc(start, "start"), utc(end, "end")
        whole = self.cs.run_axis(first, last)
        investment = self._investment(found, whole, assumed)
        if forecast not in FORECASTS:
            remedy = f"use one of {', '.join(FORECASTS)}"
            raise StudyError("forecast", f"{forecast!r} is not known", remedy)
        if forecast == "perfect":
            whole = replace(whole, due=None)
        rolling = Rolling(
            roster=found,
            sizes=investment.sizes if investment else Sizes(),
            inputs=resolve(found, whole, self.cs.site, assumed),
            first=self.cs.past_steps,
            ahead=self.cs.ahead_steps,
            perfect=forecast == "perfect",
        )
        return roll(rolling, self.name, assumed, budget_s)

    def pareto(self, alphas: Sequence[float] = PARETO_ALPHAS) -> pd.DataFrame:
        """Cost against carbon: one solve per weight `alpha` of emissions, cheapest first."""
        points = []
        for alpha in alphas:
            twin = self.twin(f"alpha {alpha:g}")
            main = next((p for p in twin.components if isinstance(p, SEMDRMain)), None)
            if main is None:
                main = SEMDRMain()
                twin.add_component(main)
            main.alpha = alpha
            result = twin.solve()
            points.append(ParetoPoint(alpha, result))
        return pareto_table(points)

    def copied_into(self, twin: Scenario) -> Scenario:
        """Give `twin` copies of these parts."""
        twin.components = [copy(part) for part in self.components]
        return twin

    def twin(self, name: str) -> Scenario:
        """A copy with copies of the parts, outside the study's list."""
        made = copy(self)
        made.name = f"{self.name}, {name}"
        made.result = None
        return self.copied_into(made)

    def _investment(self, found: Roster, axis: Axis, assumed: Assumed) -> Investment | None:
        """Sizes, where the study considers buying and something may be bought."""
        if not self.cs.consider_invest:
            return None
        batteries, pvs = found.batteries.values(), found.pvs.values()
        if not any([*(each.allow_new for each in batteries), *(each.allow_new for each in pvs)]):
            return None
        return invest(found, self.cs.site, axis.start, assumed)

    def _reference(self, axis: Axis, budget_s: float) -> Result | None:
        """The study's reference scenario on this horizon, else this site without flexibility."""
        named = self.cs.reference
        if named is self:
            return None
        twin = named.twin("reference") if named else self._rigid()
        twin.cs = self.cs.pinned(axis, invests=named is not None and self.cs.consider_invest)
        return twin.solve(budget_s)

    def _rigid(self) -> Scenario:
        """The same site with nothing that can be shifted, shed or stored."""
        twin = self.twin("without flexibility")
        for part in twin.components:
            if isinstance(part, SEMDRElectricDemand):
                part.demand_flexibility = 0.0
            elif isinstance(part, SEMDRHVAC):
                part.comfort_deadband = 0.0
            elif isinstance(part, SEMDRBattery):
                part.E_CAPx, part.allow_new = 0.0, False
        return twin
