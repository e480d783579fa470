"""The store as the agent uses it: one SQLite file, one thread, never a blocked event loop."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from drivers.types import Clock, Reading
from edge_agent.store.journal import Journal
from edge_agent.store.opening import open_file
from edge_agent.store.outbox import Outbox, Place, StoredCommit, Trace
from edge_agent.store.points import PointNumbers
from edge_agent.store.schema import WriteHook, no_hook
from edge_agent.store.telemetry import Telemetry
from edge_agent.store.thread import StorageThread
from edge_agent.store.types import AuditRow, CommitResult, LeaseRow, OverrideRow, StoreHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """Bounds of the store in RAM and at its start."""

    gathered: int = 100_000
    """Readings gathered between two commits; beyond it the oldest are dropped and counted."""
    waiting: int = 1_000_000
    """Readings, about a byte each, that wait while the disk takes nothing."""
    check_s: float = 5.0
    """Longest check of the file for damage at the start, seconds."""
    before_write: WriteHook = no_hook
    """Called inside each write transaction on the storage thread; raising fails the write."""


class _Parts(NamedTuple):
    db: sqlite3.Connection
    boot: int
    telemetry: Telemetry
    outbox: Outbox
    journal: Journal


class Store:
    """Readings, journal and plans of one gateway; methods may be called from any task of a loop.

    Readings become durable at `commit`, everything else before its call returns. A write that the
    disk refuses raises StoreUnavailableError, except `commit`, which returns CommitFailed.
    """

    def __init__(self, thread: StorageThread, parts: _Parts, options: StoreOptions) -> None:
        self._thread = thread
        self._parts = parts
        self._options = options
        self._gathered: deque[Reading] = deque(maxlen=options.gathered)
        self._dropped = 0

    @classmethod
    async def open(cls, path: Path, clock: Clock, options: StoreOptions | None = None) -> Store:
        """Open or make the file; a damaged one is set aside and noted in `health`.

        Raises StoreVersionError for the file of a newer program, StoreUnavailableError when the
        disk does not let us.
        """
        chosen = options or StoreOptions()
        thread = StorageThread()
        try:
            parts = await thread.run(_assemble, path, clock, chosen)
        except BaseException:
            thread.stop()
            raise
        return cls(thread, parts, chosen)

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
        return replace(health, dropped_readings=health.dropped_readings + self._dropped)

    def append(self, readings: Iterable[Reading]) -> None:
        """Gather readings in RAM for the next commit; never blocks."""
        for reading in readings:
            self._dropped += len(self._gathered) == self._gathered.maxlen
            self._gathered.append(reading)

    async def commit(self) -> CommitResult:
        """Write everything gathered as one row, after the rows that could not be written before."""
        gathered = tuple(self._gathered)
        self._gathered.clear()
        work = self._parts.telemetry.commit
        return await self._thread.run(work, gathered, self.boot, self._options.waiting)

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

    async def first_seq(self) -> int:
        """Number of the oldest commit held; before the first one, the number it will have."""
        return await self._thread.run(self._parts.outbox.first_seq)

    async def last_seq(self) -> int:
        """Number of the newest commit; before the first one, the number it will follow."""
        return self._parts.telemetry.health.last_seq

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


def _assemble(path: Path, clock: Clock, options: StoreOptions) -> _Parts:
    db, boot, notes = open_file(path, clock.now(), options.check_s)
    hook = options.before_write
    try:
        points = PointNumbers(db)
        telemetry = Telemetry(db, points, path, clock, hook)
    except BaseException:
        db.close()
        raise
    telemetry.health = replace(telemetry.health, boot=boot, notes=notes)
    return _Parts(db, boot, telemetry, Outbox(db, points, hook), Journal(db, hook))


def _close(db: sqlite3.Connection) -> None:
    try:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()
