"""Backup of a state directory beside a running agent, and its way back.

A backup is a folder: the store, copied whole as of one moment, and the small files beside it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edge_agent.store.lock import StateLock
from edge_agent.store.schema import BUSY_MS, open_readonly, refuse_newer, version_of, writing
from edge_agent.store.stamps import to_ms, to_us
from edge_agent.store.types import CopyError, StoreUnavailableError

PAGES = 1024
"""Copied in one go, 4 MB: between two of them others get the disk."""
PAUSE_S = 0.01
SMALL_BYTES = 1_000_000
LEFT_OUT = frozenset({"lock", "control.sock"})
"""Of the process, not of the site."""

COUNT_ON = "UPDATE watermark SET seq = max(seq, ?) WHERE lane = 'used'"
NOTE = "INSERT INTO audit (at_us, kind, text, detail_json) VALUES (?, 'store', ?, '')"


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup or a restore did."""

    store_bytes: int
    files: tuple[str, ...]
    """Small files that were copied as well."""
    left_out: tuple[str, ...] = ()
    """What was not: large, or no plain file."""
    set_aside: tuple[str, ...] = ()
    """What stood there before, under its new name."""


def back_up(state_dir: Path, database: str, to: Path) -> Copied:
    """Copy store and small files to the new folder `to`, which appears whole or not at all.

    May run beside the agent. Raises CopyError, StoreError or OSError.
    """
    if to.exists():
        msg = f"{to} exists already and is left as it is"
        raise CopyError(msg)
    partial = to.with_name(f"{to.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    try:
        copy = partial / database
        _copy_store(state_dir / database, copy)
        small = dict(_small_files(state_dir, database))
        taken = [name for name, fits in small.items() if fits]
        for name in taken:
            _copy_file(state_dir / name, partial / name)
        _sync(partial)
        partial.rename(to)
        _sync(to.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    left_out = tuple(name for name, fits in small.items() if not fits)
    return Copied((to / database).stat().st_size, tuple(taken), left_out)


def restore(
    backup: Path, state_dir: Path, database: str, now: datetime, *, force: bool = False
) -> Copied:
    """Put a backup into `state_dir`, whose agent is stopped; nothing is replaced before the check.

    What it replaces stays beside it under a dated name. The numbers of its commits go on above
    every one that could have been given since the backup was made. Raises CopyError, StoreError
    or OSError.
    """
    source, target = backup / database, state_dir / database
    if not source.is_file():
        msg = f"{backup} is no backup: it has no {database}"
        raise CopyError(msg)
    with StateLock.acquire(state_dir):
        if target.exists() and not force:
            msg = f"{target} exists: --force puts it aside and restores all the same"
            raise CopyError(msg)
        fresh = target.with_name(f"{database}.partial")
        try:
            _copy_file(source, fresh)
            _check(fresh, source)
            _go_on(fresh, backup, now)
            suffix = f".replaced-{now:%Y%m%dT%H%M%SZ}"
            old = zip(_store_files(database), _store_files(database + suffix), strict=True)
            aside = [new for name, new in old if _move(state_dir / name, state_dir / new)]
            fresh.rename(target)
        finally:
            for name in _store_files(fresh.name):
                (state_dir / name).unlink(missing_ok=True)
        small = [name for name, fits in _small_files(backup, database) if fits]
        for name in small:
            if _move(state_dir / name, state_dir / f"{name}{suffix}"):
                aside.append(f"{name}{suffix}")
            _copy_file(backup / name, state_dir / name)
        _sync(state_dir)
    return Copied(target.stat().st_size, tuple(small), set_aside=tuple(aside))


def _copy_store(source: Path, copy: Path) -> None:
    """As of one moment: the agent's commits go on meanwhile and are not in it."""
    if not source.is_file():
        msg = f"there is no store at {source}"
        raise CopyError(msg)
    try:
        with open_readonly(source) as db, closing(sqlite3.connect(copy)) as target:
            db.execute("BEGIN")
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            db.backup(target, pages=PAGES, sleep=PAUSE_S)
            # One file without a log beside it, that can be read where nothing can be written.
            target.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        msg = f"cannot copy {source}: {error}"
        raise StoreUnavailableError(msg) from error
    _sync(copy)


def _check(fresh: Path, source: Path) -> None:
    """Raise CopyError for a damaged store, StoreVersionError for a newer program's."""
    try:
        with closing(sqlite3.connect(fresh, isolation_level=None)) as db:
            refuse_newer(db, source)
            found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if not version_of(db):
                found = "it has no tables"
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        msg = f"{source} is damaged ({found}): nothing was replaced"
        raise CopyError(msg)


def _go_on(fresh: Path, backup: Path, now: datetime) -> None:
    """Number on above what may have been sent since; commits are a second or more apart."""
    with closing(sqlite3.connect(fresh, timeout=BUSY_MS / 1000, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=FULL")
        with writing(db):
            db.execute(COUNT_ON, (to_ms(now) // 1000,))
            db.execute(NOTE, (to_us(now), f"restored from the backup {backup.name}"))


def _small_files(folder: Path, database: str) -> Iterator[tuple[str, bool]]:
    """What stands beside the store, and whether it is copied; nothing of the process's own."""
    for path in sorted(folder.iterdir()):
        if path.name in LEFT_OUT or path.name.startswith(database):
            continue
        yield path.name, path.is_file() and path.stat().st_size <= SMALL_BYTES


def _store_files(name: str) -> tuple[str, ...]:
    return (name, f"{name}-wal", f"{name}-shm", f"{name}-journal")


def _move(path: Path, to: Path) -> bool:
    with suppress(FileNotFoundError):
        path.rename(to)
        return True
    return False


def _copy_file(source: Path, target: Path) -> None:
    shutil.copy2(source, target)
    _sync(target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
