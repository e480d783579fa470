"""Getting the file ready: checked within bounded time, set aside when damaged, never deleted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import Timer
from typing import NamedTuple

from edge_agent.store.schema import create_tables, open_writable, writing
from edge_agent.store.stamps import to_ms

BOOT_KEY = "store.boot"
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY = 0xFF
"""The primary result code within an extended one."""
CARRIED = ("lease", "override", "peak", "state")
"""What is carried over from a damaged file as far as it can be read: what we owe the devices."""


class Opened(NamedTuple):
    """A file ready for use; `boot` is higher than at any earlier opening."""

    db: sqlite3.Connection
    boot: int
    notes: tuple[str, ...]


class _Salvage(NamedTuple):
    last_seq: int
    rows: dict[str, list[tuple[object, ...]]]


def open_file(path: Path, now: datetime, check_s: float) -> Opened:
    """Open or make the file at `path`; the check for damage takes at most about `check_s`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        db, notes = _open_checked(path, now, check_s)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & _PRIMARY not in _DAMAGED:
            raise
        db, notes = _start_afresh(path, now, str(error))
    try:
        return Opened(db, _count_boot(db), notes)
    except BaseException:
        db.close()
        raise


def _open_checked(
    path: Path, now: datetime, check_s: float
) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    db = open_writable(path)
    try:
        if not db.execute("PRAGMA user_version").fetchone()[0]:
            create_tables(db, _first_seq(now, 0))
            return db, ()
        return db, _check(db, check_s)
    except BaseException:
        db.close()
        raise


def _check(db: sqlite3.Connection, check_s: float) -> tuple[str, ...]:
    """Notes of a check that found nothing; DatabaseError with the code for damage otherwise."""
    limit = Timer(check_s, db.interrupt)
    limit.start()
    try:
        found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_INTERRUPT:
            raise
        return (f"the check of the file was cut short after {check_s:g} s",)
    finally:
        limit.cancel()
        limit.join()
    if found != "ok":
        damage = sqlite3.DatabaseError(found)
        damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damage
    return ()


def _start_afresh(
    path: Path, now: datetime, damage: str
) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    aside = _set_aside(path, now)
    saved = _salvage(aside)
    db = open_writable(path)
    create_tables(db, _first_seq(now, saved.last_seq))
    kept = {table: pour(db, table, rows) for table, rows in saved.rows.items()}
    carried = ", ".join(f"{count} {table}" for table, count in kept.items() if count) or "nothing"
    return db, (f"damaged file set aside as {aside.name} ({damage}); carried over: {carried}",)


def _set_aside(path: Path, now: datetime) -> Path:
    """Rename the file with its log and shared memory; no earlier one is overwritten."""
    stem = f"{path.name}.corrupt-{now:%Y%m%dT%H%M%SZ}"
    aside = path.with_name(stem)
    tries = 1
    while aside.exists():
        tries += 1
        aside = path.with_name(f"{stem}-{tries}")
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def _first_seq(now: datetime, last_seq: int) -> int:
    """The first number of a new file: the second of its making.

    Commits are a second or more apart, so no file a gateway ever had has counted that far, and a
    replaced file or disk does not reuse numbers the cloud has seen.
    """
    return max(1, to_ms(now) // 1000, last_seq + 1)


def _salvage(aside: Path) -> _Salvage:
    """What can still be read of a damaged file, without changing it.

    Its last write in seconds since 1970 bounds its numbers like the clock does, and holds where the
    clock is not yet set.
    """
    rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in CARRIED}
    numbers = [int(aside.stat().st_mtime)]
    with suppress(sqlite3.DatabaseError), _untouched(aside) as db:
        for table in CARRIED:
            with suppress(sqlite3.DatabaseError):
                for row in db.execute(f"SELECT * FROM {table}"):  # noqa: S608 - names are ours
                    rows[table].append(row)
        for query in ("SELECT max(seq) FROM commit_block", "SELECT max(seq) FROM watermark"):
            with suppress(sqlite3.DatabaseError):
                numbers.append(db.execute(query).fetchone()[0] or 0)
    return _Salvage(max(numbers), rows)


@contextmanager
def _untouched(path: Path) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    with closing(db):
        yield db


def pour(db: sqlite3.Connection, table: str, rows: list[tuple[object, ...]]) -> int:
    """Write salvaged rows one by one; those the table refuses are left behind. Rows written."""
    written = 0
    with writing(db):
        for row in rows:
            marks = ", ".join("?" * len(row))
            with suppress(sqlite3.Error):
                db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608 - names are ours
                written += 1
    return written


def last_boot(db: sqlite3.Connection) -> int:
    """Number of the last opening, 0 before the first."""
    row = db.execute("SELECT json_text FROM state WHERE key = ?", (BOOT_KEY,)).fetchone()
    return int(json.loads(row[0])) if row else 0


def _count_boot(db: sqlite3.Connection) -> int:
    boot = last_boot(db) + 1
    with writing(db):
        db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (BOOT_KEY, json.dumps(boot)))
    return boot
