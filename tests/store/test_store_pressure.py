from __future__ import annotations

import random
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean

import pytest

from drivers.types import Quality, Reading
from edge_agent.clock import ManualClock
from edge_agent.store.retention import Freed, Retention
from edge_agent.store.store import Store
from edge_agent.store.tombstones import Tombstone
from edge_agent.store.types import CommitFailed, Committed

OpenStore = Callable[..., Awaitable[Store]]

START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
POWER = Reading(device="meter", point="power", value=0.0, unit="kW", at=START, quality=Quality.GOOD)
BUDGET = 520_000
POINTS = 40


@pytest.fixture
def path(in_ram: Path) -> Path:
    return in_ram / "readings.db"


async def fill(store: Store, clock: ManualClock, commits: int) -> dict[int, list[Reading]]:
    """A commit each 10 s of readings that do not compress; what each holds."""
    chance = random.Random(await store.last_seq())  # noqa: S311 - filling, no secret
    held: dict[int, list[Reading]] = {}
    for _ in range(commits):
        await clock.advance(10)
        readings = [
            replace(POWER, point=f"p{number}", value=chance.gauss(), at=clock.now())
            for number in range(POINTS)
        ]
        store.append(readings)
        result = await store.commit()
        assert isinstance(result, Committed)
        held[result.seq] = readings
    return held


async def settle(store: Store) -> list[Freed]:
    """Maintain until there is nothing more to do; what was given up, in order."""
    freed: list[Freed] = []
    while True:
        done = await store.maintain()
        assert done.error == ""
        if done.freed is not Freed.NOTHING and done.freed not in freed[-1:]:
            freed.append(done.freed)
        if not done.more:
            return freed


async def test_confirmed_goes_first_then_finer_then_unconfirmed_becomes_thinner(
    open_store: OpenStore, clock: ManualClock, path: Path
) -> None:
    store = await open_store(retention=Retention(budget_bytes=BUDGET))
    held = await fill(store, clock, 1200)
    seqs = list(held)
    await store.mark_acked(seqs[199])
    freed = await settle(store)
    assert freed == [Freed.CONFIRMED, Freed.THINNED]
    assert store.health.space_low
    assert store.health.bytes_used <= 0.95 * BUDGET
    commits = await store.commits_after(seqs[199], 10_000)
    means = [commit for commit in commits if commit.thinned]
    whole = [commit for commit in commits if not commit.thinned]
    assert means
    for commit in means:
        [stone] = commit.thinned
        assert stone.last == commit.seq
        taken = [held[seq] for seq in range(stone.first, stone.last + 1)]
        assert (stone.readings, stone.kept) == (sum(map(len, taken)), commit.count)
        by_point = {reading.point: reading for reading in commit.readings}
        quarter = [
            r for part in held.values() for r in part if r.point == "p7" and same(r, taken[0][0])
        ]
        assert by_point["p7"].value == pytest.approx(fmean(float(str(r.value)) for r in quarter))
        assert by_point["p7"].quality is Quality.UNCERTAIN
        assert "mean of" in by_point["p7"].reason
    for commit in whole:
        assert sorted(r.point for r in commit.readings) == sorted(r.point for r in held[commit.seq])
    covered = [seq for c in means for s in c.thinned for seq in range(s.first, s.last + 1)]
    assert covered + [commit.seq for commit in whole] == seqs[200:]


def size(path: Path) -> int:
    return path.stat().st_size


def same(one: Reading, other: Reading) -> bool:
    """Whether two readings are of one quarter hour."""
    return int(one.at.timestamp()) // 900 == int(other.at.timestamp()) // 900


async def test_what_must_be_dropped_leaves_its_tombstone_before_the_next_commit(
    open_store: OpenStore, clock: ManualClock
) -> None:
    store = await open_store(retention=Retention(budget_bytes=BUDGET // 3))
    seqs = list(await fill(store, clock, 600))
    freed = await settle(store)
    assert {Freed.THINNED, Freed.DROPPED} <= set(freed)
    assert await store.first_seq() == seqs[0]
    [dropped] = [stone for stone in await store.tombstones_after(0) if not stone.kept]
    assert dropped.first == seqs[0]
    assert dropped.readings == POINTS * (dropped.last - dropped.first + 1)
    first, *rest = await store.commits_after(0, 10_000)
    assert first.thinned[0] == dropped
    assert all(len(commit.thinned) <= 1 for commit in rest)
    told = [stone for commit in (first, *rest) for stone in commit.thinned]
    assert told == await store.tombstones_after(0)
    await store.mark_acked(dropped.last)
    await clock.advance(3600)
    await settle(store)
    assert dropped not in await store.tombstones_after(0)
    assert await store.first_seq() > dropped.last


async def test_evidence_and_leases_stay_whatever_happens(
    open_store: OpenStore, clock: ManualClock, path: Path
) -> None:
    store = await open_store(retention=Retention(budget_bytes=BUDGET))
    for number in range(50):
        await store.audit("event", f"line {number}", clock.now())
    for _ in range(60):
        await fill(store, clock, 20)
        await settle(store)
    assert len(await store.audit_tail(100)) == 50
    assert size(path) <= BUDGET


async def test_rows_that_never_reached_the_disk_leave_a_tombstone(
    open_store: OpenStore, clock: ManualClock
) -> None:
    full = False

    def disk(_db: sqlite3.Connection) -> None:
        if full:
            raise sqlite3.OperationalError("database or disk is full")

    store = await open_store(before_write=disk, waiting=3)
    full = True
    for second in range(5):
        store.append([replace(POWER, at=START + timedelta(seconds=second))] * 2)
        assert isinstance(await store.commit(), CommitFailed)
    full = False
    first = await store.last_seq() + 1
    result = await store.commit()
    assert isinstance(result, Committed)
    assert result.seq == first + 4
    assert await store.tombstones_after(0) == [Tombstone(first, first + 3, 8, 0)]
    [commit] = await store.commits_after(0, 10)
    assert commit.thinned == (Tombstone(first, first + 3, 8, 0),)
