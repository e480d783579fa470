"""Group commits on their way in: numbered, encoded, written or kept for the next try."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from drivers.types import Clock
from edge_agent.restamp import Anchor
from edge_agent.store.block import by_point, encode
from edge_agent.store.gathering import Part
from edge_agent.store.points import PointNumbers
from edge_agent.store.renumber import move_up
from edge_agent.store.restamping import move, restamp_rows
from edge_agent.store.rows import BlockRow
from edge_agent.store.schema import WriteHook, writing
from edge_agent.store.stamps import to_ms
from edge_agent.store.tombstones import Tombstone, put_all
from edge_agent.store.trusting import CODES, boots_like
from edge_agent.store.types import (
    CommitFailed,
    CommitResult,
    Committed,
    NothingToCommit,
    StoreHealth,
    StoreUnavailableError,
)

INSERT = "INSERT INTO commit_block VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (seq) DO NOTHING"
SLOW_MS = 5000.0
QUICK_MS = 1000.0
MOST_PATIENCE = 8
"""The longest interval, as a multiple of the usual one, that slow commits lead to."""
OLDEST_NEWEST = (
    "SELECT (SELECT min(seq) FROM commit_block), (SELECT max(seq) FROM commit_block),"
    " (SELECT max(seq) FROM watermark WHERE lane IN ('used', 'sent', 'acked'))"
)


class Telemetry:
    """The only writer of blocks, on the storage thread.

    A row gets its number before the first try to write it and keeps it, so that a write repeated
    because its outcome was unclear changes nothing. No number is given twice.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        points: PointNumbers,
        path: Path,
        clock: Clock,
        hook: WriteHook,
    ) -> None:
        self._db = db
        self._points = points
        self._path = path
        self._clock = clock
        self._hook = hook
        self._waiting: deque[BlockRow] = deque()
        self._lost: list[Tombstone] = []
        _, newest, used = db.execute(OLDEST_NEWEST).fetchone()
        self._given: int = max(newest or 0, used)
        self.health = StoreHealth(last_seq=self._given, bytes_on_disk=self._bytes())
        self.count_rows()

    def commit(self, parts: Sequence[Part], boot: int, capacity: int) -> CommitResult:
        """Write what waits and a row for each of `parts`; what cannot be written waits.

        At most `capacity` readings wait; beyond it the oldest rows are dropped and their numbers
        stay unused.
        """
        for part in parts:
            self._waiting.append(self._pack(part, boot))
            self._shed(capacity)
        if not self._waiting:
            return NothingToCommit()
        began_s = self._clock.monotonic_s()
        try:
            with writing(self._db, self._hook):
                self._points.write(self._db)
                self._db.executemany(INSERT, self._waiting)
                put_all(self._db, self._lost)
        except sqlite3.Error as error:
            return self._failed(error)
        return self._done((self._clock.monotonic_s() - began_s) * 1000)

    def renumber(self, after: int, above: int) -> None:
        """Give every commit above `after` a number above `above`, in order."""
        after = min(after, self.health.last_seq)
        shift = max(above, self._given) - after
        with writing(self._db, self._hook):
            move_up(self._db, after, self._given, shift)
        self._waiting = deque(
            row._replace(seq=row.seq + shift) if row.seq > after else row for row in self._waiting
        )
        self._lost = [
            stone._replace(first=stone.first + shift, last=stone.last + shift)
            if stone.first > after
            else stone
            for stone in self._lost
        ]
        self._given += shift
        self.health = replace(self.health, last_seq=self.health.last_seq + shift)

    def count_rows(self) -> None:
        """Note how many rows there are after some were deleted."""
        oldest, newest, _ = self._db.execute(OLDEST_NEWEST).fetchone()
        rows = newest - oldest + 1 if newest else 0
        self.health = replace(self.health, rows=rows)

    def restamp(self, anchor: Anchor) -> int:
        """Put right the times of what was written, or waits, before UTC was known; how many."""
        boots = boots_like(self._db, anchor.boot)
        waiting = [move(row, anchor) if row.boot in boots else row for row in self._waiting]
        count = sum(
            after is not before for after, before in zip(waiting, self._waiting, strict=True)
        )
        with writing(self._db, self._hook):
            count += restamp_rows(self._db, anchor, boots)
        self._waiting = deque(waiting)
        return count

    def _pack(self, part: Part, boot: int) -> BlockRow:
        readings = part.readings
        series = by_point(readings)
        body = encode({self._points.number(name): found for name, found in series.items()})
        self._given += 1
        return BlockRow(
            seq=self._given,
            start_ms=to_ms(min(reading.at for reading in readings)),
            n=len(readings),
            boot=boot,
            mono_ms=part.stamp.mono_ms,
            body=body,
            wall_ms=part.stamp.wall_ms,
            trust=CODES[part.stamp.trust],
            shift_ms=0,
        )

    def _shed(self, capacity: int) -> None:
        while len(self._waiting) > 1 and self._waiting_readings() > capacity:
            row = self._waiting.popleft()
            self._lost.append(Tombstone(row.seq, row.seq, row.n, 0))
            dropped = self.health.dropped_readings + row.n
            self.health = replace(self.health, dropped_readings=dropped)

    def _done(self, took_ms: float) -> Committed:
        rows, readings = len(self._waiting), self._waiting_readings()
        self._waiting.clear()
        self._lost.clear()
        self._points.saved()
        factor = self.health.interval_factor
        if took_ms > SLOW_MS:
            factor = min(2 * factor, MOST_PATIENCE)
        elif took_ms < QUICK_MS:
            factor = max(1, factor // 2)
        self.health = replace(
            self.health,
            state="slow" if took_ms > SLOW_MS else "ok",
            interval_factor=factor,
            rows=self.health.rows + rows,
            last_seq=self._given,
            last_commit_at=self._clock.now(),
            last_commit_ms=took_ms,
            waiting_readings=0,
            bytes_on_disk=self._bytes(),
        )
        return Committed(self._given, readings, took_ms)

    def _failed(self, error: sqlite3.Error) -> CommitFailed:
        waiting = self._waiting_readings()
        self.health = replace(
            self.health,
            state="failing",
            failed_commits=self.health.failed_commits + 1,
            waiting_readings=waiting,
            last_error=str(error),
        )
        return CommitFailed(StoreUnavailableError(f"{self._path}: {error}"), waiting)

    def _waiting_readings(self) -> int:
        return sum(row.n for row in self._waiting)

    def _bytes(self) -> int:
        files = (self._path.with_name(self._path.name + suffix) for suffix in ("", "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())
