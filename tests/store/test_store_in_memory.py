from __future__ import annotations

import errno
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drivers.types import Reading
from edge_agent.clock import ManualClock
from edge_agent.clock_trust import ClockTrust
from edge_agent.store.gathering import Part
from edge_agent.store.in_memory import (
    Held,
    MemoryJournal,
    copy_in_memory,
    hand_over,
    is_blocked,
)
from edge_agent.store.journal import Journal
from edge_agent.store.schema import no_hook
from edge_agent.store.store import Store
from edge_agent.store.trusting import stamp
from edge_agent.store.types import (
    Committed,
    LeaseRow,
    LeaseState,
    OverrideRow,
    StoreUnavailableError,
    StoreVersionError,
)

Sweep = Callable[[int], list[Reading]]
OpenStore = Callable[..., Awaitable[Store]]

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
LEASE = LeaseRow(
    device="battery",
    point="power_setpoint",
    value=5.0,
    prior=0.0,
    owner="plan",
    reason="",
    command_id="c-1",
    since=NOW,
    expires=NOW + timedelta(minutes=5),
    state=LeaseState.ACTIVE,
)
WISH = OverrideRow(
    point="room.setpoint",
    value=21.0,
    owner="staff",
    reason="guests",
    since=NOW,
    expires=NOW + timedelta(hours=2),
)


@pytest.mark.parametrize(
    ("number", "blocked"),
    [(errno.ENOSPC, True), (errno.EROFS, True), (errno.EACCES, False), (errno.ENOENT, False)],
)
def test_a_disk_is_told_from_a_mistake(path: Path, number: int, *, blocked: bool) -> None:
    assert is_blocked(path, OSError(number, "no")) is blocked


def test_a_missing_right_on_a_sound_disk_is_a_mistake(path: Path) -> None:
    error = StoreUnavailableError("unable to open")
    error.__cause__ = sqlite3.OperationalError("unable to open database file")
    assert not is_blocked(path / "deeper" / "file", error)


async def test_what_the_file_says_of_control_is_there_without_it(
    open_store: OpenStore, path: Path, clock: ManualClock, sweep: Sweep
) -> None:
    store = await open_store()
    await store.lease_put(LEASE)
    await store.override_put(WISH)
    await store.peak_put("demand", NOW, 300.0)
    store.append(sweep(0))
    result = await store.commit()
    assert isinstance(result, Committed)
    await store.mark_acked(result.seq)
    await store.close()
    db = copy_in_memory(path, NOW)
    journal = MemoryJournal(db, clock, "the disk is full")
    assert journal.leases() == [LEASE]
    assert journal.overrides() == [WISH]
    assert journal.peak("demand", NOW) == 300.0
    assert dict(db.execute("SELECT lane, seq FROM watermark"))["acked"] == result.seq
    db.execute("PRAGMA user_version=9")
    db.close()


async def test_a_newer_file_is_refused_in_memory_too(open_store: OpenStore, path: Path) -> None:
    await (await open_store()).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=9")
    db.close()
    with pytest.raises(StoreVersionError):
        copy_in_memory(path, NOW)


def test_what_was_told_without_a_file_is_told_to_it_once(path: Path, clock: ManualClock) -> None:
    memory = MemoryJournal(copy_in_memory(path, NOW), clock, "the disk is full")
    file = copy_in_memory(path, NOW)
    journal = Journal(file, clock, no_hook)
    journal.lease_put(LEASE)
    journal.override_put(replace(WISH, point="old.wish"))
    with pytest.raises(StoreUnavailableError, match=r"battery.power_setpoint: the disk is full"):
        memory.lease_put(LEASE)
    memory.lease_remove("battery", "power_setpoint")
    memory.override_put(WISH)
    memory.override_remove("old.wish")
    memory.audit("start", "agent started", NOW, "")
    memory.plan_put(NOW, "rules", "{}", degraded=True)
    memory.peak_put("demand", NOW, 12.0)
    memory.state_put("key", "1")
    assert [row.kind for row in memory.audit_tail(5)] == ["start"]
    for _ in range(2):
        hand_over(memory, journal)
    assert journal.leases() == []
    assert journal.overrides() == [WISH]
    assert [row.kind for row in journal.audit_tail(5)] == ["start"]
    assert journal.plan_counts(NOW) == (("rules", 1),)
    assert (journal.peak("demand", NOW), journal.state_get("key")) == (12.0, "1")


async def test_ten_minutes_are_held_and_the_file_is_tried_each_ten_seconds(
    clock: ManualClock, sweep: Sweep
) -> None:
    held = Held(clock, "the disk is full")
    tries = 0
    for second in range(0, 1200, 5):
        held.hold([Part(tuple(sweep(second)), stamp(clock, ClockTrust.ESTIMATED))])
        tries += held.is_time()
        await clock.advance(5)
    assert tries == 119
    assert held.readings == 3 * 121
    assert held.dropped == 3 * (240 - 121)
    first = held.next_part()
    assert first is not None
    assert list(first.readings) == sweep(1195 - 600)
    while held.next_part():
        pass
    assert held.readings == 0
