"""Ranges of commits that were thinned or dropped for want of room, with their numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

AFTER = (
    "SELECT first, last, readings, kept FROM tombstone WHERE last > ? AND last <= ?"
    " ORDER BY last LIMIT ?"
)
OLDEST_DROPPED = "SELECT first FROM tombstone WHERE kept = 0 ORDER BY last LIMIT 1"
OLDEST_KEPT = (
    "SELECT first, last, readings, kept FROM tombstone WHERE last > ? AND kept > 0"
    " ORDER BY last LIMIT 1"
)
DROPPED_AT = "SELECT first, readings FROM tombstone WHERE last = ? AND kept = 0"
PUT = "INSERT OR REPLACE INTO tombstone (first, last, readings, kept) VALUES (?, ?, ?, ?)"
REMOVE = "DELETE FROM tombstone WHERE last = ?"
FORGET = "DELETE FROM tombstone WHERE last <= ?"
LIMIT = 1000


class Tombstone(NamedTuple):
    """Commits `first..last` held `readings` readings; `kept` means of them are left, 0 for none.

    Where means are left they are the readings of the commit numbered `last`.
    """

    first: int
    last: int
    readings: int
    kept: int


def between(db: sqlite3.Connection, after: int, last: int, limit: int = LIMIT) -> list[Tombstone]:
    """The tombstones that end above `after` and not above `last`, in order."""
    return [Tombstone(*row) for row in db.execute(AFTER, (after, last, limit))]


def put(db: sqlite3.Connection, stone: Tombstone) -> None:
    """Keep a tombstone within the caller's transaction; adjacent dropped ranges become one."""
    before = None if stone.kept else db.execute(DROPPED_AT, (stone.first - 1,)).fetchone()
    if before is not None:
        db.execute(REMOVE, (stone.first - 1,))
        stone = Tombstone(before[0], stone.last, stone.readings + before[1], 0)
    db.execute(PUT, stone)


def put_all(db: sqlite3.Connection, stones: Iterable[Tombstone]) -> None:
    """Keep several, in order."""
    for stone in stones:
        put(db, stone)
