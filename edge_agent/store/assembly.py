"""What a store is made of, put together on the storage thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from drivers.types import Clock
from edge_agent.restamp import Anchor
from edge_agent.store.in_memory import MemoryJournal, copy_in_memory
from edge_agent.store.journal import Journal
from edge_agent.store.migration import bring_up_to_date, is_older
from edge_agent.store.opening import last_boot, open_file
from edge_agent.store.outbox import Outbox
from edge_agent.store.points import PointNumbers
from edge_agent.store.retention import Retention
from edge_agent.store.schema import WriteHook, no_hook, writing
from edge_agent.store.telemetry import Telemetry
from edge_agent.store.thread import StorageThread
from edge_agent.store.trusting import Waiting, boots_like, know_boot, machine_boot
from edge_agent.store.upkeep import File, Keeper


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """Bounds of the store in RAM and at its start."""

    gathered: int = 100_000
    """Readings gathered between two commits; beyond it the oldest are dropped and counted."""
    waiting: int = 1_000_000
    """Readings, about a byte each, that wait while the disk takes nothing."""
    check_s: float = 5.0
    """Longest check of the file for damage at the start, seconds."""
    retention: Retention = field(default_factory=Retention)
    left_out: frozenset[str] = frozenset()
    """Points (`device.point`) of which no roll-up is made."""
    machine_boot: str | None = None
    """What tells this start of the machine from others; None asks the kernel."""
    before_write: WriteHook = no_hook
    """Called inside each write transaction on the storage thread; raising fails the write."""


class Parts(NamedTuple):
    """What a store is made of, over one connection."""

    db: sqlite3.Connection
    boot: int
    telemetry: Telemetry
    outbox: Outbox
    journal: Journal
    keeper: Keeper
    new_keeper: Callable[[], Keeper]


class Place(NamedTuple):
    """Where a store lives."""

    thread: StorageThread
    path: Path
    clock: Clock
    options: StoreOptions


async def opened(place: Place) -> Parts:
    """The file, brought up to date when an older program has made it."""
    older = await place.thread.run(is_older, place.path)
    told = (await bring_up_to_date(place.path),) if older else ()
    return await place.thread.run(assemble, place, told)


def assemble(place: Place, told: tuple[str, ...]) -> Parts:
    """Parts over the file; `told` is what was done to it before."""
    _, path, clock, options = place
    db, boot, notes = open_file(path, clock.now(), options.check_s)
    hook = options.before_write
    try:
        points = PointNumbers(db)
        telemetry = Telemetry(db, points, path, clock, hook)
        waiting = _waiting(db, boot, place)
        file, left_out = File(db, points, hook, waiting), options.left_out
        new_keeper = partial(Keeper, file, telemetry, options.retention, clock, left_out)
        keeper = new_keeper()
    except BaseException:
        db.close()
        raise
    telemetry.health = replace(telemetry.health, boot=boot, notes=(*told, *notes))
    outbox, journal = Outbox(db, points, hook, waiting), Journal(db, clock, hook)
    return Parts(db, boot, telemetry, outbox, journal, keeper, new_keeper)


def _waiting(db: sqlite3.Connection, boot: int, place: Place) -> Waiting:
    """Note which start of the machine this is, and which openings share it."""
    machine = place.options.machine_boot
    with writing(db):
        know_boot(db, boot, machine_boot() if machine is None else machine)
    return Waiting(place.clock, boots_like(db, boot))


def assemble_in_memory(place: Place, why: str) -> Parts:
    """Parts over a database in RAM."""
    _, path, clock, options = place
    db = copy_in_memory(path, clock.now())
    points = PointNumbers(db)
    telemetry = Telemetry(db, points, path, clock, no_hook)
    boot = last_boot(db) + 1
    waiting = _waiting(db, boot, place)
    file = File(db, points, no_hook, waiting)
    new_keeper = partial(Keeper, file, telemetry, options.retention, clock, options.left_out)
    telemetry.health = replace(telemetry.health, boot=boot)
    outbox, journal = Outbox(db, points, no_hook, waiting), MemoryJournal(db, clock, why)
    return Parts(db, boot, telemetry, outbox, journal, new_keeper(), new_keeper)


def renumbered(parts: Parts, after: int, above: int) -> Parts:
    """The parts after commits above `after` were given numbers above `above`."""
    parts.telemetry.renumber(after, above)
    # What is being summed up goes by the old numbers: the roll-ups start again from their cursors.
    return parts._replace(keeper=parts.new_keeper())


def restamped(parts: Parts, anchor: Anchor) -> int:
    """Put commits right; how many."""
    count = parts.telemetry.restamp(anchor)
    if count:
        # What is being summed up may be at a wrong time.
        parts.keeper.start_again()
    return count


def let_go(db: sqlite3.Connection) -> None:
    """Fold the log into the file and close it."""
    try:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()
