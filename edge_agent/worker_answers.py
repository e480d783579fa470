"""What the planning worker answers: history, forecast and the hot optimiser make a plan.

Reads history read-only, never imports Pyomo, and survives every question: what goes wrong is the
answer's refusal.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from edge_agent.feeds.day_class import hear
from edge_agent.feeds.reader import BookReader
from edge_agent.forecasting.equipment import to_plate, with_learnt
from edge_agent.forecasting.knowing import Knowing
from edge_agent.forecasting.record import FOLDER, ForecastRecord
from edge_agent.histories import site_history, wanted_points
from edge_agent.memory import rss_mb
from edge_agent.optimisers import Optimisers
from edge_agent.plan_words import PlanAnswer, PlanRequest
from edge_agent.planning_grid import plan_grid
from edge_agent.problem import Outside, build_problem
from edge_agent.site.loaded import LoadedSite
from edge_agent.site.prices import read_prices
from edge_agent.sitemodel import site_model
from edge_agent.store.reader import HistoryReader
from edge_agent.store.types import StoreError
from models.clusters import MOST_ZONES, Clustered, cluster_rooms, per_room
from models.solver import Rejected
from models.types import ModelError, Plan, Problem, Reason, ReasonCode

RESERVE_SHARE, RESERVE_S = 0.1, 0.15
"""Of the budget, and at least so long: for handing over the plan."""
LEAST_S = 0.1
STUCK_S = 5.0
HISTORY_DAYS = 36.0
"""The forecasts look four weeks back."""


class Worker:
    """Keeps history and the compiled, hot optimiser between questions."""

    def __init__(self, loaded: LoadedSite, database: Path, cache: Path) -> None:
        self._loaded = loaded
        hear(loaded.holidays)
        self._reader = HistoryReader(database, days=HISTORY_DAYS)
        self._optimisers = Optimisers(cache)
        self._wanted = wanted_points(loaded.site)
        feed = loaded.site.feeds.price
        fixed = feed is not None and feed.format == "file"
        self._price_file = loaded.path.parent / feed.file if feed is not None and fixed else None
        self._prices_of_ns: int | None = -1
        """Of no file: it may have been replaced since it was read with the site."""
        self._books = BookReader(loaded.sources, cache.parent)
        span = timedelta(days=HISTORY_DAYS)
        self._knowing = Knowing(loaded.site, database, self._books, span)
        self._record = ForecastRecord(cache.parent / FOLDER)
        self._price_trouble: tuple[Reason, ...] = ()
        self._rooms: Clustered | None = None
        self._starting = True

    def answer(self, request: PlanRequest) -> PlanAnswer:
        """A plan, or why there is none."""
        try:
            outcome = self._plan(request)
        except (ModelError, StoreError, OSError, ValueError, ArithmeticError, LookupError) as error:
            outcome = f"{type(error).__name__}: {error}"
        if isinstance(outcome, str):
            return PlanAnswer(id=request.id, plan=None, refusal=outcome, rss_mb=rss_mb())
        return PlanAnswer(id=request.id, plan=outcome, rss_mb=rss_mb())

    def _plan(self, request: PlanRequest) -> Plan | str:
        began_s = time.monotonic()
        problem = self._problem(request)
        if isinstance(problem, str):
            return problem
        self._rooms = rooms = self._clustered(problem)
        optimiser = self._optimisers.optimiser(rooms.problem.site, problem.grid.step_s)
        if self._starting:  # weeks are read, the site is compiled: for that the agent waits
            began_s, self._starting = time.monotonic(), False
        left_s = solving_s(request.budget_s) - (time.monotonic() - began_s)
        found = optimiser.solve(rooms.problem, max(LEAST_S, left_s), request.reality.at)
        if isinstance(found, Rejected):
            return found.reason.text
        found = replace(found, zones=per_room(problem, rooms, found.zones))
        return to_plate(found, self._loaded.site, problem.site)

    def _clustered(self, problem: Problem) -> Clustered:
        """Many rooms as few zones; another grouping counts once it is compiled."""
        before = self._rooms
        rooms = cluster_rooms(problem, before=before)
        if before is None or len(problem.site.zones) <= MOST_ZONES:
            return rooms
        wanted = rooms.problem.site
        if self._optimisers.model_for(wanted, problem.grid.step_s) == wanted:
            return rooms
        return cluster_rooms(problem, before=before, apart_k=math.inf)

    def stuck(self) -> bool:
        """Whether the solver runs on though it was given up: only a new process ends it."""
        return self._optimisers.stuck(STUCK_S)

    def _problem(self, request: PlanRequest) -> Problem | str:
        self._reader.advance(self._wanted, request.reality.at)
        now, site = request.reality.at, self._loaded.site
        history = site_history(site, self._reader.series, self._knowing.held(now), now)
        if history is None:
            return "nothing has been measured yet"
        notes = self._renew_prices()
        learnt, (weather, doubts) = self._knowing.learnt(), self._knowing.weather(now)
        known = replace(request.reality, reasons=(*request.reality.reasons, *notes, *doubts))
        given = site_model(site, self._loaded.tariff)
        wanted = with_learnt(given, learnt)
        outside = Outside(
            books=self._books,
            learnt=learnt,
            weather=weather,
            # Many rooms share few zones, whose make-up must not change with what is learnt.
            model=given
            if len(given.zones) > MOST_ZONES
            else self._optimisers.model_for(wanted, plan_grid(site.planning, now).step_s),
            note=self._record.keep,
        )
        return build_problem(self._loaded, history, known, outside)

    def _renew_prices(self) -> tuple[Reason, ...]:
        """Read the price file again when it has changed; a wrong one leaves the old prices."""
        if self._price_file is None:
            return ()
        changed_ns = _changed_ns(self._price_file)
        if changed_ns != self._prices_of_ns:
            self._prices_of_ns = changed_ns
            file, currency = self._price_file, self._loaded.site.site.currency
            prices, mistakes = read_prices(file, currency)
            if prices is not None:
                self._loaded = replace(self._loaded, prices=prices)
                self._price_trouble = ()
            else:
                text = f"the price file is not usable, older prices stay: {mistakes[0]}"
                self._price_trouble = (Reason(code=ReasonCode.INPUT_STALE, text=text),)
        return self._price_trouble


def solving_s(budget_s: float) -> float:
    """Seconds of a budget in which the plan has to be there; a short one is halved at most."""
    return budget_s - max(RESERVE_SHARE * budget_s, min(RESERVE_S, budget_s / 2))


def _changed_ns(path: Path) -> int | None:
    """When the file was last written, None when it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
