"""A case played by the agent's own decisions: planned every hour, guarded and followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edge_agent.backtest.case import DAY, Case
from edge_agent.backtest.data_file import QUARTER_S
from edge_agent.backtest.errors import BacktestError
from edge_agent.backtest.gate import Gate, Present
from edge_agent.backtest.known_month import known_ahead
from edge_agent.backtest.meter import Meter
from edge_agent.backtest.outcome import Book, Outcome, highest_week, settle, start_soc_kwh
from edge_agent.backtest.quarter import fresh_charge, loop_settings, play
from edge_agent.backtest.sight import EVERY, ForecastKind, Foreseen, sight
from edge_agent.compiled_site import compiled_site
from edge_agent.fastloop.binding import bound
from edge_agent.fastloop.budget import Charge
from edge_agent.fastloop.rehearsal import Played, Stage
from edge_agent.fastloop.riding import aimed, calmed, ridden_kw, ride_at
from edge_agent.histories import SiteHistory
from edge_agent.late_first import late_first
from edge_agent.month_peak import MOST_DAYS, floored, least_margin
from edge_agent.peak_odds import spread_per_kwh
from edge_agent.problem import build_problem
from edge_agent.reality import reality
from edge_agent.tariff.ratchet import carried
from models.forecast.history import Floats, History
from models.solver import Optimiser
from models.types import Plan, PlanSource, Problem, PvForecast, Series, TimeGrid

BUDGET_S = 10.0
RECENT = (MOST_DAYS + 1) * DAY
"""Quarter hours of the past that a problem is built with."""
_IDLE = Plan(
    made_at=datetime(1970, 1, 1, tzinfo=UTC),
    grid=TimeGrid(start=datetime(1970, 1, 1, tzinfo=UTC), step_s=()),
    source=PlanSource.SAFE,
    grid_kw=(),
    load_kw=(),
    hvac_kw=(),
)
"""Wants nothing and keeps no peak."""
Told = Callable[[float], None]
"""Is told the share that is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How our own run is made."""

    forecast: ForecastKind = ForecastKind.OWN
    name: str = "ours"


class Rolling:
    """One run; state is carried from hour to hour as a gateway carries it."""

    def __init__(self, case: Case, policy: Policy, cache: Path) -> None:
        self._case = case
        self._policy = policy
        self._gate = Gate(case.loaded.site)
        self._sight = sight(case, policy.forecast)
        self._cache = cache
        self._optimiser: Optimiser | None = None
        self._stage = Stage(
            battery=case.battery,
            connection=self._gate.connection,
            settings=loop_settings(),
        )
        self._played = Played(
            soc_kwh=start_soc_kwh(case),
            charges=(),
            load_kw=float(case.net_kw[case.first]),
        )
        self._periods: dict[str, int] = {}
        self._charges = case.charges()
        self._book = Book(case)
        self._unplanned = 0

    def run(self, meter: Meter, told: Told) -> Outcome:
        """Play all of it."""
        case = self._case
        for first in range(case.first, case.last, DAY):
            count = min(DAY, case.last - first)
            shape = meter.shape(first, count)
            for hour in range(0, count, EVERY):
                plan = self._plan(first + hour)
                for place in range(hour, hour + EVERY):
                    self._quarter(plan, first + place, shape[place])
            told((first + count - case.first) / (case.last - case.first))
        notes = (f"{self._unplanned} hours without a plan",) if self._unplanned else ()
        outcome = settle(self._policy.name, self._book, notes)
        return replace(outcome, week=highest_week(self._book))

    def _quarter(self, plan: Plan | None, step: int, shape: Floats) -> None:
        case = self._case
        self._enter_periods(step)
        pv_kw = float(case.pv_kw[step])
        before, plan = self._played, self._bound(plan, step)
        counting = replace(before, charges=self._counting(step))
        planned_kw, aim = 0.0, self._aimed(plan)
        if plan is not None:
            allowed = self._gate.pass_on(plan, self._present(step))
            ride = ride_at(plan, plan.grid.step_at(case.at(step)))
            billed_kw = min((one.peak_kw for one in counting.charges), default=0.0)
            planned_kw = ridden_kw(ride, allowed.battery_kw, self._lately_kw(step), billed_kw)
            aim = calmed(aim, ride) if allowed.battery_kw > 0 else aim
            if allowed.pv_limit_kw is not None:
                self._book.curtailed_kwh[step] = max(0.0, pv_kw - allowed.pv_limit_kw) / 4
                pv_kw = min(pv_kw, allowed.pv_limit_kw)
        loads_kw = case.load_kw[step] * (1 + shape) - pv_kw
        found = play(self._stage, counting, aim, planned_kw, loads_kw, case.at(step))
        self._played, book = _with_idle(found.played, before), self._book
        book.import_kwh[step], book.export_kwh[step] = found.import_kwh, found.export_kwh
        book.discharged_kwh[step] = found.discharged_kwh
        book.soc_kwh[step] = found.played.soc_kwh

    def _counting(self, step: int) -> tuple[Charge, ...]:
        """The charges that this quarter hour's import counts for."""
        counted = {one.id for one in self._charges if one.counted[step]}
        return tuple(one for one in self._played.charges if one.id in counted)

    def _bound(self, plan: Plan | None, step: int) -> Plan | None:
        if plan is None:
            return None
        names = tuple(one.id for one in self._charges)
        return bound(plan, names, {one.id for one in self._counting(step)})

    def _lately_kw(self, step: int) -> float:
        """The site without its battery over the last quarter hour."""
        return float(self._case.net_kw[max(0, step - 1)])

    def _aimed(self, plan: Plan | None) -> Plan:
        battery = self._stage.battery
        rated_kw = max(battery.charge_kw, battery.discharge_kw)
        margin_kw = self._stage.settings.target_margin_share * rated_kw
        return _IDLE if plan is None else aimed(plan, margin_kw)

    def _present(self, step: int) -> Present:
        case, played = self._case, self._played
        return Present(
            at=case.at(step),
            meter_kw=played.load_kw + played.battery_kw,
            battery_kw=played.battery_kw,
            soc_percent=100 * played.soc_kwh / case.battery.capacity_kwh,
            pv_kw=float(case.pv_kw[max(0, step - 1)]),
        )

    def _plan(self, step: int) -> Plan | None:
        problem = self._problem(step)
        if self._optimiser is None:
            compiled = compiled_site(problem.site, problem.grid.step_s, self._cache)
            self._optimiser = Optimiser(compiled)
        found = self._optimiser.solve(problem, BUDGET_S, self._case.at(step))
        if isinstance(found, Plan):
            return found
        self._unplanned += 1
        return None

    def _problem(self, step: int) -> Problem:
        """The agent's own problem, with what this run may know of the hours ahead."""
        self._enter_periods(step)
        case = self._case
        snapshot = self._gate.snapshot(self._present(step))
        charges = self._played.charges
        known = reality(
            case.loaded.site,
            case.loaded.tariff,
            snapshot,
            {charge.id: charge.peak_kw for charge in charges},
            {charge.id: charge.block for charge in charges},
        )
        history = self._history(step)
        built = build_problem(case.loaded, history, known)
        if isinstance(built, str):
            raise BacktestError(built)
        batteries = built.site.batteries
        if self._policy.forecast is ForecastKind.PERFECT:
            ahead = (known.at, case.net_kw[step : case.last])
            terms = known_ahead(known.demand_terms, case.loaded, ahead, batteries)
        else:
            spread = spread_per_kwh(case.import_price[step : step + DAY].tolist())
            past = (case.loaded, history, batteries, known.at, spread)
            terms = floored(known.demand_terms, *past)
        terms = carried(terms, case.loaded.tariff.demand_charges, known.held_from_kw)
        return self._foreseen(replace(built, demand_terms=terms), step, self._sight.ahead(step))

    def _foreseen(self, built: Problem, step: int, ahead: Foreseen) -> Problem:
        case, grid = self._case, built.grid
        pv_total = sum(pv.peak_kw for pv in case.loaded.site.assets.pv) or 1.0
        pv = on_grid(ahead.pv_kw, grid)
        imports = on_grid(case.import_price[step : step + DAY], grid)
        forecast = replace(
            built.forecast,
            load_kw=on_grid(ahead.load_kw, grid),
            pvs=tuple(
                PvForecast(
                    id=plant.id,
                    available_kw=tuple(kw * plant.peak_kw / pv_total for kw in pv),
                )
                for plant in case.loaded.site.assets.pv
            ),
            import_price_per_kwh=late_first(imports, grid) if self._charges else imports,
            export_price_per_kwh=on_grid(case.export_price[step : step + DAY], grid),
            peak_margin_kw=least_margin(
                on_grid(ahead.margin_kw, grid), built.site.batteries, len(grid)
            ),
        )
        return replace(built, forecast=forecast)

    def _history(self, step: int) -> SiteHistory:
        case = self._case
        first = max(0, step - RECENT)
        total = sum(pv.peak_kw for pv in case.loaded.site.assets.pv) or 1.0

        def history(values: Floats) -> History:
            return History(case.at(first), QUARTER_S, values[first:step])

        return SiteHistory(
            load_kw=history(case.load_kw),
            outdoor_temp_c=None,
            irradiance_w_per_m2=None,
            pv_kw={
                pv.id: history(case.pv_kw * (pv.peak_kw / total))
                for pv in case.loaded.site.assets.pv
            },
        )

    def _enter_periods(self, step: int) -> None:
        """Begin anew the charges whose billing period has changed, from what a ratchet holds."""
        periods = {one.id: int(one.period[step]) for one in self._charges}
        if periods == self._periods:
            return
        kept = {charge.id: charge for charge in self._played.charges}
        charges = tuple(
            fresh if periods[fresh.id] != self._periods.get(fresh.id) else kept[fresh.id]
            for fresh in self._fresh(step)
        )
        self._played, self._periods = replace(self._played, charges=charges), periods

    def _fresh(self, step: int) -> tuple[Charge, ...]:
        at, book = self._case.at(step), self._book.import_kwh
        found = []
        for billed in self._charges:
            place = int(billed.period[step])
            before = [billed.peak_kw(book, one) for one in range(place) if billed.ratchet_share]
            found.append(
                fresh_charge(
                    billed.id, at, billed.quarters * QUARTER_S, billed.ratchet_kw(place, before)
                )
            )
        return tuple(found)


def _with_idle(after: Played, before: Played) -> Played:
    """With the charges that nothing counted for as they were."""
    counted = {one.id: one for one in after.charges}
    return replace(after, charges=tuple(counted.get(one.id, one) for one in before.charges))


def on_grid(values: Floats, grid: TimeGrid) -> Series:
    """Quarter-hour values from the grid's start on, per step of the grid."""
    edges = np.arange(len(values) + 1) * float(QUARTER_S)
    total = np.concatenate(([0.0], np.cumsum(values))) * QUARTER_S
    ends = np.cumsum(np.array(grid.step_s, dtype=np.float64))
    starts = ends - np.array(grid.step_s)
    energy = np.interp(ends, edges, total) - np.interp(starts, edges, total)
    return tuple((energy / (ends - starts)).tolist())
