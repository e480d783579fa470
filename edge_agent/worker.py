"""The planning worker, a process of its own: asked on stdin, answers on stdout, one JSON line each.

Reads history read-only, never imports Pyomo, and survives every question: what goes wrong is the
answer's refusal.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

from edge_agent.compiled_site import compiled_site
from edge_agent.histories import site_history, wanted_points
from edge_agent.memory import rss_mb
from edge_agent.plan_words import ANSWER, REQUEST, PlanAnswer, PlanRequest
from edge_agent.problem import build_problem
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.store.reader import HistoryReader
from edge_agent.store.types import StoreError
from models.solver import Optimiser, Rejected
from models.types import ModelError, Plan, Problem

ARGUMENTS = 3


class Worker:
    """Keeps history and the compiled, hot optimiser between questions."""

    def __init__(self, loaded: LoadedSite, database: Path, cache: Path) -> None:
        self._loaded = loaded
        self._cache = cache
        self._reader = HistoryReader(database)
        self._optimiser: Optimiser | None = None
        self._wanted = wanted_points(loaded.site)

    def answer(self, request: PlanRequest) -> PlanAnswer:
        """A plan, or why there is none."""
        try:
            outcome = self._plan(request)
        except (ModelError, StoreError) as error:
            outcome = str(error)
        if isinstance(outcome, str):
            return PlanAnswer(id=request.id, plan=None, refusal=outcome, rss_mb=rss_mb())
        return PlanAnswer(id=request.id, plan=outcome, rss_mb=rss_mb())

    def _plan(self, request: PlanRequest) -> Plan | str:
        problem = self._problem(request)
        if isinstance(problem, str):
            return problem
        if self._optimiser is None:
            compiled = compiled_site(problem.site, problem.grid.step_s, self._cache)
            self._optimiser = Optimiser(compiled)
        found = self._optimiser.solve(problem, request.budget_s, request.reality.at)
        return found.reason.text if isinstance(found, Rejected) else found

    def _problem(self, request: PlanRequest) -> Problem | str:
        self._reader.advance(self._wanted, request.reality.at)
        history = site_history(self._loaded.site, self._reader.series)
        return build_problem(self._loaded, history, request.reality)


def serve(worker: Worker, questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer line by line until the agent hangs up."""
    for line in questions:
        request = REQUEST.validate_json(line)
        answers.write(ANSWER.dump_json(worker.answer(request)) + b"\n")
        answers.flush()


def main(words: list[str]) -> int:
    """`python -I -m edge_agent.worker SITE STATE_DIR DATABASE`."""
    if len(words) != ARGUMENTS:
        sys.stderr.write("usage: python -I -m edge_agent.worker SITE STATE_DIR DATABASE\n")
        return 2
    site, state_dir, database = (Path(word) for word in words)
    serve(
        Worker(load_site(site), database, state_dir / "compiled"),
        sys.stdin.buffer,
        sys.stdout.buffer,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
