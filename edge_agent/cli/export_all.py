"""Everything the store holds, for its owner: a folder or a tar of CSV files."""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from edge_agent.cli.sinks import FORMATS, Row, whole_file
from edge_agent.store.everything import other_tables
from edge_agent.store.series import (
    RAW_COLUMNS,
    ROLLED_COLUMNS,
    STEPS,
    RawRow,
    RolledRow,
    Stretch,
    point_names,
    raw_slices,
    rolled_slices,
)
from edge_agent.store.stamps import from_ms
from edge_agent.store.types import CopyError

TARS = {".tar": "w", ".gz": "w:gz", ".tgz": "w:gz"}
ALWAYS = Stretch(datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))

Slices = Iterable[Sequence[Row]]


def export_all(db: sqlite3.Connection, out: Path) -> dict[str, int]:
    """Write a CSV file for each table; rows by table. Raises CopyError, StoreError or OSError.

    What is to be a tar is first a folder beside it. Either appears whole or not at all.
    """
    if out.exists():
        msg = f"{out} exists already and is left as it is"
        raise CopyError(msg)
    folder = out.with_name(f"{out.name}.folder.partial")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        counts = {
            name: _write(folder / f"{name}.csv", columns, slices)
            for name, columns, slices in _tables(db)
        }
        if out.suffix in TARS:
            _pack(folder, out)
        else:
            folder.rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return counts


def with_times(rows: Iterable[RawRow | RolledRow]) -> Iterator[Row]:
    """The rows as they are shown: times in ISO, UTC."""
    for row in rows:
        at = from_ms(row.at_ms).isoformat(timespec="milliseconds")
        yield (at.replace("+00:00", "Z"), *row[1:])


def _tables(db: sqlite3.Connection) -> Iterator[tuple[str, Sequence[str], Slices]]:
    names = point_names(db)
    raw = raw_slices(db, names, ALWAYS)
    yield "readings", RAW_COLUMNS, (tuple(with_times(part)) for part in raw)
    for step in STEPS:
        rolled = rolled_slices(db, names, ALWAYS, step)
        yield f"rollup_{step}", ROLLED_COLUMNS, (tuple(with_times(part)) for part in rolled)
    for table in other_tables(db):
        yield table.name, table.columns, table.slices


def _write(path: Path, columns: Sequence[str], slices: Slices) -> int:
    count = 0
    with path.open("wb") as out, FORMATS["csv"](out, columns) as sink:
        for part in slices:
            sink.write(part)
            count += len(part)
    return count


def _pack(folder: Path, out: Path) -> None:
    name = out.name.split(".", maxsplit=1)[0]
    with whole_file(out) as packed, tarfile.open(fileobj=packed, mode=TARS[out.suffix]) as tar:  # type: ignore[call-overload]  # one of two modes
        for path in sorted(folder.iterdir()):
            tar.add(path, f"{name}/{path.name}")
