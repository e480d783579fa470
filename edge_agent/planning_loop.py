"""When to plan: every quarter of an hour, and at once when a measurement is lost or comes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from drivers.types import Clock
from edge_agent.control import ControlLoop
from edge_agent.drawer import Drawer
from edge_agent.guarding.recall import Recall
from edge_agent.last_plan import last_powers
from edge_agent.overridden import told
from edge_agent.peaks import PeakBook
from edge_agent.plan_words import Reality
from edge_agent.planner import Planner
from edge_agent.planning_grid import plan_grid
from edge_agent.plant_memory import PlantMemory
from edge_agent.reality import knowledge, reality
from edge_agent.reality_loads import Cycles, Past
from edge_agent.site.schema import Site
from edge_agent.site.tariff_schema import Tariff
from edge_agent.snapshot import Snapshot
from edge_agent.store.types import StoreError
from edge_agent.taken import Taken
from models.types import Plan, Reason, ReasonCode, floor_time

log = logging.getLogger(__name__)

SOC_LEAVE_SHARE = 0.05
"""A battery this share of its capacity away from the plan is reason to plan anew."""
MIN_GAP_S = 60.0
"""Unscheduled plans are at least so many plant seconds apart."""
RETRY_S = 60.0
"""Without a solver plan, or with one on trial, the next try comes so soon."""
AFTER_BOUNDARY_S = 5.0
"""Plans are made shortly after a boundary, so that the billing block before it has closed."""


class PlanningLoop:
    """Asks the planner in time."""

    def __init__(
        self, site: Site, tariff: Tariff, planner: Planner, peaks: PeakBook, clock: Clock
    ) -> None:
        self._site = site
        self._tariff = tariff
        self._planner = planner
        self._peaks = peaks
        self._clock = clock
        self._wanted = asyncio.Event()
        self._missing: tuple[str, ...] = ()
        self._last_s = float("-inf")
        self.held: Callable[[], Mapping[str, str]] = dict
        """Points that a person holds, with the reason."""
        self.cuts: Callable[[], Iterable[Taken]] = tuple
        """What of the plan the last control cycle did not carry out."""
        self.recall: Callable[[], Recall | None] = _nothing_recalled
        """What the guard remembers; None where it is not asked."""
        self.drawer: Drawer | None = None
        """Where the memory of the plant outlives a restart."""
        self._memory = PlantMemory(site)
        self._loaded = False

    def attach(self, control: ControlLoop, drawer: Drawer) -> None:
        """Hear what control cut and what its guard remembers; keep what is learnt in `drawer`."""
        self.cuts = lambda: control.taken
        self.recall = lambda: control.memory.recall
        self.drawer = drawer

    def reality(self, snapshot: Snapshot) -> Reality:
        """What is known at the snapshot."""
        past = Past(
            kept=self._memory.kept,
            cycles=_cycles(self.recall()),
            held_from_kw=self._peaks.held_from_kw,
        )
        peaks, blocks = self._peaks.peaks, self._peaks.blocks
        seen = reality(self._site, self._tariff, snapshot, peaks, blocks, past)
        known = told(seen, self._site, held := self.held())
        assumed = tuple(
            Reason(code=ReasonCode.ASSUMED, text=text, degrades=False)
            for text in self._peaks.assumed.values()
        )
        cuts = tuple(_told_cut(cut) for cut in self.cuts() if cut.point not in held)
        return replace(known, reasons=(*known.reasons, *assumed, *cuts))

    async def run(self, snapshot: Callable[[], Snapshot]) -> None:
        """Plan for ever."""
        while True:
            await self.plan_now(snapshot())
            await self._until_due()

    async def plan_now(self, snapshot: Snapshot) -> Plan:
        """One plan from what is known now."""
        await self._remember(snapshot)
        known = self.reality(snapshot)
        last_kw = last_powers(self._planner.current, plan_grid(self._site.planning, known.at))
        known = replace(known, last_kw=last_kw)
        self._wanted.clear()
        self._missing = known.missing
        self._last_s = self._clock.monotonic_s()
        rules = knowledge(self._site, self._tariff, snapshot, known)
        return await self._planner.replan(known, rules)

    async def decide_without_worker(self, snapshot: Snapshot) -> Plan:
        """The first plan, by rules, while the worker still starts."""
        await self._remember(snapshot)
        known = self.reality(snapshot)
        why = Reason(code=ReasonCode.WORKER_DOWN, text="the planning worker is starting")
        rules = knowledge(self._site, self._tariff, snapshot, known)
        return await self._planner.without_worker(rules, snapshot.at, why)

    def watch(self, snapshot: Snapshot) -> None:
        """Ask for a new plan when reality has left the one in force."""
        self._memory.see(snapshot, self._planner.current)
        known = self.reality(snapshot)
        if known.missing != self._missing or _has_left(self._planner.current, known, self._site):
            self._wanted.set()

    async def _remember(self, snapshot: Snapshot) -> None:
        """Take up what was known before a restart, once; look, and keep it."""
        if self.drawer is not None and not self._loaded:
            try:
                await self._memory.load(self.drawer)
                self._loaded = True
            except StoreError as error:
                # Plans go on without it, and what is kept is not overwritten.
                log.warning("what was known of the plant cannot be read: %s", error)
        self._memory.see(snapshot, self._planner.current)
        if self.drawer is not None and self._loaded:
            await self._memory.save(self.drawer)

    async def _until_due(self) -> None:
        every_s = self._site.planning.every_min * 60
        now = self._clock.now()
        boundary = floor_time(now, int(every_s)) + timedelta(seconds=every_s + AFTER_BOUNDARY_S)
        wait_s = (boundary - now).total_seconds()
        if self._planner.unsettled:
            wait_s = min(wait_s, RETRY_S)
        due = asyncio.create_task(self._clock.sleep(wait_s))
        asked = asyncio.create_task(self._asked())
        try:
            await asyncio.wait({due, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            due.cancel()
            asked.cancel()

    async def _asked(self) -> None:
        await self._wanted.wait()
        await self._clock.sleep(self._last_s + MIN_GAP_S - self._clock.monotonic_s())


def _nothing_recalled() -> Recall | None:
    return None


def _cycles(recall: Recall | None) -> Cycles | None:
    """When each tank's last anti-legionella cycle ended."""
    if recall is None:
        return None
    cycles = ((point, one.cycle) for point, one in recall.points.items())
    return {point: cycle.done_at for point, cycle in cycles if cycle is not None}


def _told_cut(cut: Taken) -> Reason:
    given = "left to the device" if cut.given is None else f"given {cut.given:g}"
    text = f"{cut.point}: the plan wished {cut.wished:g}, {given}: {cut.reason}"
    return Reason(code=ReasonCode.HELD_BACK, text=text, degrades=False)


def _has_left(plan: Plan | None, known: Reality, site: Site) -> bool:
    if plan is None:
        return False
    step = plan.grid.step_at(known.at)
    if step is None:
        return True
    planned = {part.id: part.soc_kwh[step] for part in plan.batteries}
    capacities = {asset.id: asset.capacity_kwh for asset in site.assets.battery}
    return any(
        state.soc_kwh is not None
        and state.id in planned
        and abs(state.soc_kwh - planned[state.id])
        > _tolerance_kwh(plan, step, capacities[state.id])
        for state in known.batteries
    )


def _tolerance_kwh(plan: Plan, step: int, capacity_kwh: float) -> float:
    """SOC is planned for the END of a step, so one step's worth of flow is no departure."""
    within_step = max(
        (abs(part.power_kw[step]) * plan.grid.step_s[step] / 3600 for part in plan.batteries),
        default=0.0,
    )
    return SOC_LEAVE_SHARE * capacity_kwh + within_step
