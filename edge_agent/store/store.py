"""The store as the agent uses it: one SQLite file, one thread, never a blocked event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.types import Clock, Reading
from edge_agent.clock_trust import ClockTrust
from edge_agent.restamp import Anchor
from edge_agent.store.assembly import (
    Parts,
    Place,
    StoreOptions,
    assemble_in_memory,
    let_go,
    opened,
    renumbered,
    restamped,
)
from edge_agent.store.frame import frame
from edge_agent.store.gathering import Gathering, Part
from edge_agent.store.in_memory import Held, hand_over, is_blocked
from edge_agent.store.outbox import Place as TracePlace
from edge_agent.store.outbox import StoredCommit, Trace
from edge_agent.store.retention import Upkeep
from edge_agent.store.series import Step
from edge_agent.store.thread import StorageThread
from edge_agent.store.tombstones import Tombstone
from edge_agent.store.trusting import stamp
from edge_agent.store.types import (
    AuditRow,
    CommitFailed,
    CommitResult,
    Committed,
    LeaseRow,
    NothingToCommit,
    OverrideRow,
    StoreError,
    StoreHealth,
    StoreUnavailableError,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Store", "StoreOptions"]


class Store:
    """Readings, journal and plans of one gateway; methods may be called from any task of a loop.

    Readings become durable at `commit`, everything else before its call returns. A write that the
    disk refuses raises StoreUnavailableError, except `commit`, which returns CommitFailed.
    """

    def __init__(self, place: Place, parts: Parts, held: Held | None) -> None:
        self._place = place
        self._thread = place.thread
        self._options = place.options
        self._parts = parts
        self._held = held
        """What waits for the file while it cannot be opened."""
        self._gathered = Gathering(place.clock, place.options.gathered)
        self._dropped = 0
        self._anchor: Anchor | None = None
        """Newest moment at which UTC was known."""

    @classmethod
    async def open(cls, path: Path, clock: Clock, options: StoreOptions | None = None) -> Store:
        """Open or make the file; a damaged one is set aside and noted in `health`.

        On a full disk or a read-only file system the store works in memory until the file can be
        opened: `health.state` says so, `commit` tries again, and no lease is taken.

        Raises StoreVersionError for the file of a newer program, StoreUnavailableError for one that
        cannot be opened for another reason.
        """
        place = Place(StorageThread(), path, clock, options or StoreOptions())
        held = None
        try:
            try:
                parts = await opened(place)
            except (StoreUnavailableError, OSError) as error:
                if not await place.thread.run(is_blocked, path, error):
                    raise
                parts = await place.thread.run(assemble_in_memory, place, str(error))
                held = Held(clock, str(error))
        except BaseException:
            place.thread.stop()
            raise
        return cls(place, parts, held)

    async def close(self) -> None:
        """Fold the log into the file and let go; what was not committed is gone. Twice is once."""
        if self._thread.stopped:
            return
        try:
            await self._thread.run(let_go, self._parts.db)
        finally:
            self._thread.stop()

    @property
    def boot(self) -> int:
        """Number of this opening, higher than of every earlier one."""
        return self._parts.boot

    @property
    def health(self) -> StoreHealth:
        """As of the last commit."""
        health = self._parts.telemetry.health
        dropped = health.dropped_readings + self._dropped + self._gathered.dropped
        if self._held is None:
            return replace(health, dropped_readings=dropped)
        return replace(
            health,
            state="in_memory",
            waiting_readings=self._held.readings,
            dropped_readings=dropped + self._held.dropped,
            last_error=self._held.why,
        )

    def append(self, readings: Iterable[Reading]) -> None:
        """Gather readings in RAM for the next commit; never blocks."""
        self._gathered.append(readings)

    def set_trust(self, trust: ClockTrust) -> None:
        """How far the clock may be believed from now on; what was gathered keeps what was said.

        A step of the clock that the store notices takes `synchronised` back to `unknown`: say it
        again after each look at the clock.
        """
        self._gathered.set_trust(trust)

    def mark_clock_step(self) -> None:
        """The clock was set: what was gathered goes into a commit of its own."""
        self._gathered.cut()

    def anchor(self) -> Anchor:
        """The moment it is, for `restamp`, where the clock is known to be right."""
        now = stamp(self._place.clock, ClockTrust.SYNCHRONISED)
        return Anchor(boot=self.boot, wall_ms=now.wall_ms, mono_ms=now.mono_ms)

    async def restamp(self, anchor: Anchor) -> int:
        """Put right the times of all that was stored since the machine's start without trust.

        What was gathered is committed before. Numbers stay as they are. Returns how many commits
        are trusted now that were not.
        """
        self._anchor = anchor
        await self.commit()
        if self._held is not None:
            return 0
        return await self._thread.run(restamped, self._parts, anchor)

    async def newest_at(self) -> datetime | None:
        """Time of the newest commit whose clock was not unknown; None when there is none."""
        return await self._thread.run(self._parts.outbox.newest_at)

    async def commit(self) -> CommitResult:
        """Write everything gathered as one row, after the rows that could not be written before.

        Where the clock was set, or its trust has changed, in between it is a row each.
        """
        gathered = self._gathered.take()
        if self._held is not None:
            return await self._commit_in_memory(self._held, gathered)
        work = self._parts.telemetry.commit
        return await self._thread.run(work, gathered, self.boot, self._options.waiting)

    async def _commit_in_memory(self, held: Held, gathered: list[Part]) -> CommitResult:
        """Hold the readings, and move to the file when it can be opened again."""
        held.hold(gathered)
        if held.is_time():
            try:
                parts = await opened(self._place)
                await self._thread.run(hand_over, self._parts.journal, parts.journal)
            except (StoreError, OSError) as error:
                held.why = str(error)
            else:
                return await self._move(held, parts)
        return CommitFailed(StoreUnavailableError(held.why), held.readings)

    async def _move(self, held: Held, parts: Parts) -> CommitResult:
        """Go on with the file, and write to it what was held."""
        memory, self._parts, self._held = self._parts, parts, None
        self._dropped += held.dropped
        await self._thread.run(hand_over, memory.journal, parts.journal)
        readings = 0
        result: CommitResult = NothingToCommit()
        while (part := held.next_part()) is not None:
            work = parts.telemetry.commit
            result = await self._thread.run(work, (part,), self.boot, self._options.waiting)
            readings += result.readings if isinstance(result, Committed) else 0
        if self._anchor is not None:
            anchor = replace(self._anchor, boot=self.boot)
            await self._thread.run(restamped, self._parts, anchor)
        if isinstance(result, Committed):
            result = replace(result, readings=readings)
        return result

    async def commits_after(self, seq: int, limit: int) -> list[StoredCommit]:
        """Up to `limit` commits with higher numbers, in order; about 35 bytes of RAM a reading."""
        found: list[StoredCommit] = []
        while len(found) < limit:
            last = found[-1].seq if found else seq
            part = await self._thread.run(
                self._parts.outbox.commits_after, last, limit - len(found)
            )
            if not part:
                break
            found += part
        return found

    async def recent(self, point_key: str, since: datetime) -> Trace:
        """Committed readings of `device.point` at or after `since`, in the order of time."""
        found: Trace = []
        place: TracePlace | None = None
        while True:
            part, place = await self._thread.run(self._parts.outbox.trace, point_key, since, place)
            found += part
            if place is None:
                return sorted(found, key=lambda item: item[0])

    async def frame(
        self, points: Sequence[str], since: datetime, until: datetime, step: Step | None = None
    ) -> pd.DataFrame:
        """What is on the disk as a pandas table; see `edge_agent.store.frame.frame`."""
        return await asyncio.to_thread(frame, self._place.path, points, since, until, step)

    async def tombstones_after(self, seq: int, limit: int = 1000) -> list[Tombstone]:
        """Ranges of commits given up for want of room that end above `seq`, in order.

        The commits that come after them carry them as well (`StoredCommit.thinned`).
        """
        return await self._thread.run(self._parts.outbox.tombstones_after, seq, limit)

    async def maintain(self, *, clock_trusted: bool = True) -> Upkeep:
        """One slice of housekeeping, some tens of milliseconds: roll up, delete, make room.

        Call it after each commit, and again while it says `more`. Nothing is deleted for its age
        while the clock is not trusted.
        """
        return await self._thread.run(self._parts.keeper.slice, clock_trusted=clock_trusted)

    async def first_seq(self) -> int:
        """Number of the oldest commit held; before the first one, the number it will have."""
        return await self._thread.run(self._parts.outbox.first_seq)

    async def last_seq(self) -> int:
        """Number of the newest commit; before the first one, the number it will follow."""
        return self._parts.telemetry.health.last_seq

    async def renumber(self, after: int, above: int) -> None:
        """Give commits above `after` new numbers above `above`, in the same order, in one go.

        For numbers the cloud has from another file, before anything above `after` was sent; the
        commits to come count on from there.
        """
        if self._held is not None:
            raise StoreUnavailableError(self._held.why)
        self._parts = await self._thread.run(renumbered, self._parts, after, above)

    async def sent_seq(self) -> int:
        """Number up to which commits went out."""
        return await self._thread.run(self._parts.outbox.watermark, "sent")

    async def mark_sent(self, seq: int) -> None:
        """Remember what went out; may go back, to send again."""
        await self._thread.run(self._parts.outbox.mark_sent, seq)

    async def acked_seq(self) -> int:
        """Number up to which the cloud has confirmed every commit."""
        return await self._thread.run(self._parts.outbox.watermark, "acked")

    async def mark_acked(self, seq: int) -> None:
        """Remember what the cloud has confirmed; never goes back."""
        await self._thread.run(self._parts.outbox.mark_acked, seq)

    async def mark_evidence(self, audit_id: int) -> None:
        """Remember that the audit trail up to this line has been delivered; never goes back."""
        await self._thread.run(self._parts.outbox.mark_evidence, audit_id)

    async def lease_put(self, row: LeaseRow) -> None:
        """Journal a lease before anything is written to the device; one per device and point."""
        await self._thread.run(self._parts.journal.lease_put, row)

    async def leases(self) -> list[LeaseRow]:
        """All leases by device and point."""
        return await self._thread.run(self._parts.journal.leases)

    async def lease_remove(self, device: str, point: str) -> None:
        """Forget a lease once the device is released."""
        await self._thread.run(self._parts.journal.lease_remove, device, point)

    async def override_put(self, row: OverrideRow) -> None:
        """Keep a person's wish; one per point."""
        await self._thread.run(self._parts.journal.override_put, row)

    async def overrides(self) -> list[OverrideRow]:
        """All overrides by point, expired ones included."""
        return await self._thread.run(self._parts.journal.overrides)

    async def override_remove(self, point: str) -> None:
        """Forget an override."""
        await self._thread.run(self._parts.journal.override_remove, point)

    async def audit(self, kind: str, text: str, at: datetime, detail_json: str = "") -> None:
        """Append a line to the audit trail."""
        await self._thread.run(self._parts.journal.audit, kind, text, at, detail_json)

    async def audit_tail(self, count: int) -> list[AuditRow]:
        """The newest `count` lines, oldest of them first."""
        return await self._thread.run(self._parts.journal.audit_tail, count)

    async def plan_put(
        self, made_at: datetime, source: str, json_text: str, *, degraded: bool
    ) -> None:
        """Keep a plan as it was made."""
        work = self._parts.journal.plan_put
        await self._thread.run(work, made_at, source, json_text, degraded=degraded)

    async def plan_latest(self) -> str | None:
        """The plan put last, as JSON."""
        return await self._thread.run(self._parts.journal.plan_latest)

    async def plan_counts(self, since: datetime) -> tuple[tuple[str, int], ...]:
        """How many plans of each source were made at or after `since`."""
        return await self._thread.run(self._parts.journal.plan_counts, since)

    async def peak_put(self, charge_id: str, period_start: datetime, peak_kw: float) -> None:
        """Keep the billed peak of a demand charge in a period, kW."""
        await self._thread.run(self._parts.journal.peak_put, charge_id, period_start, peak_kw)

    async def peak(self, charge_id: str, period_start: datetime) -> float | None:
        """The billed peak so far, kW; None when none is known."""
        return await self._thread.run(self._parts.journal.peak, charge_id, period_start)

    async def state_put(self, key: str, json_text: str) -> None:
        """Keep a small named value; names starting with `store.` are the store's own."""
        await self._thread.run(self._parts.journal.state_put, key, json_text)

    async def state_get(self, key: str) -> str | None:
        """A small named value, None when it was never put."""
        return await self._thread.run(self._parts.journal.state_get, key)
