"""Always has a plan: the worker's, else the last, else rules, else safe values; and says why."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from edge_agent.plan_words import PLAN, PlanAnswer, PlanRequest, Reality
from edge_agent.worker_client import WorkerError
from models.knowledge import Knowledge
from models.rules import rules_plan
from models.types import Plan, PlanSource, Reason, ReasonCode

log = logging.getLogger(__name__)

LAST_PLAN_MAX_AGE = timedelta(hours=6)
LAST_PLAN_MIN_REST = timedelta(hours=1)
"""A last plan is used while it is younger than the one and still covers the other."""


class Asked(Protocol):
    """Who makes plans: the worker."""

    async def ask(self, request: PlanRequest) -> PlanAnswer:
        """A plan or a refusal within the budget; raises WorkerError."""
        ...


class PlanJournal(Protocol):
    """Where plans are kept."""

    async def plan_put(
        self, made_at: datetime, source: str, json_text: str, *, degraded: bool
    ) -> None:
        """Keep a plan."""
        ...


class Planner:
    """Makes plans and keeps the one in force."""

    def __init__(self, worker: Asked, journal: PlanJournal, budget_s: float) -> None:
        self._worker = worker
        self._journal = journal
        self._budget_s = budget_s
        self._requests = 0
        self._by_solver: Plan | None = None
        self.current: Plan | None = None
        self.failures_in_a_row = 0
        self.counts: dict[PlanSource, int] = dict.fromkeys(PlanSource, 0)

    async def replan(self, reality: Reality, known: Knowledge) -> Plan:
        """One plan from the highest rung of the ladder that holds."""
        plan = await self._from_worker(reality)
        if isinstance(plan, Reason):
            self.failures_in_a_row += 1
            plan = self._without_solver(known, reality.at, plan)
        else:
            self.failures_in_a_row = 0
            self._by_solver = plan
        return await self._adopt(plan)

    async def without_worker(self, known: Knowledge, now: datetime, why: Reason) -> Plan:
        """A plan by rules for the time until the worker answers."""
        return await self._adopt(self._without_solver(known, now, why))

    async def _adopt(self, plan: Plan) -> Plan:
        self.current = plan
        self.counts[plan.source] += 1
        text = PLAN.dump_json(plan).decode()
        await self._journal.plan_put(plan.made_at, plan.source, text, degraded=plan.degraded)
        return plan

    async def _from_worker(self, reality: Reality) -> Plan | Reason:
        self._requests += 1
        request = PlanRequest(id=self._requests, reality=reality, budget_s=self._budget_s)
        try:
            answer = await self._worker.ask(request)
        except WorkerError as error:
            log.warning("planning worker: %s", error)
            return Reason(code=ReasonCode.WORKER_DOWN, text=f"planning worker: {error}")
        if answer.plan is None:
            log.warning("no solver plan: %s", answer.refusal)
            return Reason(code=ReasonCode.SOLVER_FAILED, text=f"no solver plan: {answer.refusal}")
        return answer.plan

    def _without_solver(self, known: Knowledge, now: datetime, why: Reason) -> Plan:
        last = self._by_solver
        if last is not None and _still_good(last, now):
            made = last.made_at.isoformat(timespec="minutes")
            shifted = Reason(code=ReasonCode.PLAN_SHIFTED, text=f"the plan of {made} goes on")
            return replace(last, source=PlanSource.LAST, reasons=(why, shifted, *known.reasons))
        return rules_plan(known, now, (why,))


def _still_good(plan: Plan, now: datetime) -> bool:
    return now - plan.made_at <= LAST_PLAN_MAX_AGE and plan.grid.end - now >= LAST_PLAN_MIN_REST
