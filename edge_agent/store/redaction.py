"""Personal readings past their age are taken out of their blocks, confirmed or not.

They never leave the gateway, so there is no confirmation to wait for. The other points of a block
stay as they are, under the same number.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from edge_agent.store.block import Column, by_point, decode, encode, readings_of
from edge_agent.store.points import PointNumbers
from edge_agent.store.pruning import DAY_MS
from edge_agent.store.schema import WriteHook, writing
from edge_agent.store.types import DamagedBlockError

BLOCKS = 64
READINGS = 16_000
"""Decoded in one slice, and one block at least."""
LANE = "SELECT seq FROM watermark WHERE lane = 'redacted'"
MARK = "UPDATE watermark SET seq = ? WHERE lane = 'redacted'"
NEXT = "SELECT seq, start_ms, n, body FROM commit_block WHERE seq > ? ORDER BY seq LIMIT ?"
PUT = "UPDATE commit_block SET n = ?, body = ? WHERE seq = ?"


class Redactor:
    """Follows the blocks on the storage thread, one bounded transaction a call."""

    def __init__(
        self, db: sqlite3.Connection, points: PointNumbers, hook: WriteHook, keys: Collection[str]
    ) -> None:
        self._db = db
        self._points = points
        self._hook = hook
        self._keys = frozenset(keys)

    def redact(self, limit_ms: int, now_ms: int) -> tuple[int, bool]:
        """Rewrite blocks older than `limit_ms`; how many, and whether more may be due.

        The first block that is not so old ends it, as numbers rise with time; one dated after
        tomorrow was made by a wrong clock and does not.
        """
        if not self._keys:
            return 0, False
        place = int(self._db.execute(LANE).fetchone()[0])
        rows = self._db.execute(NEXT, (place, BLOCKS)).fetchall()
        changed = []
        done, readings = place, 0
        for seq, start_ms, count, body in rows:
            if limit_ms <= start_ms <= now_ms + DAY_MS:
                break
            kept = self._without(body)
            if kept is not None:
                changed.append((*kept, seq))
            done, readings = seq, readings + count
            if readings >= READINGS:
                break
        if done > place:
            with writing(self._db, self._hook):
                self._db.executemany(PUT, changed)
                self._db.execute(MARK, (done,))
        more = done > place and (readings >= READINGS or (len(rows), done) == (BLOCKS, rows[-1][0]))
        return len(changed), more

    def _without(self, body: bytes) -> tuple[int, bytes] | None:
        """Readings and block without the personal points; None when there is nothing to change."""
        try:
            columns = decode(body, self._points.names)
        except DamagedBlockError:
            return None
        kept: list[Column] = [one for one in columns if one.name.key not in self._keys]
        if len(kept) == len(columns):
            return None
        readings = readings_of(kept)
        series = by_point(readings)
        return len(readings), encode({self._points.number(n): found for n, found in series.items()})
