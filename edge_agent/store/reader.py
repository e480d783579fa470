"""History for the worker: quarter-hour means of the points it wants.

What is rolled up is read from the quarter-hour table, what is newer from the blocks.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from edge_agent.store.block import PointName, decode, shifted
from edge_agent.store.restamping import RESTAMPS
from edge_agent.store.rollup import CURSOR, LANES, POINT_BITS
from edge_agent.store.schema import open_readonly
from edge_agent.store.stamps import to_ms
from edge_agent.store.types import DamagedBlockError, StoreError

QUARTER_S = 900
_QUARTER_MS = 1000 * QUARTER_S
_SLICE_ROWS = 64
"""Blocks fetched by one statement: a longer read would hold back the writer's checkpoint."""

ENDS = "SELECT (SELECT min(seq) FROM commit_block), (SELECT max(seq) FROM commit_block)"
QUARTER_ENDS = "SELECT (SELECT min(key) >> 16 FROM quarter), (SELECT max(key) >> 16 FROM quarter)"
FIRST_SINCE = "SELECT min(seq) FROM commit_block WHERE start_ms >= ?"
QUARTERS = (
    "WITH RECURSIVE span (key) AS"
    " (SELECT ? UNION ALL SELECT key + 65536 FROM span WHERE key + 65536 <= ?)"
    " SELECT quarter.key >> 16, last, deviation, digits, used FROM span"
    " JOIN quarter ON quarter.key = span.key WHERE used > 0"
)
"""The rows of one point: a seek for each quarter hour."""
NEXT_BLOCKS = (
    "SELECT seq, shift_ms, body FROM commit_block WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class QuarterSeries:
    """Means of the quarter hours that have readings, oldest first; the others are missing."""

    start_epoch_s: list[int]
    """UTC seconds since 1970 at which each quarter starts."""
    mean: list[float]
    """Mean of the good and uncertain readings, in the point's unit."""
    count: list[int]
    """Readings behind each mean."""


@dataclass(slots=True)
class _Quarters:
    """Running sums of one point in one unit, by quarters since 1970."""

    unit: str
    total: dict[int, float] = field(default_factory=dict)
    count: dict[int, int] = field(default_factory=dict)

    def add(self, times_ms: Sequence[int], values: Sequence[float | None]) -> None:
        """Take usable readings; what is not a finite number is not averaged."""
        known = [
            (at_ms // _QUARTER_MS, value)
            for at_ms, value in zip(times_ms, values, strict=True)
            if value is not None and math.isfinite(value)
        ]
        for quarter, readings in groupby(known, itemgetter(0)):
            numbers = [value for _, value in readings]
            self.total[quarter] = self.total.get(quarter, 0.0) + math.fsum(numbers)
            self.count[quarter] = self.count.get(quarter, 0) + len(numbers)

    def add_row(self, quarter: int, total: float, used: int) -> None:
        """Take what is rolled up of a quarter hour."""
        self.total[quarter] = self.total.get(quarter, 0.0) + total
        self.count[quarter] = self.count.get(quarter, 0) + used

    def forget_before(self, quarter: int) -> None:
        """Drop what is older."""
        for old in [found for found in self.total if found < quarter]:
            del self.total[old], self.count[old]

    def series(self) -> QuarterSeries:
        """As means in the order of time."""
        order = sorted(self.total)
        means = [self.total[quarter] / self.count[quarter] for quarter in order]
        counts = [self.count[quarter] for quarter in order]
        return QuarterSeries([quarter * QUARTER_S for quarter in order], means, counts)


class HistoryReader:
    """Follows the store's file from another process, read-only, and keeps the last `days`.

    Call `advance` from one thread. The file is opened for the call alone.
    """

    def __init__(self, path: Path, *, days: float = 8.0) -> None:
        self._path = path
        self._span = timedelta(days=days)
        self._quarters: dict[str, _Quarters] = {}
        self.last_seq: int | None = None
        """Newest commit taken in; None before the first."""
        self._restamps = 0
        self.damaged_blocks = 0
        """Blocks left out because they do not decode."""

    def advance(self, wanted: frozenset[str], now: datetime) -> None:
        """Take in the commits made since the last call; new names are caught up from the start.

        Names are `device.point`; those no longer wanted are forgotten. Raises StoreError.
        """
        oldest_ms = to_ms(now - self._span)
        try:
            with open_readonly(self._path) as db:
                self._catch_up(db, _newest_names(db, wanted), oldest_ms)
        except StoreError:
            # Part of a slice may have been counted: better read again than count twice.
            self._quarters, self.last_seq = {}, None
            raise
        for quarters in self._quarters.values():
            quarters.forget_before(oldest_ms // _QUARTER_MS)

    def history(self) -> dict[str, QuarterSeries]:
        """The means of every wanted point the store knows, by `device.point`."""
        return {key: quarters.series() for key, quarters in self._quarters.items()}

    def series(self, point: str) -> QuarterSeries:
        """The means of a wanted `device.point`; empty lists when it has no usable reading."""
        quarters = self._quarters.get(point)
        return quarters.series() if quarters else QuarterSeries([], [], [])

    def _catch_up(
        self, db: sqlite3.Connection, names: Mapping[int, PointName], oldest_ms: int
    ) -> None:
        oldest, newest = db.execute(ENDS).fetchone()
        restamps = int(db.execute(RESTAMPS).fetchone()[0])
        if restamps != self._restamps:
            # What was counted may have been counted at a wrong time.
            self._quarters, self.last_seq, self._restamps = {}, None, restamps
        if self.last_seq is not None and oldest is not None and oldest > self.last_seq + 1:
            # Blocks have gone that were not read.
            self._quarters, self.last_seq = {}, None
        units = {key: quarters.unit for key, quarters in self._quarters.items()}
        known = {n: name for n, name in names.items() if units.get(name.key) == name.unit}
        late = {n: name for n, name in names.items() if n not in known}
        self._keep(names.values())
        if newest is None:
            return
        if late:
            rolled = self._read_rows(db, late, oldest_ms)
            first = db.execute(FIRST_SINCE, (oldest_ms,)).fetchone()[0]
            self._read(db, late, newest if first is None else max(rolled, first - 1), newest)
        self._read(db, known, newest if self.last_seq is None else self.last_seq, newest)
        self.last_seq = newest

    def _read_rows(
        self, db: sqlite3.Connection, names: Mapping[int, PointName], oldest_ms: int
    ) -> int:
        """Take the roll-ups of the named points; the number of the last commit in them."""
        db.execute("BEGIN")
        try:
            rolled = int(db.execute(CURSOR, (LANES["quarter"],)).fetchone()[0])
            first, last = db.execute(QUARTER_ENDS).fetchone()
            first = max(first or 0, oldest_ms // _QUARTER_MS)
            for number, name in names.items() if last is not None else ():
                keys = (first << POINT_BITS | number, last << POINT_BITS | number)
                for quarter, value, deviation, digits, used in db.execute(QUARTERS, keys):
                    total = (value * used + deviation) / 10**digits
                    self._quarters[name.key].add_row(quarter, total, used)
        finally:
            db.execute("COMMIT")
        return rolled

    def _keep(self, names: Iterable[PointName]) -> None:
        """Forget what is not wanted, or no longer read in the same unit."""
        before, self._quarters = self._quarters, {}
        for name in names:
            known = before.get(name.key)
            same = known if known and known.unit == name.unit else None
            self._quarters[name.key] = same or _Quarters(name.unit)

    def _read(
        self, db: sqlite3.Connection, names: Mapping[int, PointName], after: int, last: int
    ) -> None:
        """Take the named points of the commits above `after` up to `last`, slice by slice."""
        place = after
        while names and place < last:
            rows = db.execute(NEXT_BLOCKS, (place, last, _SLICE_ROWS)).fetchall()
            for _, shift_ms, body in rows:
                self._take(body, shift_ms, names)
            place = rows[-1][0] if rows else last

    def _take(self, body: bytes, shift_ms: int, names: Mapping[int, PointName]) -> None:
        try:
            columns = shifted(decode(body, names, names), shift_ms)
        except DamagedBlockError:
            self.damaged_blocks += 1
            return
        for column in columns:
            quarters = self._quarters[column.name.key]
            for times_ms, values in column.usable():
                quarters.add(times_ms, values)


def _newest_names(db: sqlite3.Connection, wanted: frozenset[str]) -> dict[int, PointName]:
    """The wanted points by their numbers; of several units of a point the newest."""
    newest: dict[str, tuple[int, PointName]] = {}
    for number, *words in db.execute("SELECT id, device, name, unit FROM point ORDER BY id"):
        name = PointName(*words)
        if name.key in wanted:
            newest[name.key] = (number, name)
    return dict(newest.values())
