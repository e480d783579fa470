"""A building with us: the agent's own problem, optimiser, arbiter and guard, planned every hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from edge_agent.backtest.building_case import BuildingCase
from edge_agent.backtest.building_gate import BuildingGate
from edge_agent.backtest.case import DAY
from edge_agent.backtest.data_file import QUARTER_S
from edge_agent.backtest.errors import BacktestError
from edge_agent.backtest.rolling import BUDGET_S, RECENT, on_grid
from edge_agent.backtest.sight import EVERY, ForecastKind
from edge_agent.compiled_site import compiled_site
from edge_agent.histories import SiteHistory
from edge_agent.plant_memory import Done, Kept
from edge_agent.problem import build_problem
from edge_agent.reality import reality
from edge_agent.reality_loads import Past
from edge_agent.snapshot import Snapshot
from edge_agent.steered import Work, works_of
from edge_agent.work_days import jobs
from models.building.house import House
from models.forecast.history import Floats, History
from models.solver import Optimiser
from models.types import Plan, Problem

MOMENT = timedelta(seconds=1)


class Planned:
    """One run; what a gateway remembers is carried from hour to hour."""

    def __init__(
        self,
        case: BuildingCase,
        forecast: ForecastKind,
        cache: Path,
        cycled: Mapping[str, datetime],
    ) -> None:
        self.name = "ours"
        self.unplanned = 0
        """Hours without a plan."""
        self._case = case
        self._forecast = forecast
        self._cache = cache
        self._gate = BuildingGate(case.loaded.site, case.seed, cycled)
        self._works = works_of(case.loaded.site)
        self._optimiser: Optimiser | None = None
        self.plan: Plan | None = None
        """In force."""
        self._kept = Kept()

    def quarter(self, step: int, house: House) -> None:
        """A new plan every hour; its wishes of now, guarded, to the devices."""
        snapshot = self._gate.snapshot(house, self._case.at(step))
        if step % EVERY == self._case.first % EVERY:
            self.plan = self._planned(step, snapshot)
        self._gate.pass_on(self.plan, snapshot, house)
        self._remember(snapshot.at, house)

    def minute(self, local_h: float, house: House) -> None:
        """The devices follow what stands; nobody else commands them."""

    def _planned(self, step: int, snapshot: Snapshot) -> Plan | None:
        problem = self._problem(step, snapshot)
        if self._optimiser is None:
            compiled = compiled_site(problem.site, problem.grid.step_s, self._cache)
            # Rounding is as good here and takes the same time on any machine.
            self._optimiser = Optimiser(compiled, binary_rounds=0)
        found = self._optimiser.solve(problem, BUDGET_S, snapshot.at)
        if isinstance(found, Plan):
            return found
        self.unplanned += 1
        return None

    def _problem(self, step: int, snapshot: Snapshot) -> Problem:
        """The agent's own problem, with the prices that were."""
        case, loaded = self._case, self._case.loaded
        cycles = {
            tank.setpoint: self._gate.cycled_at(tank.id)
            for tank in loaded.site.assets.thermal_stores
            if tank.setpoint is not None
        }
        past = Past(kept=self._kept, cycles=cycles)
        known = reality(loaded.site, loaded.tariff, snapshot, {}, {}, past)
        built = build_problem(loaded, self._history(step), known)
        if isinstance(built, str):
            raise BacktestError(built)
        price = on_grid(case.price[step : step + DAY], built.grid)
        forecast = replace(
            built.forecast, load_kw=(0.0,) * len(built.grid), import_price_per_kwh=price
        )
        if self._forecast is not ForecastKind.OWN:
            first = step - DAY if self._forecast is ForecastKind.PERSISTENCE else step
            outdoor = on_grid(case.outdoor_c[first : first + DAY], built.grid)
            forecast = replace(forecast, outdoor_temp_c=outdoor)
        return replace(built, forecast=forecast)

    def _history(self, step: int) -> SiteHistory:
        """The outdoor temperature so far; the rest of the house is none of this building's."""
        case = self._case
        first = max(0, step - RECENT)

        def history(values: Floats) -> History:
            return History(case.at(first), QUARTER_S, values)

        return SiteHistory(
            load_kw=history(np.zeros(step - first)),
            outdoor_temp_c=history(case.outdoor_c[first:step]),
            irradiance_w_per_m2=None,
            pv_kw={},
        )

    def _remember(self, now: datetime, house: House) -> None:
        """The work that this quarter hour does, and since when each load has been running."""
        running, done = {}, {(one.load, one.earliest): one.kwh for one in self._kept.done}
        for work in self._works:
            name = work.asset.id
            if not house.pumps[name].on:
                continue
            running[name] = self._kept.running_since.get(name, now)
            for job in self._jobs(work, now):
                place = (name, job)
                done[place] = done.get(place, 0.0) + work.power_kw * QUARTER_S / 3600
        lately = now - timedelta(days=2)
        self._kept = Kept(
            at=now,
            done=tuple(
                Done(load=load, earliest=earliest, kwh=kwh)
                for (load, earliest), kwh in done.items()
                if earliest > lately
            ),
            running_since=running,
        )

    def _jobs(self, work: Work, now: datetime) -> tuple[datetime, ...]:
        found = jobs(work.asset, work.energy_kwh, self._case.loaded.zone, (now, now + MOMENT))
        return tuple(job.earliest for job in found)
