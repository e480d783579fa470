"""The tables, and how every connection to the file is made.

Telemetry is one row per group commit; its `seq` is identity and drain order. The outbox is the
rows above the watermark, not a second copy. Times end in `_ms` or `_us`: UTC since 1970.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge_agent.store.types import StoreUnavailableError, StoreVersionError

VERSION = 1
BUSY_MS = 5000

DDL = """
CREATE TABLE point (
  id INTEGER PRIMARY KEY, device TEXT NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL,
  UNIQUE (device, name, unit)) STRICT;
CREATE TABLE commit_block (
  seq INTEGER PRIMARY KEY, start_ms INTEGER NOT NULL, n INTEGER NOT NULL,
  boot INTEGER NOT NULL, mono_ms INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE INDEX commit_block_start ON commit_block (start_ms);
CREATE TABLE watermark (lane TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE lease (
  device TEXT NOT NULL, point TEXT NOT NULL, value REAL NOT NULL, prior REAL,
  owner TEXT NOT NULL, reason TEXT NOT NULL, command_id TEXT NOT NULL,
  since_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (device, point)) STRICT, WITHOUT ROWID;
CREATE TABLE override (
  point TEXT PRIMARY KEY, value REAL NOT NULL, owner TEXT NOT NULL, reason TEXT NOT NULL,
  since_us INTEGER NOT NULL, expires_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
  id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
  detail_json TEXT NOT NULL) STRICT;
CREATE TABLE plan (
  id INTEGER PRIMARY KEY, made_us INTEGER NOT NULL, source TEXT NOT NULL,
  degraded INTEGER NOT NULL, json_text TEXT NOT NULL) STRICT;
CREATE INDEX plan_made ON plan (made_us, source);
CREATE TABLE peak (
  charge_id TEXT NOT NULL, period_start_us INTEGER NOT NULL, peak_kw REAL NOT NULL,
  PRIMARY KEY (charge_id, period_start_us)) STRICT, WITHOUT ROWID;
CREATE TABLE state (key TEXT PRIMARY KEY, json_text TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""

WriteHook = Callable[[sqlite3.Connection], None]
"""Called inside every write transaction before its first statement; what it raises fails the
write. This is the seam through which a test fills or breaks the disk."""


def no_hook(_db: sqlite3.Connection) -> None:
    """Let every write through."""


def open_writable(path: Path) -> sqlite3.Connection:
    """A connection that may write: WAL, every commit synced to the disk."""
    db = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)
    try:
        db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        refuse_newer(db, path)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
    except BaseException:
        db.close()
        raise
    return db


@contextmanager
def open_readonly(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of another process that can only read, closed at the end."""
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        with closing(db):
            db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            refuse_newer(db, path)
            yield db
    except sqlite3.Error as error:
        msg = f"cannot read {path}: {error}"
        raise StoreUnavailableError(msg) from error


def refuse_newer(db: sqlite3.Connection, path: Path) -> None:
    """Raise StoreVersionError when a later program has changed the tables."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        msg = (
            f"{path} has table version {version}, this program knows {VERSION}: "
            "install the newer program again, or move the file away to start afresh"
        )
        raise StoreVersionError(msg)


@contextmanager
def writing(db: sqlite3.Connection, hook: WriteHook = no_hook) -> Iterator[None]:
    """One write transaction: all of it is durable at the end, or nothing of it happened."""
    db.execute("BEGIN IMMEDIATE")
    try:
        hook(db)
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def create_tables(db: sqlite3.Connection, first_seq: int) -> None:
    """Lay out a new file whose first group commit gets the number `first_seq`."""
    with writing(db):
        for statement in filter(str.strip, DDL.split(";")):
            db.execute(statement)
        lanes = [(lane, first_seq - 1) for lane in ("used", "sent", "acked")]
        db.executemany("INSERT INTO watermark VALUES (?, ?)", lanes)
        db.execute(f"PRAGMA user_version={VERSION}")
