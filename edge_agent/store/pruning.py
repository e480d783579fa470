"""What is past its age goes, a bounded number of rows at a time."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from edge_agent.store import tombstones
from edge_agent.store.retention import Retention
from edge_agent.store.rollup import FIVE_MIN_MS, POINT_BITS, ROLLED, TABLES
from edge_agent.store.schema import WriteHook, writing

DAY_MS = 86_400_000
SET_CLOCK_MS = 1_577_836_800_000
"""2020: blocks dated earlier were made before the clock was set, their age is not known."""
BLOCKS = 256
ROWS = 2000

CANDIDATES = (
    "SELECT seq, start_ms FROM commit_block WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
)
DELETE_BLOCK = "DELETE FROM commit_block WHERE seq = ?"
OLD_KEYS = {
    t: f"DELETE FROM {t} WHERE key IN (SELECT key FROM {t} WHERE key < ? ORDER BY key LIMIT ?)"  # noqa: S608 - names are ours
    for t in TABLES
}
OLD_PLANS = (
    "DELETE FROM plan WHERE id IN (SELECT id FROM plan WHERE made_us < ? ORDER BY made_us LIMIT ?)"
)
OLD_LINES = {
    t: f"DELETE FROM {t} WHERE id IN (SELECT id FROM {t} WHERE id <= ? ORDER BY id LIMIT ?)"  # noqa: S608 - names are ours
    " AND at_us < ?"
    for t in ("audit", "command")
}
NEWEST_BLOCK = "SELECT max(seq) FROM commit_block"
LANE = "SELECT seq FROM watermark WHERE lane = ?"


class Pruned(NamedTuple):
    """Rows deleted by table, and whether there may be more."""

    rows: tuple[tuple[str, int], ...] = ()
    more: bool = False


class Pruner:
    """Deletes by age on the storage thread, one bounded transaction a call."""

    def __init__(self, db: sqlite3.Connection, retention: Retention, hook: WriteHook) -> None:
        self._db = db
        self._keep = retention
        self._hook = hook
        self._place = 0
        """Blocks up to here were looked at in this pass."""

    def prune(self, now_ms: int) -> Pruned:
        """Delete what is too old at `now_ms`."""
        with writing(self._db, self._hook):
            blocks, more = self._blocks(now_ms)
            rows = {"commit_block": blocks, **self._rollups(now_ms), **self._lines(now_ms)}
            self._db.execute(tombstones.FORGET, (self.lane("acked"),))
        more = more or any(count >= ROWS for count in rows.values())
        return Pruned(tuple((table, count) for table, count in rows.items() if count), more)

    def done_with(self) -> int:
        """Number up to which blocks are rolled up and, where there is a cloud, confirmed.

        The newest block stays, so that no number is given twice.
        """
        done = min(self.rolled(), self.newest() - 1)
        return min(done, self.lane("acked")) if self._keep.await_cloud else done

    def rolled(self) -> int:
        """Number up to which blocks are in the roll-ups."""
        return int(self._db.execute(ROLLED).fetchone()[0])

    def newest(self) -> int:
        """Number of the newest block, 0 when there is none."""
        return int(self._db.execute(NEWEST_BLOCK).fetchone()[0] or 0)

    def lane(self, name: str) -> int:
        """A watermark."""
        return int(self._db.execute(LANE, (name,)).fetchone()[0])

    def _blocks(self, now_ms: int) -> tuple[int, bool]:
        """Blocks deleted, and whether the pass goes on; wrongly dated ones are stepped over."""
        limit_ms = now_ms - int(self._keep.raw_days * DAY_MS)
        query = (self._place, self.done_with(), BLOCKS)
        found = self._db.execute(CANDIDATES, query).fetchall()
        old = [(seq,) for seq, start_ms in found if SET_CLOCK_MS <= start_ms < limit_ms]
        self._db.executemany(DELETE_BLOCK, old)
        over = len(found) < BLOCKS or (not old and limit_ms <= found[-1][1] <= now_ms)
        self._place = 0 if over else found[-1][0]
        return len(old), not over

    def _rollups(self, now_ms: int) -> dict[str, int]:
        days = (self._keep.five_min_days, self._keep.quarter_days, self._keep.hour_days)
        deleted = {}
        for (table, spans), kept in zip(TABLES.items(), days, strict=True):
            span = (now_ms - int(kept * DAY_MS)) // (spans * FIVE_MIN_MS)
            values = (span << POINT_BITS, ROWS)
            deleted[table] = self._db.execute(OLD_KEYS[table], values).rowcount
        return deleted

    def _lines(self, now_ms: int) -> dict[str, int]:
        """Plans and trail; the newest plan stays."""
        made_us = int(now_ms - self._keep.plans_days * DAY_MS) * 1000
        deleted = {"plan": self._db.execute(OLD_PLANS, (made_us, 20)).rowcount}
        at_us = int(now_ms - self._keep.audit_days * DAY_MS) * 1000
        newest = self.lane("evidence") if self._keep.await_evidence else 1 << 62
        for table, statement in OLD_LINES.items():
            last = newest if table == "audit" else 1 << 62
            deleted[table] = self._db.execute(statement, (last, 200, at_us)).rowcount
        return deleted
