"""How every connection to the file is made, and how a new file is laid out.

Telemetry is one row per group commit; its `seq` is identity and drain order. The outbox is the
rows above the watermark, not a second copy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge_agent.store.tables import LANES, STEPS, VERSION
from edge_agent.store.types import StoreUnavailableError, StoreVersionError

BUSY_MS = 5000
CACHE_KIB = 256
"""Pages SQLite may keep in RAM: the rows written are new ones, and memory is scarce."""

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
        # Some builds overwrite what is deleted: that doubles what is written, and wears the card.
        db.execute("PRAGMA secure_delete=FAST")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
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
            if 0 < version_of(db) < VERSION:
                msg = f"{path} is of an older program: start the agent, it brings it up to date"
                raise StoreVersionError(msg)
            yield db
    except sqlite3.Error as error:
        msg = f"cannot read {path}: {error}"
        raise StoreUnavailableError(msg) from error


def version_of(db: sqlite3.Connection) -> int:
    """The version of the tables; 0 for a file without any."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(db: sqlite3.Connection, path: Path) -> None:
    """Raise StoreVersionError when a later program has changed the tables."""
    version = version_of(db)
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
        for version, statements in STEPS.items():
            for statement in statements:
                db.execute(statement)
            if version == 1:
                lanes = [(lane, first_seq - 1) for lane in LANES]
                db.executemany("INSERT INTO watermark VALUES (?, ?)", lanes)
        db.execute(f"PRAGMA user_version={VERSION}")
