"""Readings and roll-ups out of the file while the agent writes it, in bounded slices.

Each statement reads a slice and ends, so that a long export never holds back the writer's
checkpoint. Rows come in the order of time, those of one time in the order of the points' numbers.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Literal, NamedTuple

from edge_agent.store.block import Column, PointName, decode
from edge_agent.store.outbox import LATE_MS
from edge_agent.store.stamps import from_ms, to_ms
from edge_agent.store.types import DamagedBlockError, UnknownPointError

Step = Literal["5min", "15min", "1h"]
STEPS: Mapping[Step, tuple[str, int]] = {
    "5min": ("five_min", 300),
    "15min": ("quarter", 900),
    "1h": ("hour", 3600),
}
"""Table and seconds of a row of each roll-up."""
Cell = str | int | float | None
SLICE_ROWS = 64
SLICE_KEYS = 4096
"""Roll-up rows sought by one statement."""

POINTS = "SELECT id, device, name, unit FROM point ORDER BY id"
BLOCKS_BETWEEN = (
    "SELECT start_ms, seq, body FROM commit_block WHERE (start_ms, seq) > (?, ?)"
    " AND start_ms < ? ORDER BY start_ms, seq LIMIT ?"
)
_ROLLED = """WITH RECURSIVE span (number) AS
  (SELECT ? UNION ALL SELECT number + 1 FROM span WHERE number + 1 < ?)
  SELECT span.number, wanted.value, (r.last + r.deviation * 1.0 / r.used) / d.factor,
  (r.last - r.low) / d.factor, (r.last + r.high) / d.factor, r.last / d.factor,
  r.used + r.unusable, (r.used - r.uncertain) * 1.0 / (r.used + r.unusable), r.energy / d.factor
  FROM span CROSS JOIN json_each(?) AS wanted
  CROSS JOIN {table} AS r ON r.key = span.number << 16 | wanted.value
  JOIN decimal_digits AS d ON d.digits = r.digits"""
ROLLED_BETWEEN = {step: _ROLLED.format(table=table) for step, (table, _) in STEPS.items()}
"""A seek for each point and span."""
ROLLED_ENDS = {
    step: f"SELECT (SELECT min(key) >> 16 FROM {table}), (SELECT max(key) >> 16 FROM {table})"  # noqa: S608 - names are ours
    for step, (table, _) in STEPS.items()
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time from `since` until before `until`, UTC."""

    since: datetime
    until: datetime

    @property
    def ends_ms(self) -> tuple[int, int]:
        """Both in ms since 1970."""
        return to_ms(self.since), to_ms(self.until)


class RawRow(NamedTuple):
    """One reading; `value` in `unit`, None where there was none."""

    at_ms: int
    device: str
    point: str
    unit: str
    value: float | None
    quality: str
    reason: str


class RolledRow(NamedTuple):
    """One span of one point; the figures are None when no reading of it was usable."""

    at_ms: int
    """When the span starts."""
    device: str
    point: str
    unit: str
    mean: float | None
    low: float | None
    high: float | None
    last: float | None
    readings: int
    share_good: float
    energy_kwh: float | None
    """Increase of an energy counter."""


RAW_COLUMNS = ("time", *RawRow._fields[1:])
ROLLED_COLUMNS = (
    *("start", "device", "point", "unit", "mean", "min", "max", "last", "count", "share_good"),
    "energy_kwh",
)
"""As in the views."""


def point_names(db: sqlite3.Connection) -> dict[int, PointName]:
    """Every point the file ever had, by number; a point read in two units has two."""
    return {number: PointName(*name) for number, *name in db.execute(POINTS)}


def names_of(db: sqlite3.Connection, keys: Collection[str]) -> dict[int, PointName]:
    """The numbers of `device.point` names; UnknownPointError for one that was never read."""
    every = point_names(db)
    found = {number: name for number, name in every.items() if name.key in keys}
    if missing := set(keys) - {name.key for name in found.values()}:
        msg = f"the store has no point {', '.join(sorted(missing))}"
        raise UnknownPointError(msg)
    return found


def raw_slices(
    db: sqlite3.Connection, names: Mapping[int, PointName], stretch: Stretch
) -> Iterator[list[RawRow]]:
    """The readings of the named points, block by block; a damaged block is left out."""
    since_ms, until_ms = stretch.ends_ms
    start, seq = since_ms - LATE_MS, -1
    while True:
        rows = db.execute(BLOCKS_BETWEEN, (start, seq, until_ms, SLICE_ROWS)).fetchall()
        for *_, body in rows:
            try:
                columns = decode(body, names, names)
            except DamagedBlockError:
                continue
            found = [row for column in columns for row in _rows(column, since_ms, until_ms)]
            found.sort(key=attrgetter("at_ms"))
            yield found
        if len(rows) < SLICE_ROWS:
            return
        start, seq = rows[-1][:2]


def rolled_slices(
    db: sqlite3.Connection, names: Mapping[int, PointName], stretch: Stretch, step: Step
) -> Iterator[list[RolledRow]]:
    """The roll-ups of the named points whose span starts in the stretch."""
    span_ms = 1000 * STEPS[step][1]
    since_ms, until_ms = stretch.ends_ms
    first, last = db.execute(ROLLED_ENDS[step]).fetchone()
    if last is None or not names:
        return
    place, end = max(first, -(-since_ms // span_ms)), min(last + 1, -(-until_ms // span_ms))
    numbers, spans = json.dumps(sorted(names)), max(1, SLICE_KEYS // len(names))
    while place < end:
        after = min(place + spans, end)
        rows = db.execute(ROLLED_BETWEEN[step], (place, after, numbers)).fetchall()
        yield [
            RolledRow(span * span_ms, *names[number], *figures) for span, number, *figures in rows
        ]
        place = after


def with_times(rows: Iterable[RawRow | RolledRow]) -> list[tuple[Cell, ...]]:
    """The rows as they are shown: times in ISO, UTC."""
    found: list[tuple[Cell, ...]] = []
    for row in rows:
        at = from_ms(row.at_ms).isoformat(timespec="milliseconds")
        found.append((at.replace("+00:00", "Z"), *row[1:]))
    return found


def _rows(column: Column, since_ms: int, until_ms: int) -> Iterator[RawRow]:
    place = 0
    for quality, reason, _, length in column.runs:
        end = place + length
        for at_ms, value in zip(column.at_ms[place:end], column.values[place:end], strict=True):
            if since_ms <= at_ms < until_ms:
                yield RawRow(at_ms, *column.name, value, str(quality), reason)
        place = end
