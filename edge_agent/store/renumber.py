"""Unsent commits under higher numbers, when a lost store has used theirs before."""

from __future__ import annotations

import sqlite3

BLOCKS = "UPDATE commit_block SET seq = seq + :shift WHERE seq > :after AND seq <= :last"
STONES = (
    "UPDATE tombstone SET last = last + :shift,"
    " first = first + CASE WHEN first > :after THEN :shift ELSE 0 END"
    " WHERE last > :after AND last <= :last"
)
ROLLED = "UPDATE watermark SET seq = seq + :shift WHERE lane LIKE 'rolled%' AND seq > :after"
USED = "UPDATE watermark SET seq = max(seq, :last + :shift) WHERE lane = 'used'"


def move_up(db: sqlite3.Connection, after: int, last: int, shift: int) -> None:
    """Add `shift` to every number above `after` within the caller's transaction.

    `last` is the highest number given; a shift of `last - after` or more moves nothing onto
    a number in use.
    """
    where = {"after": after, "last": last, "shift": shift}
    db.execute(BLOCKS, where)
    db.execute(STONES, where)
    db.execute(ROLLED, {"after": after, "shift": shift})
    db.execute(USED, {"last": last, "shift": shift})
