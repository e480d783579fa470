"""The store as the agent uses it: one SQLite file, one thread, never a blocked event loop."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from drivers.types import Clock, Reading
from edge_agent.store.in_memory import Held, MemoryJournal, copy_in_memory, hand_over, is_blocked
from edge_agent.store.journal import Journal
from edge_agent.store.migration import bring_up_to_date, is_older
from edge_agent.store.opening import last_boot, open_file
from edge_agent.store.outbox import Outbox, Place, StoredCommit, Trace
from edge_agent.store.points import PointNumbers
from edge_agent.store.retention import Retention, Upkeep
from edge_agent.store.schema import WriteHook, no_hook
from edge_agent.store.telemetry import Telemetry
from edge_agent.store.thread import StorageThread
from edge_agent.store.tombstones import Tombstone
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
from edge_agent.store.upkeep import File, Keeper


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """Bounds of the store in RAM and at its start."""

    gathered: int = 100_000
    """Readings gathered between two commits; beyond it the oldest are dropped and counted."""
    waiting: int = 1_000_000
    """Readings, about a byte each, that wait while the disk takes nothing."""
    check_s: float = 5.0
    """Longest check of the file for damage at the start, seconds."""
    retention: Retention = field(default_factory=Retention)
    left_out: frozenset[str] = frozenset()
    """Points (`device.point`) of which no roll-up is made."""
    before_write: WriteHook = no_hook
    """Called inside each write transaction on the storage thread; raising fails the write."""


class _Parts(NamedTuple):
    db: sqlite3.Connection
    boot: int
    telemetry: Telemetry
    outbox: Outbox
    journal: Journal
    keeper: Keeper
    new_keeper: Callable[[], Keeper]


class _Place(NamedTuple):
    thread: StorageThread
    path: Path
    clock: Clock
    options: StoreOptions


class Store:
    """Readings, journal and plans of one gateway; methods may be called from any task of a loop.

    Readings become durable at `commit`, everything else before its call returns. A write that the
    disk refuses raises StoreUnavailableError, except `commit`, which returns CommitFailed.
    """

    def __init__(self, place: _Place, parts: _Parts, held: Held | None) -> None:
        self._place = place
        self._thread = place.thread
        self._options = place.options
        self._parts = parts
        self._held = held
        """What waits for the file while it cannot be opened."""
        self._gathered: deque[Reading] = deque(maxlen=place.options.gathered)
        self._dropped = 0

    @classmethod
    async def open(cls, path: Path, clock: Clock, options: StoreOptions | None = None) -> Store:
        """Open or make the file; a damaged one is set aside and noted in `health`.

        On a full disk or a read-only file system the store works in memory until the file can be
        opened: `health.state` says so, `commit` tries again, and no lease is taken.

        Raises StoreVersionError for the file of a newer program, StoreUnavailableError for one that
        cannot be opened for another reason.
        """
        place = _Place(StorageThread(), path, clock, options or StoreOptions())
        held = None
        try:
            try:
                parts = await _opened(place)
            except (StoreUnavailableError, OSError) as error:
                if not await place.thread.run(is_blocked, path, error):
                    raise
                parts = await place.thread.run(_assemble_in_memory, place, str(error))
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
            await self._thread.run(_close, self._parts.db)
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
        dropped = health.dropped_readings + self._dropped
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
        for reading in readings:
            self._dropped += len(self._gathered) == self._gathered.maxlen
            self._gathered.append(reading)

    async def commit(self) -> CommitResult:
        """Write everything gathered as one row, after the rows that could not be written before."""
        gathered = tuple(self._gathered)
        self._gathered.clear()
        if self._held is not None:
            return await self._commit_in_memory(self._held, gathered)
        work = self._parts.telemetry.commit
        return await self._thread.run(work, gathered, self.boot, self._options.waiting)

    async def _commit_in_memory(self, held: Held, gathered: tuple[Reading, ...]) -> CommitResult:
        """Hold the readings, and move to the file when it can be opened again."""
        held.hold(gathered)
        if held.is_time():
            try:
                parts = await _opened(self._place)
                await self._thread.run(hand_over, self._parts.journal, parts.journal)
            except (StoreError, OSError) as error:
                held.why = str(error)
            else:
                return await self._move(held, parts)
        return CommitFailed(StoreUnavailableError(held.why), held.readings)

    async def _move(self, held: Held, parts: _Parts) -> CommitResult:
        """Go on with the file, and write to it what was held."""
        memory, self._parts, self._held = self._parts, parts, None
        self._dropped += held.dropped
        await self._thread.run(hand_over, memory.journal, parts.journal)
        readings = 0
        result: CommitResult = NothingToCommit()
        while (part := held.next_part()) is not None:
            work = parts.telemetry.commit
            result = await self._thread.run(work, part, self.boot, self._options.waiting)
            readings += result.readings if isinstance(result, Committed) else 0
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
        place: Place | None = None
        while True:
            part, place = await self._thread.run(self._parts.outbox.trace, point_key, since, place)
            found += part
            if place is None:
                return sorted(found, key=lambda item: item[0])

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
        self._parts = await self._thread.run(_renumber, self._parts, after, above)

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


async def _opened(place: _Place) -> _Parts:
    """The file, brought up to date when an older program has made it."""
    older = await place.thread.run(is_older, place.path)
    told = (await bring_up_to_date(place.path),) if older else ()
    return await place.thread.run(_assemble, place, told)


def _assemble(place: _Place, told: tuple[str, ...]) -> _Parts:
    _, path, clock, options = place
    db, boot, notes = open_file(path, clock.now(), options.check_s)
    hook = options.before_write
    try:
        points = PointNumbers(db)
        telemetry = Telemetry(db, points, path, clock, hook)
        file, left_out = File(db, points, hook), options.left_out
        new_keeper = partial(Keeper, file, telemetry, options.retention, clock, left_out)
        keeper = new_keeper()
    except BaseException:
        db.close()
        raise
    telemetry.health = replace(telemetry.health, boot=boot, notes=(*told, *notes))
    outbox, journal = Outbox(db, points, hook), Journal(db, clock, hook)
    return _Parts(db, boot, telemetry, outbox, journal, keeper, new_keeper)


def _assemble_in_memory(place: _Place, why: str) -> _Parts:
    """Parts over a database in RAM."""
    _, path, clock, options = place
    db = copy_in_memory(path, clock.now())
    points = PointNumbers(db)
    telemetry = Telemetry(db, points, path, clock, no_hook)
    file = File(db, points, no_hook)
    new_keeper = partial(Keeper, file, telemetry, options.retention, clock, options.left_out)
    boot = last_boot(db) + 1
    telemetry.health = replace(telemetry.health, boot=boot)
    outbox, journal = Outbox(db, points, no_hook), MemoryJournal(db, clock, why)
    return _Parts(db, boot, telemetry, outbox, journal, new_keeper(), new_keeper)


def _renumber(parts: _Parts, after: int, above: int) -> _Parts:
    parts.telemetry.renumber(after, above)
    # What is being summed up goes by the old numbers: the roll-ups start again from their cursors.
    return parts._replace(keeper=parts.new_keeper())


def _close(db: sqlite3.Connection) -> None:
    try:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()
