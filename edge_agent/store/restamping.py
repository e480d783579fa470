"""Commits of a clock that was not right, put right in one transaction once UTC is known."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from edge_agent.clock_trust import ClockTrust
from edge_agent.restamp import Anchor, CommitStamp, restamps
from edge_agent.store.rows import BlockRow
from edge_agent.store.trusting import CODES, TRUSTS

UNTRUSTED = (
    "SELECT seq, wall_ms, mono_ms, trust FROM commit_block"
    " WHERE boot = ? AND trust > 0 AND wall_ms IS NOT NULL"
)
SHIFT = "UPDATE commit_block SET start_ms = start_ms + ?, shift_ms = shift_ms + ?, trust = 0"
SHIFT_ONE = f"{SHIFT} WHERE seq = ?"
COUNT = "UPDATE watermark SET seq = seq + 1 WHERE lane = 'restamps'"
RESTAMPS = "SELECT seq FROM watermark WHERE lane = 'restamps'"
_TRUSTED = CODES[ClockTrust.SYNCHRONISED]


def restamp_rows(db: sqlite3.Connection, anchor: Anchor, boots: Iterable[int]) -> int:
    """Within the caller's transaction; `boots` share the anchor's monotonic clock. How many."""
    found = [row for boot in boots for row in db.execute(UNTRUSTED, (boot,))]
    stamps = (
        CommitStamp(seq=seq, boot=anchor.boot, wall_ms=wall_ms, mono_ms=mono_ms, trust=TRUSTS[code])
        for seq, wall_ms, mono_ms, code in found
    )
    shifts = [(found.shift_ms, found.shift_ms, found.seq) for found in restamps(stamps, anchor)]
    db.executemany(SHIFT_ONE, shifts)
    if any(by_ms for by_ms, *_ in shifts):
        db.execute(COUNT)
    return len(shifts)


def move(row: BlockRow, anchor: Anchor) -> BlockRow:
    """A row that waits to be written, put right; itself when it is right already."""
    if row.trust == _TRUSTED or row.wall_ms is None:
        return row
    found = CommitStamp(
        seq=row.seq,
        boot=anchor.boot,
        wall_ms=row.wall_ms,
        mono_ms=row.mono_ms,
        trust=TRUSTS[row.trust],
    )
    by_ms = next(restamps([found], anchor)).shift_ms
    return row._replace(
        start_ms=row.start_ms + by_ms, shift_ms=row.shift_ms + by_ms, trust=_TRUSTED
    )
