"""All tables, for the owner who wants everything: in slices, oldest first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from edge_agent.store.series import (
    RAW_COLUMNS,
    ROLLED_COLUMNS,
    STEPS,
    Cell,
    Stretch,
    point_names,
    raw_slices,
    rolled_slices,
    with_times,
)

SLICE_ROWS = 500

_ISO = "strftime('%Y-%m-%dT%H:%M:%fZ', {column} / 1000000.0, 'unixepoch')"
_TRAIL = "SELECT * FROM {view} WHERE id > ? ORDER BY id LIMIT ?"
_PEAKS = (
    f"SELECT charge_id, {_ISO.format(column='period_start_us')} AS period_start, peak_kw FROM peak"  # noqa: S608 - names are ours
)
_OVERRIDES = (
    "SELECT point, value, owner, reason,"  # noqa: S608 - names are ours
    f" {_ISO.format(column='since_us')} AS since, {_ISO.format(column='expires_us')} AS expires"
    " FROM override"
)

TRAILS: Mapping[str, str] = {
    "audit": _TRAIL.format(view="events"),
    "commands": _TRAIL.format(view="commands"),
    "plans": _TRAIL.format(view="plans"),
    "tombstones": (
        "SELECT last, first, readings, kept FROM tombstone WHERE last > ? ORDER BY last LIMIT ?"
    ),
}
"""Tables that grow, read on from the number in the first column."""
SHORT: Mapping[str, str] = {
    "leases": "SELECT * FROM leases",
    "overrides": _OVERRIDES,
    "peaks": _PEAKS,
    "state": "SELECT key, json_text FROM state",
    "points": "SELECT device, name AS point, unit FROM point ORDER BY device, name",
}
"""Tables of a few rows."""

ALWAYS = Stretch(datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Table:
    """A table on its way out; `slices` may be gone through once."""

    name: str
    columns: tuple[str, ...]
    slices: Iterator[list[tuple[Cell, ...]]]


def every_table(db: sqlite3.Connection) -> Iterator[Table]:
    """Readings, roll-ups, audit, commands, plans, leases and the rest, personal points included."""
    names = point_names(db)
    yield Table("readings", RAW_COLUMNS, map(with_times, raw_slices(db, names, ALWAYS)))
    for step in STEPS:
        rolled = rolled_slices(db, names, ALWAYS, step)
        yield Table(f"rollup_{step}", ROLLED_COLUMNS, map(with_times, rolled))
    for name, query in TRAILS.items():
        yield Table(name, _columns(db, query, (0, 0)), _trail(db, query))
    for name, query in SHORT.items():
        yield Table(name, _columns(db, query, ()), iter([db.execute(query).fetchall()]))


def _columns(db: sqlite3.Connection, query: str, values: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(column[0] for column in db.execute(query, values).description)


def _trail(db: sqlite3.Connection, query: str) -> Iterator[list[tuple[Cell, ...]]]:
    place = -(1 << 62)
    while rows := db.execute(query, (place, SLICE_ROWS)).fetchall():
        yield rows
        place = rows[-1][0]
