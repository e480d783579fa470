"""The control cycle: plan -> fast loop -> arbiter -> guard -> dispatch, on a fixed beat."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from drivers.types import Clock
from edge_agent.arbiter import Entry, Priority, arbitrate
from edge_agent.control_memory import ControlMemory
from edge_agent.dispatch import Dispatch
from edge_agent.envelope import BatteryEnvelope, Envelope
from edge_agent.export_limit import export_claims
from edge_agent.fastloop.budget import Charge
from edge_agent.fastloop.sights import Sights
from edge_agent.fastloop.tracker import Tracker
from edge_agent.grid_operator import changes, follow, limits
from edge_agent.grid_parts import NOTHING, GridParts
from edge_agent.guard import Guarded, guard_cycle
from edge_agent.operator_claims import OperatorSight, narrowed, operator_claims
from edge_agent.snapshot import Board, Snapshot
from edge_agent.taken import Taken, taken
from models.types import Plan

HOLD_TICKS = 3
"""A plan's claim lasts so many ticks: it ends by itself when the cycle stops."""
PEOPLE = frozenset({Priority.LOCAL_OVERRIDE, Priority.MANUAL})


@dataclass(slots=True, kw_only=True)
class TickCounts:
    """Since start."""

    done: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlParts:
    """What the cycle works with."""

    board: Board
    dispatch: Dispatch
    envelopes: Mapping[str, Envelope]
    tracker: Tracker
    clock: Clock
    memory: ControlMemory
    people: Callable[[datetime], list[Entry]]
    charges: Callable[[], Sequence[Charge]]
    tell: Callable[[str, str, datetime], Awaitable[None]]
    """Kind, text and time of a line for the audit trail."""
    grid: GridParts = NOTHING


class ControlLoop:
    """Runs the cycle every `tick_s` plant seconds; a late tick is counted, never bunched up."""

    def __init__(self, parts: ControlParts) -> None:
        self._parts = parts
        self._safety: dict[str, Entry] = {}
        self._sights = Sights()
        self.decisions: tuple[Guarded, ...] = ()
        self.taken: tuple[Taken, ...] = ()
        """What the last cycle did not carry out as planned."""
        self.counts = TickCounts()

    @property
    def note(self) -> str:
        """What keeps the batteries off the plan, or why the meter is not steered by."""
        return self._parts.tracker.state.note

    @property
    def memory(self) -> ControlMemory:
        """What outlives a restart."""
        return self._parts.memory

    async def take_up(self) -> None:
        """Go on from what was known before a restart."""
        await self._parts.memory.load(self._parts.grid.meter_mark)
        lag = self._parts.memory.lag
        self._parts.tracker.know(lag)
        for one in self._parts.envelopes.values():
            if isinstance(one, BatteryEnvelope):
                self._sights.know(one.connection.meter, lag)

    def held_by_people(self) -> Mapping[str, str]:
        """Points a person controls, with the reason."""
        winners = ((one.point, one.decision) for one in self.decisions)
        return {
            point: decision.reason
            for point, decision in winners
            if decision.winner is not None and decision.winner.priority in PEOPLE
        }

    async def run(
        self, tick_s: float, plan: Callable[[], Plan | None], after: Callable[[Snapshot], None]
    ) -> None:
        """Tick for ever with the plan in force; `after` sees each cycle's snapshot."""
        clock = self._parts.clock
        due_s = clock.monotonic_s()
        while True:
            after(await self.tick(plan(), tick_s))
            due_s += tick_s
            behind_s = clock.monotonic_s() - due_s
            if behind_s > 0:
                skipped = int(behind_s // tick_s)
                self.counts.missed += skipped
                due_s += skipped * tick_s
            await clock.sleep(due_s - clock.monotonic_s())

    async def tick(self, plan: Plan | None, tick_s: float) -> Snapshot:
        """One cycle."""
        parts = self._parts
        snapshot = parts.board.freeze(parts.clock.now())
        self._sights.look(parts.envelopes, snapshot, parts.memory.recall)
        operator, envelopes = await self._operator(snapshot)
        entries = [*operator, *self._claims(plan, snapshot, envelopes, tick_s)]
        decisions = arbitrate(envelopes, entries, snapshot.at)
        loads = self._sights.loads
        cycle = guard_cycle(decisions, envelopes, snapshot, parts.memory.recall, loads)
        parts.memory.recall, self.decisions = cycle.recall, cycle.guarded
        parts.memory.lag = parts.tracker.lag
        self.taken = taken(cycle.guarded)
        await self._tell_grid(snapshot)
        await parts.dispatch.tick(self.decisions, snapshot)
        self.counts.done += 1
        return snapshot

    async def _operator(self, snapshot: Snapshot) -> tuple[list[Entry], Mapping[str, Envelope]]:
        """The grid operator's claims, and the envelopes as narrow as it wants them."""
        parts, memory = self._parts, self._parts.memory
        before, memory.states = memory.states, follow(parts.grid.signals, memory.states, snapshot)
        for line in changes(before, memory.states):
            await parts.tell("grid_operator", line, snapshot.at)
        found = limits(parts.grid.signals, memory.states)
        envelopes = narrowed(parts.envelopes, found) if found else parts.envelopes
        sight = OperatorSight(without_sun=self._sights.without_sun, rest=self._sights.rest)
        return operator_claims(envelopes, found, snapshot, sight), envelopes

    def _claims(
        self,
        plan: Plan | None,
        snapshot: Snapshot,
        envelopes: Mapping[str, Envelope],
        tick_s: float,
    ) -> list[Entry]:
        """People, devices, safety and the plan."""
        parts, now = self._parts, snapshot.at
        entries = [*parts.people(now), *parts.dispatch.local_overrides()]
        without_sun = self._sights.without_sun
        self._safety = export_claims(envelopes.values(), self._safety, snapshot, now, without_sun)
        entries += self._safety.values()
        if plan is None:
            parts.tracker.released(now)
        else:
            hold_s = HOLD_TICKS * tick_s
            planned = parts.tracker.step(plan, snapshot, parts.charges(), now, hold_s)
            if parts.grid.response is not None:
                planned = parts.grid.response.add(planned, envelopes, snapshot)
            entries += planned
        return entries

    async def _tell_grid(self, snapshot: Snapshot) -> None:
        """What the grid did, and what was done for its frequency."""
        grid, tell = self._parts.grid, self._parts.tell
        for line in () if grid.quality is None else grid.quality.look(snapshot):
            await tell("grid", line, snapshot.at)
        for line in () if grid.response is None else grid.response.told():
            await tell("frequency", line, snapshot.at)
