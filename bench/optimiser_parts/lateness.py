"""How late answers come: the gateway's planner and its worker on hard days, stopped ones included.

The rules stand in where the worker is late, as they do in the gateway, so that every wait ends
with a plan.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from datetime import datetime
from pathlib import Path

from bench.optimiser_parts.hard_worker import hard_day
from bench.optimiser_parts.hotel import START
from edge_agent.plan_words import Reality
from edge_agent.planner import Planner
from edge_agent.worker_client import WorkerClient
from models.knowledge import knowledge_of

WORKER = Path(__file__).with_name("hard_worker.py")
BUDGETS_S = (0.5, 1.0, 2.0, 4.0)
GRACE_S = 0.2
PLENTY_S = 60.0
Figures = dict[str, float | int]


class Journal:
    """Keeps nothing: only the wait for a plan is measured here."""

    async def plan_put(
        self, made_at: datetime, source: str, json_text: str, *, degraded: bool
    ) -> None:
        """A plan goes by."""

    async def audit(self, kind: str, text: str, at: datetime) -> None:
        """A line goes by."""


class Waits:
    """What every budget has come to."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command
        self._number = 0
        self.overrun_s: list[float] = []
        self.sources: dict[str, int] = {}

    async def at(self, budget_s: float, questions: int) -> None:
        """A worker asked `questions` times, stopped by a signal and asked, and asked once more.

        The last question finds a worker that is only starting.
        """
        client = WorkerClient(self._command)
        try:
            await self._ask(client, PLENTY_S)
            self.overrun_s.pop()  # the first answer waits for the process to start
            for _ in range(questions):
                await self._ask(client, budget_s)
            if client.pid is not None:
                os.kill(client.pid, signal.SIGSTOP)
            await self._ask(client, budget_s)
            await self._ask(client, budget_s)
        finally:
            await client.close()

    async def _ask(self, client: WorkerClient, budget_s: float) -> None:
        self._number += 1
        planner = Planner(client, Journal(), budget_s)
        known = knowledge_of(hard_day(self._number))
        reality = Reality(at=START, batteries=(), zones=(), demand_terms=())
        began_s = time.monotonic()
        plan = await planner.replan(reality, known)
        self.overrun_s.append(time.monotonic() - began_s - budget_s)
        self.sources[plan.source] = self.sources.get(plan.source, 0) + 1


def lateness(cache: Path, questions: int) -> Figures:
    """Answers later than budget + 0.2 s, among how many, and the latest of all."""
    waits = Waits((sys.executable, str(WORKER), str(cache)))

    async def every_budget() -> None:
        for budget_s in BUDGETS_S:
            await waits.at(budget_s, questions)

    asyncio.run(every_budget())
    figures: Figures = {
        "late_answers": sum(over > GRACE_S for over in waits.overrun_s),
        "answers_waited_for": len(waits.overrun_s),
        "latest_s_over_budget": round(max(waits.overrun_s), 3),
    }
    return figures | {f"answers_by_{name}": count for name, count in waits.sources.items()}
