"""The planning worker, a process of its own: asked on stdin, answers on stdout, one JSON line each.

Reads history read-only, never imports Pyomo, and survives every question: what goes wrong is the
answer's refusal.
"""

from __future__ import annotations

import math
import os
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from edge_agent.feeds.reader import BookReader
from edge_agent.fingerprint import fingerprint
from edge_agent.forecasting.equipment import to_plate, with_learnt
from edge_agent.forecasting.knowing import Knowing
from edge_agent.forecasting.record import FOLDER, ForecastRecord
from edge_agent.histories import site_history, wanted_points
from edge_agent.memory import one_heap, rss_mb
from edge_agent.optimisers import Optimisers
from edge_agent.plan_words import ANSWER, REQUEST, PlanAnswer, PlanRequest
from edge_agent.planning_grid import plan_grid
from edge_agent.problem import Outside, build_problem
from edge_agent.site.load import LoadedSite, feed_sources, load_site
from edge_agent.site.mistakes import SiteError
from edge_agent.sitemodel import site_model
from edge_agent.start_pages import give_back_code
from edge_agent.store.reader import HistoryReader
from edge_agent.store.types import StoreError
from models.clusters import MOST_ZONES, Clustered, cluster_rooms, per_room
from models.solver import Rejected
from models.types import ModelError, Plan, Problem, Reason, ReasonCode

ARGUMENTS = 4
RESERVE_SHARE, RESERVE_S = 0.1, 0.15
"""Of the budget, and at least so long: for handing over the plan."""
LEAST_S = 0.1
STUCK_S = 5.0
STUCK_EXIT = 3
"""A solver that runs on so long after it was given up takes its process with it."""
HISTORY_DAYS = 36.0
"""The forecasts look four weeks back."""
CHANGED = "the site file has changed since the gateway started: restart it to use the new one"


class Worker:
    """Keeps history and the compiled, hot optimiser between questions."""

    def __init__(self, loaded: LoadedSite, database: Path, cache: Path) -> None:
        self._loaded = loaded
        self._reader = HistoryReader(database, days=HISTORY_DAYS)
        self._optimisers = Optimisers(cache)
        self._wanted = wanted_points(loaded.site)
        feed = loaded.site.feeds.price
        fixed = feed is not None and feed.format == "file"
        self._price_file = loaded.path.parent / feed.file if feed is not None and fixed else None
        self._prices_of_ns = None if self._price_file is None else _changed_ns(self._price_file)
        self._books = BookReader(feed_sources(loaded), cache.parent)
        span = timedelta(days=HISTORY_DAYS)
        self._knowing = Knowing(loaded.site, database, self._books, span)
        self._record = ForecastRecord(cache.parent / FOLDER)
        self._price_trouble: tuple[Reason, ...] = ()
        self._rooms: Clustered | None = None

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
            try:
                self._loaded = replace(self._loaded, prices=load_site(self._loaded.path).prices)
                self._price_trouble = ()
            except SiteError as error:
                text = f"the price file is not usable, older prices stay: {error.mistakes[0]}"
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


def serve(worker: Worker, questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer line by line until the agent hangs up; what only the last answer needed is let go."""
    give_back_code()
    for line in questions:
        request = REQUEST.validate_json(line)
        answers.write(ANSWER.dump_json(worker.answer(request)) + b"\n")
        answers.flush()
        give_back_code()
        if worker.stuck():
            os._exit(STUCK_EXIT)  # an orderly end would wait for the thread that never ends


def refuse_all(why: str, questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer every question with the same refusal."""
    for line in questions:
        refusal = PlanAnswer(
            id=REQUEST.validate_json(line).id, plan=None, refusal=why, rss_mb=rss_mb()
        )
        answers.write(ANSWER.dump_json(refusal) + b"\n")
        answers.flush()


def main(words: list[str]) -> int:
    """`python -I -m edge_agent.worker SITE FINGERPRINT STATE_DIR DATABASE`."""
    one_heap()
    if len(words) != ARGUMENTS:
        usage = "python -I -m edge_agent.worker SITE FINGERPRINT STATE_DIR DATABASE"
        sys.stderr.write(f"usage: {usage}\n")
        return 2
    site, state_dir, database = (Path(words[place]) for place in (0, 2, 3))
    if fingerprint(site) != words[1]:
        refuse_all(CHANGED, sys.stdin.buffer, sys.stdout.buffer)
        return 1
    worker = Worker(load_site(site), database, state_dir / "compiled")
    serve(worker, sys.stdin.buffer, sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
