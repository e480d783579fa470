"""A rolling run: plan, live the first quarter of an hour, carry the state on, plan again.

At each solve the hour before is measured and the hours after are forecast. What is carried out is
the plan's battery, heating, cooling and shedding; the grid takes what the forecast got wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from models.casestudy.assumed import Assumed
from models.casestudy.axis import Axis, Floats, known_steps
from models.casestudy.carry import carried
from models.casestudy.columns import columns
from models.casestudy.errors import StudyError
from models.casestudy.foresight import foresee
from models.casestudy.inputs import Inputs
from models.casestudy.problem import problem_of, site_of
from models.casestudy.result import status_of
from models.casestudy.roster import Roster
from models.casestudy.run_result import RunResult, Tick
from models.casestudy.sizes import Sizes
from models.casestudy.standing import at_start
from models.compiled import compile_site
from models.conditions import Problem
from models.plan import Plan, PvPlan
from models.rules import rules_plan
from models.solver import Optimiser, Rejected

EVERY_S = 900
_DAY_S = 86_400
_SEEN_KW = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class Rolling:
    """What a run knows: `first` steps of past, then the run, then `ahead` steps of future."""

    roster: Roster
    sizes: Sizes
    inputs: Inputs
    first: int
    ahead: int
    perfect: bool

    @property
    def every(self) -> int:
        """Steps carried out of each plan."""
        return max(1, EVERY_S // self.inputs.axis.step_s)

    @property
    def last(self) -> int:
        """Step at which the run ends."""
        return self.inputs.axis.steps - self.ahead


def roll(rolling: Rolling, name: str, assumed: Assumed, budget_s: float) -> RunResult:
    """Solve every 15 minutes (every step where these are longer) from first to last."""
    inputs, axis = rolling.inputs, rolling.inputs.axis
    window = inputs.part(rolling.first, rolling.ahead)
    site = site_of(rolling.roster, inputs, rolling.sizes, rolling.ahead, assumed)
    optimiser = Optimiser(compile_site(site, window.axis.grid.step_s))
    standing = at_start(rolling.roster, rolling.sizes, axis.local[rolling.first], assumed)
    begin_kwh = dict(standing.soc_kwh)
    pasts = _pasts(rolling, assumed)
    tables, ticks = [], []
    for now in range(rolling.first, rolling.last, rolling.every):
        seen = _window(rolling, pasts, now)
        problem = problem_of(rolling.roster, seen, site, rolling.sizes, standing)
        plan = _plan(optimiser, problem, budget_s)
        steps = min(rolling.every, rolling.last - now)
        lived = _lived(plan, rolling, now, steps)
        tables.append(_table(lived, rolling, now, steps))
        standing = carried(standing, lived, rolling.roster, (seen.axis, steps))
        ticks.append(
            Tick(seen.axis.index[0], status_of(plan), plan.cost.objective, plan.solve_s, plan)
        )
    return RunResult(
        name=name,
        table=_joined(tables),
        ticks=tuple(ticks),
        roster=rolling.roster,
        axis=axis.part(rolling.first, rolling.last - rolling.first),
        start_kwh=begin_kwh,
        assumptions=assumed.all(),
    )


def _plan(optimiser: Optimiser, problem: Problem, budget_s: float) -> Plan:
    """The solver's plan, else the rules'."""
    made_at = problem.grid.start
    match optimiser.solve(problem, budget_s, made_at):
        case Rejected(reason=reason):
            return rules_plan(problem, made_at, (reason,))
        case plan:
            return plan


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    """One series from a day before the run's first step on, and what was expected of it."""

    actual: Floats
    expected: Floats | None


def _pasts(rolling: Rolling, assumed: Assumed) -> dict[str, _Past]:
    """Series that must be foreseen; reference profiles stand for themselves."""
    if rolling.perfect:
        assumed.add("forecast", "perfect: the actual values", 'forecast="perfect"')
        return {}
    axis = rolling.inputs.axis
    day = _DAY_S // axis.step_s
    longer = axis.earlier(day)
    found: dict[str, _Past] = {}
    for name, demand in rolling.roster.demands.items():
        if isinstance(demand.p_el, pd.Series):
            expected = None
            if demand.p_el_forecast is not None:
                expected = known_steps(demand.p_el_forecast, longer, f"{name}.p_el_forecast")
            found[name] = _Past(known_steps(demand.p_el, longer, f"{name}.p_el"), expected)
    for name, pv in rolling.roster.pvs.items():
        if isinstance(pv.p_pv, pd.Series):
            found[name] = _Past(known_steps(pv.p_pv, longer, f"{name}.p_pv"), None)
    if found:
        assumed.add(
            "forecast",
            "same time yesterday (the last hour's mean where it is not known), corrected by the "
            "last hour's error; known in advance: prices and outdoor temperature",
            'forecast="own"',
        )
    return found


def _window(rolling: Rolling, pasts: dict[str, _Past], now: int) -> Inputs:
    """The inputs of one plan as far as they can be known at step `now`."""
    seen = rolling.inputs.part(now, rolling.ahead)
    loads, pvs = dict(seen.loads_kw), dict(seen.pvs)
    for name, past in pasts.items():
        known = past.actual[: len(past.actual) - rolling.inputs.axis.steps + now]
        ahead = foresee(known, past.expected, rolling.ahead, rolling.first, seen.axis.step_s)
        if not np.isfinite(ahead).all():
            fault = f"nothing known in the hour before {seen.axis.index[0]}"
            raise StudyError(name, fault, "start the run an hour after the series begins")
        if name in loads:
            loads[name] = ahead
        else:
            pvs[name] = replace(pvs[name], available_kw=np.maximum(ahead, 0.0))
    return replace(seen, loads_kw=loads, pvs=pvs)


def _lived(plan: Plan, rolling: Rolling, now: int, steps: int) -> Plan:
    """The plan's first steps as they came: actual load and sun, the grid takes the rest."""
    actual = rolling.inputs.part(now, steps)
    load = actual.load_kw
    grid = np.array(plan.grid_kw[:steps]) + load - np.array(plan.load_kw[:steps])
    pvs = []
    for each in plan.pvs:
        series = actual.pvs[each.id]
        available = series.available_kw + rolling.sizes.pv_kwp.get(each.id, 0.0) * series.kw_per_kwp
        planned, lost = np.array(each.pv_kw[:steps]), np.array(each.curtailed_kw[:steps])
        given = np.where(lost > _SEEN_KW, np.minimum(available, planned), available)
        grid -= given - planned
        excess = np.minimum(given, np.maximum(0.0, -grid - rolling.roster.grid.maxsell))
        given, grid = given - excess, grid + excess
        pvs.append(PvPlan(id=each.id, pv_kw=tuple(given), curtailed_kw=tuple(available - given)))
    return replace(plan, load_kw=tuple(load), grid_kw=tuple(grid), pvs=tuple(pvs))


def _table(lived: Plan, rolling: Rolling, now: int, steps: int) -> pd.DataFrame:
    """The variables of the steps that were lived."""
    actual = rolling.inputs.part(now, steps)
    cut = truncated(lived, actual.axis)
    found = columns(cut, rolling.roster, actual, rolling.sizes)
    table = pd.DataFrame({each.name: each.values for each in found}, index=actual.axis.index)
    table.attrs["units"] = {each.name: each.unit for each in found}
    table.attrs["docs"] = {each.name: each.doc for each in found}
    return table


def truncated(plan: Plan, axis: Axis) -> Plan:
    """The first steps of a plan whose load, grid and PV are already that short."""
    steps = axis.steps
    return replace(
        plan,
        grid=axis.grid,
        hvac_kw=plan.hvac_kw[:steps],
        batteries=tuple(
            replace(each, power_kw=each.power_kw[:steps], soc_kwh=each.soc_kwh[:steps])
            for each in plan.batteries
        ),
        zones=tuple(
            replace(
                each,
                heat_kw=each.heat_kw[:steps],
                cool_kw=each.cool_kw[:steps],
                temperature_c=each.temperature_c[:steps],
            )
            for each in plan.zones
        ),
        sheds=tuple(
            replace(each, shed_kw=each.shed_kw[:steps], rebound_kw=each.rebound_kw[:steps])
            for each in plan.sheds
        ),
    )


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """One after another, with the words of the first."""
    words = dict(tables[0].attrs)
    for table in tables:
        table.attrs = {}
    joined = pd.concat(tables)
    joined.attrs = words
    return joined
