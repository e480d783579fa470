"""The store while its file cannot be written at all: what is known is kept, no lease is taken.

A full disk or a read-only file system at the start must not stop the control of the site. What the
file says of leases, overrides, peaks and small values is read; readings of the last minutes, audit
lines, plans and releases wait in RAM until the file can be opened.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from drivers.types import Clock
from edge_agent.store.gathering import Part
from edge_agent.store.journal import Journal
from edge_agent.store.opening import CARRIED, pour
from edge_agent.store.schema import create_tables, no_hook, refuse_newer
from edge_agent.store.stamps import to_ms
from edge_agent.store.types import LeaseRow, OverrideRow, StoreUnavailableError

HELD_S = 600.0
RETRY_S = 10.0
NOTES = 10_000
"""Audit lines, plans and releases that wait; the oldest give way."""
_BLOCKED = frozenset((sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR))
_PRIMARY = 0xFF
_LEAST_ROOM = 1 << 20


def is_blocked(path: Path, error: BaseException) -> bool:
    """Whether the disk, not a mistake of people, is why the file could not be opened."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY
        if code in _BLOCKED:
            return True
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT)
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    found = os.statvfs(folder)
    read_only = bool(found.f_flag & os.ST_RDONLY)
    return read_only or found.f_bavail * found.f_frsize < _LEAST_ROOM


def copy_in_memory(path: Path, now: datetime) -> sqlite3.Connection:
    """A database in RAM with what the file says of the site's control, and its numbers.

    Raises StoreVersionError or sqlite3.Error when there is a file and it cannot be read: then its
    numbers are not known, and none may be given.
    """
    db = sqlite3.connect(":memory:", isolation_level=None)
    create_tables(db, max(1, to_ms(now) // 1000))
    if not path.exists() or not path.stat().st_size:
        return db
    with closing(_reading(path)) as file:
        refuse_newer(file, path)
        for table in CARRIED:
            pour(db, table, file.execute(f"SELECT * FROM {table}").fetchall())  # noqa: S608 - names are ours
        newest = file.execute("SELECT max(seq) FROM commit_block").fetchone()[0] or 0
        lanes = dict(file.execute("SELECT lane, seq FROM watermark"))
        lanes["used"] = max(newest, *(lanes[lane] for lane in ("used", "sent", "acked")))
        db.executemany("INSERT OR REPLACE INTO watermark VALUES (?, ?)", lanes.items())
    return db


def _reading(path: Path) -> sqlite3.Connection:
    """A connection that makes no file beside the database's own: there may be no room for it."""
    address = path.absolute().as_uri()
    log, index = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    if not log.exists() or not log.stat().st_size:
        return sqlite3.connect(f"{address}?immutable=1", uri=True, isolation_level=None)
    if index.exists():
        # Left by a crash; on a read-only file system nothing else leads to the log.
        return sqlite3.connect(f"{address}?mode=ro", uri=True, isolation_level=None)
    file = sqlite3.connect(path, isolation_level=None)
    file.execute("PRAGMA locking_mode=EXCLUSIVE")
    return file


class MemoryJournal(Journal):
    """A journal that takes no lease, and tells a real one later what else it was told."""

    def __init__(self, db: sqlite3.Connection, clock: Clock, why: str) -> None:
        super().__init__(db, clock, no_hook)
        self._why = why
        self._told: deque[Callable[[Journal], None]] = deque(maxlen=NOTES)

    def tell(self, journal: Journal) -> None:
        """Write down what was told since the start."""
        while self._told:
            self._told[0](journal)
            self._told.popleft()

    def lease_put(self, row: LeaseRow) -> None:
        """Refuse: a lease that is not on the disk would not be released after a crash."""
        msg = f"no lease for {row.device}.{row.point}: {self._why}"
        raise StoreUnavailableError(msg)

    def lease_remove(self, device: str, point: str) -> None:
        """Forget a lease, here and later in the file."""
        super().lease_remove(device, point)
        self._told.append(lambda journal: journal.lease_remove(device, point))

    def override_put(self, row: OverrideRow) -> None:
        """Keep a person's wish."""
        super().override_put(row)
        self._told.append(lambda journal: journal.override_put(row))

    def override_remove(self, point: str) -> None:
        """Forget an override."""
        super().override_remove(point)
        self._told.append(lambda journal: journal.override_remove(point))

    def audit(self, kind: str, text: str, at: datetime, detail_json: str) -> None:
        """Append a line to the audit trail."""
        super().audit(kind, text, at, detail_json)
        self._told.append(lambda journal: journal.audit(kind, text, at, detail_json))

    def plan_put(self, made_at: datetime, source: str, json_text: str, *, degraded: bool) -> None:
        """Keep a plan as it was made."""
        super().plan_put(made_at, source, json_text, degraded=degraded)
        self._told.append(
            lambda journal: journal.plan_put(made_at, source, json_text, degraded=degraded)
        )

    def peak_put(self, charge_id: str, period_start: datetime, peak_kw: float) -> None:
        """Keep the billed peak of a demand charge in a period, kW."""
        super().peak_put(charge_id, period_start, peak_kw)
        self._told.append(lambda journal: journal.peak_put(charge_id, period_start, peak_kw))

    def state_put(self, key: str, json_text: str) -> None:
        """Keep a small named value."""
        super().state_put(key, json_text)
        self._told.append(lambda journal: journal.state_put(key, json_text))


def hand_over(memory: Journal, journal: Journal) -> None:
    """Have a journal written what the one in memory was told, once."""
    if isinstance(memory, MemoryJournal):
        memory.tell(journal)


class Held:
    """Readings of the last ten minutes, as they were gathered, until there is a file for them."""

    def __init__(self, clock: Clock, why: str) -> None:
        self._clock = clock
        self._parts: deque[tuple[float, Part]] = deque()
        self._next_try_s = clock.monotonic_s() + RETRY_S
        self.why = why
        self.dropped = 0

    @property
    def readings(self) -> int:
        """How many are held."""
        return sum(len(part.readings) for _, part in self._parts)

    def hold(self, parts: Sequence[Part]) -> None:
        """Keep what was gathered, and let go of what is too old."""
        now_s = self._clock.monotonic_s()
        self._parts.extend((now_s, part) for part in parts)
        while self._parts and self._parts[0][0] < now_s - HELD_S:
            self.dropped += len(self._parts.popleft()[1].readings)

    def is_time(self) -> bool:
        """Whether the file should be tried again."""
        now_s = self._clock.monotonic_s()
        if now_s < self._next_try_s:
            return False
        self._next_try_s = now_s + RETRY_S
        return True

    def next_part(self) -> Part | None:
        """The oldest part, handed out once."""
        return self._parts.popleft()[1] if self._parts else None
