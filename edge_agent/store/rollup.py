"""Roll-ups from committed blocks on the storage thread, taken in slices, with their cursor.

Blocks are summed up in RAM as they come; when the span of a table is over, its rows become durable
in one transaction with its cursor over the blocks: rows are written once, and whole, so that the
pages stay full. After a crash summing begins again at the least cursor, and each table takes what
it lacks, so that a reading counts once. Late readings are merged into the rows they belong to.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from edge_agent.store.block import Column, decode, shifted
from edge_agent.store.counters import Count, Jump, follow
from edge_agent.store.points import PointNumbers
from edge_agent.store.rows import BlockRow
from edge_agent.store.schema import WriteHook, writing
from edge_agent.store.summary import RollupRow, Summary, from_row, storable, to_row
from edge_agent.store.trusting import ROLLUP_WAIT_MS, Waiting
from edge_agent.store.types import DamagedBlockError

FIVE_MIN_MS = 300_000
TABLES: Mapping[str, int] = {"five_min": 1, "quarter": 3, "hour": 12}
"""Spans of five minutes in a row of each table."""
POINT_BITS = 16
POINT_MASK = (1 << POINT_BITS) - 1
ENERGY_UNIT = "kWh"
TAKE_READINGS = 8_000
"""Readings summed up in one slice: some 10 ms of work."""
TAKE_ROWS = 64
WAITING_BLOCKS = 360
"""Blocks summed up before they are settled, should their clock stand still."""
WAITING_ROWS = 4_000
"""Rows of a table that are not left waiting for the end of their span."""

BLOCKS_ABOVE = (
    "SELECT seq, start_ms, n, boot, mono_ms, body, wall_ms, trust, shift_ms FROM commit_block"
    " WHERE seq > ? ORDER BY seq LIMIT ?"
)
ROLLED = "SELECT min(seq) FROM watermark WHERE lane LIKE 'rolled%'"
"""The number up to which blocks are in all tables."""
LANES = {"five_min": "rolled_five_min", "quarter": "rolled_quarter", "hour": "rolled"}
"""Watermarks up to which blocks are in each table; the longest span comes last."""
CURSOR = "SELECT seq FROM watermark WHERE lane = ?"
MARK_CURSOR = "UPDATE watermark SET seq = ? WHERE lane = ?"
COUNTERS = "SELECT point, at_ms, value FROM counter"
COLUMNS = "last, deviation, low, high, last_s, used, uncertain, unusable, digits, energy"
READ = {t: f"SELECT {COLUMNS} FROM {t} WHERE key = ?" for t in TABLES}  # noqa: S608 - names are ours
WRITE = {
    t: f"INSERT OR REPLACE INTO {t} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - names are ours
    for t in TABLES
}
PUT_COUNTER = "INSERT OR REPLACE INTO counter VALUES (?, ?, ?)"
NOTE_JUMP = "INSERT INTO audit (at_us, kind, text, detail_json) VALUES (?, 'meter', ?, '')"


class Rolled(NamedTuple):
    """What one slice did."""

    blocks: int = 0
    """Taken in."""
    rows: int = 0
    """Written, in all three tables."""
    more: bool = False


@dataclass(slots=True)
class _Level:
    """One table on its way: what is summed up beyond its cursor and not written."""

    table: str
    spans: int
    cursor: int
    pending: dict[int, Summary] = field(default_factory=dict)

    def is_due(self, done: int, span: int) -> bool:
        """Whether its span is over once a block of `span` follows one of `done`."""
        over = done // self.spans != span // self.spans
        return bool(self.pending) and (over or len(self.pending) >= WAITING_ROWS)


class Rollup:
    """The only writer of the roll-up tables.

    `_current` sums up the blocks since the last settling, `_taken` is the last of them. No level's
    cursor lies within them, so that each level takes all of it or has it already.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        points: PointNumbers,
        hook: WriteHook,
        waiting: Waiting,
        left_out: Collection[str] = frozenset(),
    ) -> None:
        self._db = db
        self._points = points
        self._hook = hook
        self._waiting = waiting
        self._left_out = left_out
        self._current: dict[int, Summary] = {}
        self._blocks = 0
        self._jumps: list[tuple[int, str]] = []
        self._moved: set[int] = set()
        self._levels = [
            _Level(table, spans, int(db.execute(CURSOR, (LANES[table],)).fetchone()[0]))
            for table, spans in TABLES.items()
        ]
        self._taken = self.cursor
        self._span = 0
        self._counters = {
            number: Count(at_ms, value) for number, at_ms, value in db.execute(COUNTERS)
        }
        self.damaged_blocks = 0

    @property
    def cursor(self) -> int:
        """Number of the last block whose readings are in all tables."""
        return min(level.cursor for level in self._levels)

    def advance(self) -> Rolled:
        """One slice: write a table whose span is over, else take in the next blocks."""
        rows = self._db.execute(BLOCKS_ABOVE, (self._taken, TAKE_ROWS)).fetchall()
        blocks = readings = 0
        for block in map(BlockRow._make, rows):
            if self._waiting.waits(block.trust, block.boot, block.mono_ms, ROLLUP_WAIT_MS):
                return Rolled(blocks)
            span = block.start_ms // FIVE_MIN_MS
            if self._blocks and (span != self._span or self._blocks >= WAITING_BLOCKS):
                self._settle()
            if not self._blocks:
                due = [level for level in self._levels if level.is_due(self._span, span)]
                if due:
                    return Rolled(blocks, self._flush(due[0]), more=True)
            if readings and readings + block.n > TAKE_READINGS:
                return Rolled(blocks, more=True)
            self._take(block)
            self._taken, self._span = block.seq, span
            blocks, readings, self._blocks = blocks + 1, readings + block.n, self._blocks + 1
            if any(level.cursor == block.seq for level in self._levels):
                self._settle()
        return Rolled(blocks, more=len(rows) == TAKE_ROWS)

    def _settle(self) -> None:
        """Hand what was summed up to the tables that do not have it yet."""
        for level in self._levels:
            if level.cursor < self._taken:
                for key, found in self._current.items():
                    span = (key >> POINT_BITS) // level.spans
                    longer = span << POINT_BITS | key & POINT_MASK
                    level.pending.setdefault(longer, Summary()).merge(found)
        self._current, self._blocks = {}, 0

    def _flush(self, level: _Level) -> int:
        """Make a table durable with its cursor; what fails is kept for the next time."""
        rows = self._rows(level)
        with writing(self._db, self._hook):
            self._db.executemany(WRITE[level.table], rows)
            self._db.execute(MARK_CURSOR, (self._taken, LANES[level.table]))
            if level is self._levels[0]:
                self._db.executemany(NOTE_JUMP, self._jumps)
            if level is self._levels[-1]:
                moved = [(number, *self._counters[number]) for number in self._moved]
                self._db.executemany(PUT_COUNTER, moved)
        level.cursor = self._taken
        level.pending = {}
        if level is self._levels[0]:
            self._jumps.clear()
        if level is self._levels[-1]:
            self._moved.clear()
        return len(rows)

    def _rows(self, level: _Level) -> list[tuple[int | None, ...]]:
        """The rows of what is pending, merged with those that are there already."""
        rows: list[tuple[int | None, ...]] = []
        for key, found in sorted(level.pending.items(), key=itemgetter(0)):
            start_ms = (key >> POINT_BITS) * level.spans * FIVE_MIN_MS
            held = self._db.execute(READ[level.table], (key,)).fetchone()
            whole = found
            if held is not None:
                whole = from_row(RollupRow(*held), start_ms)
                whole.merge(found)
            rows.append((key, *to_row(whole, start_ms)))
        return rows

    def _take(self, block: BlockRow) -> None:
        try:
            columns = shifted(decode(block.body, self._points.names), block.shift_ms)
        except DamagedBlockError:
            self.damaged_blocks += 1
            return
        for column in columns:
            number = self._points.number(column.name)
            if number <= POINT_MASK and column.name.key not in self._left_out:
                self._take_column(number, column, block.seq)

    def _take_column(self, number: int, column: Column, seq: int) -> None:
        place = 0
        for quality, _, _, length in column.runs:
            end = place + length
            times, values = column.at_ms[place:end], column.values[place:end]
            known = [v for v in values if v is not None and storable(v)]
            place = end
            if not quality.usable or len(known) < length:
                usable = [
                    (at_ms, value)
                    for at_ms, value in zip(times, values, strict=True)
                    if quality.usable and value is not None and storable(value)
                ]
                self._lack(number, times, len(usable))
                if not usable:
                    continue
                times, known = [at_ms for at_ms, _ in usable], [value for _, value in usable]
            for span, part_ms, part in _by_span(times, known):
                found = self._summary(span, number)
                found.add(part_ms, part, good=quality.value == "good")
            if column.name.unit == ENERGY_UNIT:
                jumps = self._count(number, zip(times, known, strict=True))
                self._note(seq, column.name.key, jumps)

    def _summary(self, span: int, number: int) -> Summary:
        key = span << POINT_BITS | number
        found = self._current.get(key)
        if found is None:
            found = self._current[key] = Summary()
        return found

    def _lack(self, number: int, times: Collection[int], usable: int) -> None:
        """Count what cannot be used in the span where the run began."""
        span = min(times) // FIVE_MIN_MS
        self._summary(span, number).unusable += len(times) - usable

    def _count(
        self, number: int, readings: Iterable[tuple[int, float]]
    ) -> list[tuple[Count, Count, Jump]]:
        """Add up what a counter counted; where it jumped, from and to."""
        jumps: list[tuple[Count, Count, Jump]] = []
        for at_ms, value in sorted(readings):
            after, before = Count(at_ms, value), self._counters.get(number)
            if before is not None and at_ms <= before.at_ms:
                continue
            self._moved.add(number)
            if before is None:
                self._counters[number] = after
                continue
            step, self._counters[number] = follow(before, after)
            if step.energy_kwh is not None:
                found = self._summary(at_ms // FIVE_MIN_MS, number)
                found.energy_kwh = (found.energy_kwh or 0.0) + step.energy_kwh
            if step.jump is not Jump.NONE:
                jumps.append((before, after, step.jump))
        return jumps

    def _note(self, seq: int, key: str, jumps: list[tuple[Count, Count, Jump]]) -> None:
        """Have jumps told in the trail, but not those of a block that was taken in before."""
        if seq <= self._levels[0].cursor:
            return
        for before, after, jump in jumps:
            text = f"{key} went from {before.value_kwh:g} to {after.value_kwh:g} kWh: "
            self._jumps.append((after.at_ms * 1000, f"{text}taken as {jump}"))


def _by_span(
    times_ms: Collection[int], values: list[float]
) -> Iterator[tuple[int, list[int], list[float]]]:
    """The readings of each span of five minutes."""
    times = list(times_ms)
    first, last = min(times) // FIVE_MIN_MS, max(times) // FIVE_MIN_MS
    if first == last:
        yield first, times, values
        return
    spans: dict[int, tuple[list[int], list[float]]] = {}
    for at_ms, value in zip(times, values, strict=True):
        part_ms, part = spans.setdefault(at_ms // FIVE_MIN_MS, ([], []))
        part_ms.append(at_ms)
        part.append(value)
    for span in sorted(spans):
        yield span, *spans[span]
