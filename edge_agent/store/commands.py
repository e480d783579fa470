"""The trail of commands as another process follows it: who wrote what to a point, read-only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from edge_agent.store.schema import open_readonly
from edge_agent.store.stamps import from_us, to_us

_SLICE_ROWS = 500
"""Rows fetched by one statement: a longer read would hold back the writer's checkpoint."""
ENDS = "SELECT min(id), max(id) FROM command"
AT_OR_BEFORE = "SELECT at_us FROM command WHERE id <= ? ORDER BY id DESC LIMIT 1"
NEXT_ROWS = (
    "SELECT id, at_us, device || '.' || point, value, prior, state FROM command"
    " WHERE id > ? AND id <= ? ORDER BY id"
)


@dataclass(frozen=True, slots=True)
class Command:
    """A lease as it stood from `at` on; `held` False once the device has its point back."""

    point: str
    at: datetime
    value: float
    prior: float | None
    """What stood there before us, None when it could not be read."""
    held: bool

    @classmethod
    def of(cls, row: tuple[int, int, str, float, float | None, str]) -> Self:
        """Of a row of the trail."""
        _, at_us, point, value, prior, state = row
        return cls(point, from_us(at_us), value, prior, state != "released")


class CommandReader:
    """Hands out the rows of some points, each once, oldest first."""

    def __init__(self, path: Path, points: frozenset[str]) -> None:
        self._path = path
        self._points = points
        self._last: int | None = None

    def advance(self, since: datetime) -> Iterator[Command]:
        """What was written after what was handed out last, at first since `since`.

        Slice by slice: a year's trail would not fit into the memory of a small board. Raises
        StoreError while it is read, and then goes on where it was.
        """
        if not self._points:
            return
        with open_readonly(self._path) as db:
            oldest, newest = db.execute(ENDS).fetchone()
            if newest is None:
                return
            place = self._last
            if place is None:
                place = _place(db, oldest - 1, newest, to_us(since))
            while place < newest:
                end = min(place + _SLICE_ROWS, newest)
                rows = db.execute(NEXT_ROWS, (place, end)).fetchall()
                yield from (Command.of(row) for row in rows if row[2] in self._points)
                self._last = place = end
        self._last = newest


def _place(db: sqlite3.Connection, low: int, high: int, since_us: int) -> int:
    """The last id before `since_us`: no index by time, but numbers rise with it."""
    while low < high:
        middle = (low + high + 1) // 2
        row = db.execute(AT_OR_BEFORE, (middle,)).fetchone()
        if row is None or row[0] < since_us:
            low = middle
        else:
            high = middle - 1
    return low
