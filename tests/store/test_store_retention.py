from __future__ import annotations

import math
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drivers.types import Quality, Reading
from edge_agent.clock import ManualClock
from edge_agent.store.retention import Freed, Retention
from edge_agent.store.store import Store
from edge_agent.store.types import Committed, LeaseRow, LeaseState

OpenStore = Callable[..., Awaitable[Store]]

START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
DAY_S = 86_400
POWER = Reading(device="meter", point="power", value=0.0, unit="kW", at=START, quality=Quality.GOOD)
POINTS = ("power", "voltage")


@pytest.fixture
def path(in_ram: Path) -> Path:
    return in_ram / "readings.db"


def noise(seed: int) -> float:
    """A number in [0, 1) without a pattern, the same each time."""
    return math.sin(seed * 12.9898) * 43758.5453 % 1.0


def sweep(now: datetime, every_s: int, count: int) -> list[Reading]:
    """`count` sweeps of two points that end at `now`."""
    found = []
    for back in range(count - 1, -1, -1):
        at = now - timedelta(seconds=back * every_s)
        for number, point in enumerate(POINTS):
            value = round(230 + 50 * noise(int(at.timestamp()) * 7 + number), 1)
            found.append(replace(POWER, point=point, value=value, at=at))
    return found


async def commit(store: Store, clock: ManualClock, every_s: int = 10, count: int = 6) -> int:
    """Time passes, and what was read in it becomes one commit; its number."""
    await clock.advance(every_s * count)
    store.append(sweep(clock.now(), every_s, count))
    result = await store.commit()
    assert isinstance(result, Committed)
    return result.seq


async def settle(store: Store) -> dict[str, int]:
    """Maintain until there is nothing more to do; rows that went, by what they were."""
    gone: dict[str, int] = {}
    while True:
        done = await store.maintain()
        assert done.error == ""
        for table, rows in done.pruned:
            gone[table] = gone.get(table, 0) + rows
        if done.freed is not Freed.NOTHING:
            gone[done.freed] = gone.get(done.freed, 0) + done.freed_rows
        if not done.more:
            return gone


def size(path: Path) -> int:
    return path.stat().st_size


def span_of(path: Path, query: str) -> tuple[object, ...]:
    with closing(sqlite3.connect(path)) as db:
        found: tuple[object, ...] = db.execute(query).fetchone()
        return found


async def test_a_year_keeps_each_thing_for_its_time_and_the_file_bounded(
    open_store: OpenStore, path: Path, clock: ManualClock
) -> None:
    retention = Retention(quarter_days=90, hour_days=200, plans_days=20, audit_days=100)
    store = await open_store(retention=retention)
    sizes = []
    for turn in range(365):
        seq = await commit(store, clock, every_s=900, count=96)
        await store.mark_acked(seq)
        await store.plan_put(clock.now(), "solver", "{}" * 500, degraded=False)
        await store.audit("test", "a line", clock.now())
        await settle(store)
        if turn % 30 == 29:
            sizes.append(size(path))
    days = {
        table: float(str(span_of(path, query)[0]))
        for table, query in {
            "raw": "SELECT (max(start_ms) - min(start_ms)) / 86400e3 FROM commit_block",
            "five": "SELECT ((max(key) >> 16) - (min(key) >> 16)) / 288.0 FROM five_min",
            "quarter": "SELECT ((max(key) >> 16) - (min(key) >> 16)) / 96.0 FROM quarter",
            "hour": "SELECT ((max(key) >> 16) - (min(key) >> 16)) / 24.0 FROM hour",
            "plan": "SELECT (max(made_us) - min(made_us)) / 86400e6 FROM plan",
            "audit": "SELECT (max(at_us) - min(at_us)) / 86400e6 FROM audit",
        }.items()
    }
    wanted = {"raw": 7, "five": 30, "quarter": 90, "hour": 200, "plan": 20, "audit": 100}
    assert days == pytest.approx(wanted, abs=1.6)
    assert sizes[-1] < 1.05 * max(sizes[6:9])
    assert store.health.rows == 7
    assert not store.health.space_low


async def test_what_the_cloud_has_not_confirmed_stays_and_so_does_the_newest(
    open_store: OpenStore, clock: ManualClock
) -> None:
    store = await open_store()
    seqs = [await commit(store, clock) for _ in range(4)]
    await clock.advance(10 * DAY_S)
    last = await commit(store, clock)
    await store.mark_acked(seqs[1])
    assert (await settle(store))["commit_block"] == 2
    assert [c.seq for c in await store.commits_after(0, 10)] == [*seqs[2:], last]
    await store.mark_acked(last)
    await clock.advance(10 * DAY_S)
    assert (await settle(store))["commit_block"] == 2
    assert [c.seq for c in await store.commits_after(0, 10)] == [last]
    assert await store.first_seq() == last


async def test_without_a_cloud_age_alone_counts(open_store: OpenStore, clock: ManualClock) -> None:
    store = await open_store(retention=Retention(await_cloud=False))
    for _ in range(3):
        await commit(store, clock)
    await clock.advance(8 * DAY_S)
    await commit(store, clock)
    assert (await settle(store))["commit_block"] == 3


async def test_nothing_goes_for_its_age_while_the_clock_is_in_doubt(
    open_store: OpenStore, clock: ManualClock, path: Path
) -> None:
    store = await open_store()
    seq = await commit(store, clock, every_s=900)
    await store.mark_acked(seq)
    await commit(store, clock, every_s=900)
    await store.close()
    wrong = ManualClock(START + timedelta(days=400))
    store = await Store.open(path, wrong)
    for _ in range(20):
        assert (await store.maintain(clock_trusted=False)).pruned == ()
    assert (await settle(store))["commit_block"] == 1
    await store.close()


async def test_blocks_made_before_the_clock_was_set_have_no_age(
    open_store: OpenStore, path: Path
) -> None:
    unset = ManualClock(datetime(1970, 1, 1, 0, 10, tzinfo=UTC))
    store = await Store.open(path, unset)
    seqs = [await commit(store, unset) for _ in range(3)]
    await store.close()
    store = await Store.open(path, ManualClock(START))
    await store.mark_acked(seqs[-1])
    store.append(sweep(START, 10, 1))
    await store.commit()
    assert "commit_block" not in await settle(store)
    assert len(await store.commits_after(0, 10)) == 4
    await store.close()


async def test_evidence_waits_for_its_delivery(open_store: OpenStore, clock: ManualClock) -> None:
    store = await open_store(retention=Retention(await_evidence=True, audit_days=10))
    for number in range(5):
        await store.audit("event", f"line {number}", clock.now())
    await clock.advance(20 * DAY_S)
    assert await settle(store) == {}
    await store.mark_evidence(3)
    await clock.advance(DAY_S)
    assert await settle(store) == {"audit": 3}
    assert [row.text for row in await store.audit_tail(10)] == ["line 3", "line 4"]


async def test_commands_are_kept_as_a_trail(
    open_store: OpenStore, clock: ManualClock, path: Path
) -> None:
    store = await open_store()
    lease = LeaseRow(
        device="battery",
        point="power_setpoint",
        value=5.0,
        prior=0.0,
        owner="plan",
        reason="cheap hour",
        command_id="c-1",
        since=clock.now(),
        expires=clock.now() + timedelta(minutes=5),
        state=LeaseState.INTENDED,
    )
    await store.lease_put(lease)
    await store.lease_put(replace(lease, state=LeaseState.ACTIVE))
    await store.lease_put(replace(lease, state=LeaseState.ACTIVE, expires=clock.now()))
    with closing(sqlite3.connect(path)) as db:
        assert len(db.execute("SELECT * FROM leases").fetchall()) == 1
    await clock.advance(60)
    await store.lease_remove("battery", "power_setpoint")
    await store.plan_put(clock.now(), "rules", "{}", degraded=True)
    await store.audit("start", "agent started", clock.now())
    with closing(sqlite3.connect(path)) as db:
        trail = db.execute("SELECT at, device, value, state FROM commands ORDER BY id").fetchall()
        assert db.execute("SELECT made, source FROM plans").fetchone()[1] == "rules"
        assert db.execute("SELECT at, kind FROM events").fetchall() == [
            ("2026-01-15T12:01:00.000Z", "start")
        ]
    noon, later = "2026-01-15T12:00:00.000Z", "2026-01-15T12:01:00.000Z"
    assert trail == [
        (noon, "battery", 5.0, "intended"),
        (noon, "battery", 5.0, "active"),
        (later, "battery", 5.0, "released"),
    ]
