"""The control cycle: plan -> claims -> arbiter -> guard -> dispatch, on a fixed beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from drivers.types import Clock
from edge_agent.arbiter import Entry, arbitrate
from edge_agent.dispatch import Dispatch
from edge_agent.envelope import Envelope
from edge_agent.export_limit import export_claims
from edge_agent.guard import Guarded, guard_all
from edge_agent.snapshot import Board, Snapshot
from edge_agent.tracking import Actuators, claims
from models.types import Plan

HOLD_TICKS = 3
"""A plan's claim lasts so many ticks: it ends by itself when the cycle stops."""


@dataclass(slots=True, kw_only=True)
class TickCounts:
    """Since start."""

    done: int = 0
    missed: int = 0


class ControlLoop:
    """Runs the cycle every `tick_s` plant seconds; a late tick is counted, never bunched up."""

    def __init__(
        self,
        board: Board,
        dispatch: Dispatch,
        envelopes: Mapping[str, Envelope],
        actuators: Actuators,
        clock: Clock,
        people: Callable[[datetime], list[Entry]],
    ) -> None:
        self._board = board
        self._dispatch = dispatch
        self._envelopes = envelopes
        self._actuators = actuators
        self._clock = clock
        self._people = people
        self._safety: dict[str, Entry] = {}
        self.decisions: tuple[Guarded, ...] = ()
        self.counts = TickCounts()

    async def run(
        self, tick_s: float, plan: Callable[[], Plan | None], after: Callable[[Snapshot], None]
    ) -> None:
        """Tick for ever with the plan in force; `after` sees each cycle's snapshot."""
        due_s = self._clock.monotonic_s()
        while True:
            after(await self.tick(plan(), tick_s))
            due_s += tick_s
            behind_s = self._clock.monotonic_s() - due_s
            if behind_s > 0:
                skipped = int(behind_s // tick_s)
                self.counts.missed += skipped
                due_s += skipped * tick_s
            await self._clock.sleep(due_s - self._clock.monotonic_s())

    async def tick(self, plan: Plan | None, tick_s: float) -> Snapshot:
        """One cycle."""
        now = self._clock.now()
        snapshot = self._board.freeze(now)
        entries = self._people(now)
        entries += self._dispatch.local_overrides()
        self._safety = export_claims(self._envelopes.values(), self._safety, snapshot, now)
        entries += self._safety.values()
        if plan is not None:
            entries += claims(plan, self._actuators, now, hold_s=HOLD_TICKS * tick_s)
        decisions = arbitrate(self._envelopes, entries, now)
        self.decisions = guard_all(decisions, self._envelopes, snapshot)
        await self._dispatch.tick(self.decisions)
        self.counts.done += 1
        return snapshot
