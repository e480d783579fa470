"""Always has a plan: the worker's, else the last, else rules, else safe values; and says why.

Down the ladder it goes at once, up again only when the better rung has proved itself.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from edge_agent.ladder import GOOD_PLANS, RUNGS, Ladder, Rung, step
from edge_agent.plan_lines import PLAN
from edge_agent.plan_words import PlanAnswer, PlanRequest, Reality
from edge_agent.worker_client import WorkerError
from models.knowledge import Knowledge
from models.rules import rules_plan, safe_plan
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

    async def audit(self, kind: str, text: str, at: datetime) -> None:
        """One line for the operator."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """On which rung the plan in force stands, since when, and why not higher."""

    rung: Rung
    since: datetime
    why: str


class Planner:
    """Makes plans and keeps the one in force."""

    def __init__(self, worker: Asked, journal: PlanJournal, budget_s: float) -> None:
        self._worker = worker
        self._journal = journal
        self._budget_s = budget_s
        self._requests = 0
        self._by_solver: Plan | None = None
        self._ladder = Ladder()
        self._fell = Reason(code=ReasonCode.WORKER_DOWN, text="no plan has been made yet")
        self.standing: Standing | None = None
        """None before the first plan."""
        self.current: Plan | None = None
        self.failures_in_a_row = 0
        self.worker_faults = 0
        """Times in a row that the worker broke off or was late; a refusal is an answer."""
        self.counts: dict[PlanSource, int] = dict.fromkeys(PlanSource, 0)

    @property
    def unsettled(self) -> bool:
        """Whether the next plan should be tried soon: none by the solver, or one on trial."""
        return self.failures_in_a_row > 0 or self._ladder.climbing

    async def replan(self, reality: Reality, known: Knowledge) -> Plan:
        """One plan from the highest rung of the ladder that holds."""
        answer = await self._from_worker(reality)
        if isinstance(answer, Reason):
            self.failures_in_a_row += 1
            self._fell = answer
            answer = self._without_solver(known, reality.at, answer)
        elif answer.source.by_solver:
            self.failures_in_a_row = 0
        else:
            self.failures_in_a_row += 1
            late = "the solver found nothing in time"
            self._fell = Reason(code=ReasonCode.SOLVER_LATE, text=late)
        return await self._adopt(answer, known, reality.at)

    async def without_worker(self, known: Knowledge, now: datetime, why: Reason) -> Plan:
        """A plan by rules for the time until the worker answers."""
        self._fell = why
        return await self._adopt(self._without_solver(known, now, why), known, now)

    async def look(self, now: datetime) -> None:
        """Notice when the plan has run out, and when it covers the moment again."""
        if self.current is not None:
            covers = self.current.grid.step_at(now) is not None
            rung = RUNGS[self.current.source] if covers else Rung.RELEASED
            if rung is not self._ladder.rung:
                self._ladder = Ladder(rung=rung, fallen=True)
                why = "it covers this moment again" if covers else "the plan has run out"
                await self._stand(rung, why, now)

    async def _adopt(self, offered: Plan, known: Knowledge, now: datetime) -> Plan:
        ladder = step(self._ladder, RUNGS[offered.source], now)
        on_trial = ladder.climbing
        plan = self._held(ladder, known, now) if on_trial else offered
        if plan.source.by_solver:
            self._by_solver = plan
        self._ladder = replace(ladder, rung=RUNGS[plan.source])
        self.current = plan
        self.counts[plan.source] += 1
        await self._stand(self._ladder.rung, _why(plan, self._fell), now)
        text = PLAN.dump_json(plan).decode()
        await self._journal.plan_put(plan.made_at, plan.source, text, degraded=plan.degraded)
        return plan

    def _held(self, ladder: Ladder, known: Knowledge, now: datetime) -> Plan:
        """A plan from the rung it stands on, though a better one could be had."""
        trial = f"a better plan is on trial ({ladder.good} of {GOOD_PLANS})"
        why = replace(self._fell, text=f"{trial}, after: {self._fell.text}")
        if ladder.rung is Rung.SAFE:
            return safe_plan(known, now, (why,))
        return rules_plan(known, now, (why,))

    async def _stand(self, rung: Rung, why: str, now: datetime) -> None:
        before = self.standing
        if before is not None and before.rung is rung:
            self.standing = replace(before, why=why)
            return
        self.standing = Standing(rung=rung, since=now, why=why)
        came = "nothing" if before is None else before.rung.name.lower()
        text = f"plan from {rung.name.lower()} instead of {came}: {why}"
        await self._journal.audit("ladder", text, now)

    async def _from_worker(self, reality: Reality) -> Plan | Reason:
        self._requests += 1
        request = PlanRequest(id=self._requests, reality=reality, budget_s=self._budget_s)
        try:
            answer = await self._worker.ask(request)
        except WorkerError as error:
            log.warning("planning worker: %s", error)
            self.worker_faults += 1
            return Reason(code=ReasonCode.WORKER_DOWN, text=f"planning worker: {error}")
        self.worker_faults = 0
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


def _why(plan: Plan, fell: Reason) -> str:
    """One sentence for the rung: what keeps the plan from standing higher."""
    if plan.source.by_solver:
        return "a new plan by the solver"
    missing = [r.text for r in plan.reasons if r.code is ReasonCode.INPUT_MISSING]
    return "; ".join((fell.text, *missing)) if plan.source is PlanSource.SAFE else fell.text


def _still_good(plan: Plan, now: datetime) -> bool:
    return now - plan.made_at <= LAST_PLAN_MAX_AGE and plan.grid.end - now >= LAST_PLAN_MIN_REST
