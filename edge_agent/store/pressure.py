"""What is given up for want of room: confirmed first, then thinner instead of older."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

from drivers.types import Quality, Reading
from edge_agent.store import tombstones
from edge_agent.store.block import encode
from edge_agent.store.points import PointNumbers
from edge_agent.store.pruning import DELETE_BLOCK, Pruner
from edge_agent.store.retention import Freed, Retention
from edge_agent.store.rollup import COLUMNS, POINT_BITS, POINT_MASK
from edge_agent.store.rows import BlockRow
from edge_agent.store.schema import WriteHook, writing
from edge_agent.store.stamps import from_ms
from edge_agent.store.summary import RollupRow, from_row
from edge_agent.store.telemetry import INSERT
from edge_agent.store.tombstones import Tombstone

START_SHARE = 0.95
"""Share of the budget in use above which something is given up."""
ALARM_SHARE = 0.9
CLEAR_SHARE = 0.8
QUARTER_MS = 900_000
FRESH_BLOCKS = 360
"""The newest blocks, an hour of them, are never thinned."""
CONFIRMED_BLOCKS = 64
ROLLUP_ROWS = 2000
THIN_BLOCKS = 100
DAYS_OF_FIVE_MIN = 96 * 3
DAYS_OF_QUARTERS = 96 * 31
"""Spans of the finest roll-ups that stay whatever happens: a day, and a month."""
PLANS_KEPT = 96

OLDEST_BLOCKS = "SELECT seq FROM commit_block WHERE seq <= ? ORDER BY seq LIMIT ?"
NEXT_BLOCKS = (
    "SELECT seq, start_ms, n, boot, mono_ms, x'', wall_ms, trust, shift_ms FROM commit_block"
    " WHERE seq > ? AND seq <= ? AND seq NOT IN (SELECT last FROM tombstone)"
    " ORDER BY seq LIMIT ?"
)
QUARTER_ROWS = f"SELECT key, {COLUMNS} FROM quarter WHERE key >= ? AND key < ? ORDER BY key"  # noqa: S608 - names are ours
FIRST_ROLLUPS = {
    t: f"DELETE FROM {t} WHERE key IN (SELECT key FROM {t} WHERE key <"  # noqa: S608 - names are ours
    f" ((SELECT max(key) FROM {t}) >> {POINT_BITS}) - ? << {POINT_BITS} ORDER BY key LIMIT ?)"
    for t in ("five_min", "quarter")
}
FIRST_PLANS = (
    "DELETE FROM plan WHERE id IN (SELECT id FROM plan"
    " WHERE id < (SELECT max(id) FROM plan) - ? ORDER BY id LIMIT ?)"
)


class Room(NamedTuple):
    """Bytes of the file that hold something, and that it has."""

    used: int
    file: int


def room(db: sqlite3.Connection) -> Room:
    """How full the file is."""
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return Room((pages - free) * size, pages * size)


class Pressure:
    """Makes room on the storage thread, one bounded transaction a call."""

    def __init__(
        self,
        db: sqlite3.Connection,
        points: PointNumbers,
        retention: Retention,
        pruner: Pruner,
        hook: WriteHook,
    ) -> None:
        self._db = db
        self._points = points
        self._budget = retention.budget_bytes
        self._pruner = pruner
        self._hook = hook
        self._thinned = 0
        """No block up to here is left to thin."""

    def relieve(self) -> tuple[Freed, int]:
        """Give up the least valuable there is, when room is scarce; what, and how many rows."""
        if room(self._db).used <= START_SHARE * self._budget:
            return Freed.NOTHING, 0
        ways: Sequence[tuple[Freed, Callable[[], int]]] = (
            (Freed.CONFIRMED, self._confirmed),
            (Freed.FIVE_MIN, lambda: self._rollups("five_min", DAYS_OF_FIVE_MIN)),
            (Freed.THINNED, self._thin),
            (Freed.DROPPED, self._drop),
            (Freed.QUARTER, lambda: self._rollups("quarter", DAYS_OF_QUARTERS)),
            (Freed.PLANS, self._plans),
        )
        with writing(self._db, self._hook):
            for freed, way in ways:
                if rows := way():
                    return freed, rows
        return Freed.NOTHING, 0

    def _confirmed(self) -> int:
        limit = (self._pruner.done_with(), CONFIRMED_BLOCKS)
        found = self._db.execute(OLDEST_BLOCKS, limit).fetchall()
        self._db.executemany(DELETE_BLOCK, found)
        return len(found)

    def _rollups(self, table: str, spans_kept: int) -> int:
        return self._db.execute(FIRST_ROLLUPS[table], (spans_kept, ROLLUP_ROWS)).rowcount

    def _plans(self) -> int:
        return self._db.execute(FIRST_PLANS, (PLANS_KEPT, 20)).rowcount

    def _thin(self) -> int:
        """Put the means of the oldest quarter hour not yet thinned in the place of its blocks."""
        after = max(self._pruner.lane("acked"), self._thinned)
        last = min(self._pruner.rolled(), self._pruner.newest() - FRESH_BLOCKS)
        found = self._db.execute(NEXT_BLOCKS, (after, last, THIN_BLOCKS)).fetchall()
        blocks = [BlockRow(*row) for row in found]
        run = [b for b in blocks if b.boot == blocks[0].boot and _quarter(b) == _quarter(blocks[0])]
        while run and run[-1].seq - run[0].seq > len(run) - 1:
            run.pop()
        if not run:
            return 0
        self._thinned = run[-1].seq
        series = self._means(run)
        for block in run:
            self._db.execute(DELETE_BLOCK, (block.seq,))
        kept = sum(map(len, series.values()))
        if kept:
            thin = run[-1]._replace(
                start_ms=run[0].start_ms, n=kept, body=encode(series), shift_ms=0
            )
            self._db.execute(INSERT, thin)
        first, last = run[0].seq, run[-1].seq
        tombstones.put(self._db, Tombstone(first, last, sum(b.n for b in run), kept))
        return len(run)

    def _means(self, run: Sequence[BlockRow]) -> dict[int, list[Reading]]:
        """One reading a point: the mean of its quarter hour, at the time of its last reading."""
        quarter = _quarter(run[0])
        keys = (quarter << POINT_BITS, quarter + 1 << POINT_BITS)
        found = {}
        for key, *columns in self._db.execute(QUARTER_ROWS, keys):
            summary = from_row(RollupRow(*columns), quarter * QUARTER_MS)
            name = self._points.names[key & POINT_MASK]
            if summary.used:
                reading = Reading(
                    device=name.device,
                    point=name.point,
                    value=summary.total / summary.used,
                    unit=name.unit,
                    at=from_ms(summary.last_ms),
                    quality=Quality.UNCERTAIN,
                    reason=f"thinned: mean of {summary.used} readings of a quarter hour",
                )
                found[key & POINT_MASK] = [reading]
        return found

    def _drop(self) -> int:
        """Give up the oldest thinned commit; its tombstone stays."""
        query = (self._pruner.lane("acked"),)
        row = self._db.execute(tombstones.OLDEST_KEPT, query).fetchone()
        if row is None:
            return 0
        stone = Tombstone(*row)
        self._db.execute(DELETE_BLOCK, (stone.last,))
        tombstones.put(self._db, stone._replace(kept=0))
        return 1


def _quarter(block: BlockRow) -> int:
    return block.start_ms // QUARTER_MS
