"""Group commits on their way out: the rows above a watermark, decoded in bounded slices."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from drivers.types import Quality, Reading
from edge_agent.clock_trust import ClockTrust
from edge_agent.store.block import Column, decode, readings_of, shifted
from edge_agent.store.points import PointNumbers
from edge_agent.store.rows import BlockRow
from edge_agent.store.schema import WriteHook, writing
from edge_agent.store.stamps import from_ms, to_ms
from edge_agent.store.tombstones import OLDEST_DROPPED, Tombstone, between
from edge_agent.store.trusting import NEWEST_AT, SEND_WAIT_MS, TRUSTS, Waiting
from edge_agent.store.types import DamagedBlockError

SLICE_READINGS = 1_200
"""Readings decoded in one go, so that a commit never waits long behind a query."""
SLICE_ROWS = 64
LATE_MS = 120_000
"""How far readings of a block may lie after its start: two of the longest commit intervals."""

COMMITS_AFTER = "SELECT * FROM commit_block WHERE seq > ? ORDER BY seq LIMIT ?"
BLOCKS_SINCE = (
    "SELECT start_ms, seq, shift_ms, body FROM commit_block WHERE (start_ms, seq) > (?, ?)"
    " ORDER BY start_ms, seq LIMIT ?"
)
OLDEST = "SELECT min(seq) FROM commit_block"
WATERMARK = "SELECT seq FROM watermark WHERE lane = ?"
MARK_SENT = "UPDATE watermark SET seq = ? WHERE lane = 'sent'"
MARK_ACKED = "UPDATE watermark SET seq = max(seq, ?) WHERE lane = 'acked'"
MARK_EVIDENCE = "UPDATE watermark SET seq = max(seq, ?) WHERE lane = 'evidence'"

Trace = list[tuple[datetime, float | None, Quality]]
"""Time, value and quality of one point."""


class Place(NamedTuple):
    """Where a query by time goes on."""

    start_ms: int
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCommit:
    """One group commit as read back; `(gateway, seq)` is its identity for ever."""

    seq: int
    boot: int
    at_ms: int
    """UTC ms since 1970 of the earliest reading."""
    mono_ms: int
    """Monotonic ms of that boot when the commit was made."""
    count: int
    """Readings in it."""
    columns: tuple[Column, ...]
    """One per point; empty when damaged."""
    thinned: tuple[Tombstone, ...] = ()
    """What was given up for want of room between the commit before and this one, itself included;
    a range that ends with this number has left its means here."""
    trust: ClockTrust = ClockTrust.ESTIMATED
    """How far its times may be believed; `unknown` once it has waited for long enough."""
    damage: str = ""
    """Why the block does not decode; empty for a sound one."""

    @property
    def readings(self) -> list[Reading]:
        """All readings, point by point, built anew at each call."""
        return readings_of(self.columns)


class Outbox:
    """Reads blocks back and keeps the watermarks, on the storage thread."""

    def __init__(
        self, db: sqlite3.Connection, points: PointNumbers, hook: WriteHook, waiting: Waiting
    ) -> None:
        self._db = db
        self._waiting = waiting
        self._points = points
        self._hook = hook

    def commits_after(self, seq: int, limit: int) -> list[StoredCommit]:
        """The next commits above `seq` in order: up to `limit`, fewer when they are large.

        None from one on whose time may still become known.
        """
        found: list[StoredCommit] = []
        readings = 0
        with closing(self._db.execute(COMMITS_AFTER, (seq, min(limit, SLICE_ROWS)))) as rows:
            for row in rows:
                block = BlockRow(*row)
                if self._waiting.waits(block.trust, block.boot, block.mono_ms, SEND_WAIT_MS):
                    break
                found.append(self._unpack(block))
                readings += found[-1].count
                if readings >= SLICE_READINGS:
                    break
        return self._with_tombstones(seq, found)

    def tombstones_after(self, seq: int, limit: int) -> list[Tombstone]:
        """Ranges of commits thinned or dropped that end above `seq`, in order."""
        return between(self._db, seq, 1 << 62, limit)

    def _with_tombstones(self, seq: int, found: list[StoredCommit]) -> list[StoredCommit]:
        """The commits, each with the ranges that ended since the one before it."""
        stones = between(self._db, seq, found[-1].seq) if found else []
        if not stones:
            return found
        before, told = seq, []
        for commit in found:
            own = tuple(stone for stone in stones if before < stone.last <= commit.seq)
            told.append(replace(commit, thinned=own))
            before = commit.seq
        return told

    def trace(self, key: str, since: datetime, place: Place | None) -> tuple[Trace, Place | None]:
        """A slice of `device.point` from `place` on, and where to go on, None at the end."""
        since_ms = to_ms(since)
        wanted = self._points.of_key(key)
        start = place or Place(since_ms - LATE_MS, -1)
        rows = self._db.execute(BLOCKS_SINCE, (*start, SLICE_ROWS)).fetchall() if wanted else []
        found: Trace = []
        for *_, shift_ms, body in rows:
            try:
                columns = shifted(decode(body, self._points.names, wanted), shift_ms)
            except DamagedBlockError:
                continue
            for column in columns:
                found += _since(column, since_ms)
        return found, Place(*rows[-1][:2]) if len(rows) == SLICE_ROWS else None

    def first_seq(self) -> int:
        """Number of the oldest row, or of the first one whose tombstone is yet to be told.

        Of an empty file, the next one.
        """
        oldest = self._db.execute(OLDEST).fetchone()[0]
        dropped = self._db.execute(OLDEST_DROPPED).fetchone()
        if oldest is None:
            return self.watermark("used") + 1
        return int(oldest) if dropped is None else min(int(oldest), int(dropped[0]))

    def newest_at(self) -> datetime | None:
        """Time of the newest commit whose clock was not unknown; None when there is none."""
        found = self._db.execute(NEWEST_AT).fetchone()
        return from_ms(found[0]) if found else None

    def watermark(self, lane: str) -> int:
        """The number up to which `lane` (used, sent, acked) has come."""
        return int(self._db.execute(WATERMARK, (lane,)).fetchone()[0])

    def mark_sent(self, seq: int) -> None:
        """Remember that rows up to `seq` went out; may go back to send again."""
        with writing(self._db, self._hook):
            self._db.execute(MARK_SENT, (seq,))

    def mark_acked(self, seq: int) -> None:
        """Remember that the cloud has every row up to `seq`; never goes back."""
        with writing(self._db, self._hook):
            self._db.execute(MARK_ACKED, (seq,))

    def mark_evidence(self, audit_id: int) -> None:
        """Remember that the trail up to this line has been delivered; never goes back."""
        with writing(self._db, self._hook):
            self._db.execute(MARK_EVIDENCE, (audit_id,))

    def _unpack(self, row: BlockRow) -> StoredCommit:
        columns: list[Column] = []
        damage = ""
        try:
            columns = shifted(decode(row.body, self._points.names), row.shift_ms)
        except DamagedBlockError as error:
            damage = str(error)
        return StoredCommit(
            seq=row.seq,
            boot=row.boot,
            at_ms=row.start_ms,
            mono_ms=row.mono_ms,
            count=row.n,
            columns=tuple(columns),
            trust=TRUSTS[row.trust],
            damage=damage,
        )


def _since(column: Column, since_ms: int) -> Iterator[tuple[datetime, float | None, Quality]]:
    start = 0
    for run in column.runs:
        end = start + run.length
        for at_ms, value in zip(column.at_ms[start:end], column.values[start:end], strict=True):
            if at_ms >= since_ms:
                yield from_ms(at_ms), value, run.quality
        start = end
