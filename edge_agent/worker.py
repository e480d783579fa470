"""The planning worker, a process of its own: asked on stdin, answers on stdout, one JSON line each.

Reads history read-only, never imports Pyomo, and survives every question: what goes wrong is the
answer's refusal.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from edge_agent.compiled_site import compiled_site
from edge_agent.feeds.reader import BookReader
from edge_agent.fingerprint import fingerprint
from edge_agent.histories import site_history, wanted_points
from edge_agent.memory import one_heap, rss_mb
from edge_agent.plan_words import ANSWER, REQUEST, PlanAnswer, PlanRequest
from edge_agent.problem import Outside, build_problem
from edge_agent.site.load import LoadedSite, feed_sources, load_site
from edge_agent.site.mistakes import SiteError
from edge_agent.store.reader import HistoryReader
from edge_agent.store.types import StoreError
from models.solver import Optimiser, Rejected
from models.types import ModelError, Plan, Problem, Reason, ReasonCode

ARGUMENTS = 4
RESERVE_SHARE = 0.1
"""Of the budget, for reading out, judging and handing over the plan."""
LEAST_S = 0.1
HISTORY_DAYS = 36.0
"""The forecasts look four weeks back."""
CHANGED = "the site file has changed since the gateway started: restart it to use the new one"


class Worker:
    """Keeps history and the compiled, hot optimiser between questions."""

    def __init__(self, loaded: LoadedSite, database: Path, cache: Path) -> None:
        self._loaded = loaded
        self._cache = cache
        self._reader = HistoryReader(database, days=HISTORY_DAYS)
        self._optimiser: Optimiser | None = None
        self._wanted = wanted_points(loaded.site)
        feed = loaded.site.feeds.price
        fixed = feed is not None and feed.format == "file"
        self._price_file = loaded.path.parent / feed.file if feed is not None and fixed else None
        self._prices_of_ns = None if self._price_file is None else _changed_ns(self._price_file)
        self._books = BookReader(feed_sources(loaded), cache.parent)
        self._price_trouble: tuple[Reason, ...] = ()

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
        if self._optimiser is None:
            compiled = compiled_site(problem.site, problem.grid.step_s, self._cache)
            self._optimiser = Optimiser(compiled)
        left_s = request.budget_s * (1 - RESERVE_SHARE) - (time.monotonic() - began_s)
        found = self._optimiser.solve(problem, max(LEAST_S, left_s), request.reality.at)
        return found.reason.text if isinstance(found, Rejected) else found

    def _problem(self, request: PlanRequest) -> Problem | str:
        self._reader.advance(self._wanted, request.reality.at)
        history = site_history(self._loaded.site, self._reader.series)
        if history is None:
            return "nothing has been measured yet"
        notes = self._renew_prices()
        known = replace(request.reality, reasons=(*request.reality.reasons, *notes))
        outside = Outside(books=self._books)
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


def _changed_ns(path: Path) -> int | None:
    """When the file was last written, None when it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def serve(worker: Worker, questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer line by line until the agent hangs up."""
    for line in questions:
        request = REQUEST.validate_json(line)
        answers.write(ANSWER.dump_json(worker.answer(request)) + b"\n")
        answers.flush()


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
    serve(
        Worker(load_site(site), database, state_dir / "compiled"),
        sys.stdin.buffer,
        sys.stdout.buffer,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
