from __future__ import annotations

import math
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drivers.types import Quality, Reading
from edge_agent.clock import ManualClock
from edge_agent.store.store import Store
from edge_agent.store.types import (
    CommitFailed,
    Committed,
    NothingToCommit,
    StoreError,
    StoreUnavailableError,
)

Sweep = Callable[[int], list[Reading]]
OpenStore = Callable[..., Awaitable[Store]]


class Disk:
    """A disk that can be full: SQLite is held to the pages it has, and refuses as it would."""

    def __init__(self) -> None:
        self.full = False

    def __call__(self, db: sqlite3.Connection) -> None:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count={pages if self.full else 1_000_000}")


class Refusal:
    """Fails every write while `error` is set."""

    def __init__(self) -> None:
        self.error: sqlite3.Error | None = None

    def __call__(self, _db: sqlite3.Connection) -> None:
        if self.error is not None:
            raise self.error


def on_disk(path: Path) -> int:
    return path.stat().st_size + path.with_name(path.name + "-wal").stat().st_size


def noise(sweep: Sweep, seconds: int) -> list[Reading]:
    """Readings that do not compress, the same each time."""
    readings = [sweep(second)[0] for second in range(seconds)]
    return [replace(r, value=math.sin(s * 12.9898) * 43758.5453) for s, r in enumerate(readings)]


def by_name(readings: list[Reading]) -> list[Reading]:
    return sorted(readings, key=lambda reading: (reading.key, reading.at))


async def committed(store: Store) -> int:
    result = await store.commit()
    assert isinstance(result, Committed)
    return result.seq


async def stored(store: Store) -> list[Reading]:
    commits = await store.commits_after(0, 10_000)
    return by_name([reading for commit in commits for reading in commit.readings])


async def test_all_gathered_readings_are_one_row_with_one_number(
    open_store: OpenStore, sweep: Sweep, clock: ManualClock
) -> None:
    store = await open_store()
    first = await store.last_seq() + 1
    await clock.advance(12.5)
    for second in range(10):
        store.append(sweep(second))
    result = await store.commit()
    assert isinstance(result, Committed)
    assert (result.seq, result.readings) == (first, 30)
    [commit] = await store.commits_after(0, 10)
    assert (commit.seq, commit.boot, commit.count) == (first, store.boot, 30)
    assert commit.mono_ms == 12_500
    assert commit.at_ms == int(sweep(0)[0].at.timestamp() * 1000)
    readings = [reading for second in range(10) for reading in sweep(second)]
    assert by_name(commit.readings) == by_name(readings)


async def test_nothing_gathered_uses_no_number(open_store: OpenStore, sweep: Sweep) -> None:
    store = await open_store()
    before = await store.last_seq()
    assert await store.commit() == NothingToCommit()
    store.append(sweep(0))
    assert await committed(store) == before + 1
    assert await store.commit() == NothingToCommit()
    assert await store.last_seq() == before + 1


async def test_numbers_go_on_after_a_restart_and_the_boot_rises(
    open_store: OpenStore, sweep: Sweep
) -> None:
    boots, seqs = [], []
    for second in range(3):
        store = await open_store()
        store.append(sweep(second))
        seqs.append(await committed(store))
        boots.append(store.boot)
        await store.close()
    assert seqs == [seqs[0], seqs[0] + 1, seqs[0] + 2]
    assert boots == [1, 2, 3]
    store = await open_store()
    assert [commit.boot for commit in await store.commits_after(0, 10)] == boots
    assert store.health.rows == 3


async def test_no_number_is_used_again_when_every_row_is_gone(
    open_store: OpenStore, sweep: Sweep, path: Path
) -> None:
    store = await open_store()
    store.append(sweep(0))
    seq = await committed(store)
    await store.mark_acked(seq)
    await store.close()
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM commit_block")
    db.close()
    store = await open_store()
    store.append(sweep(1))
    assert await committed(store) == seq + 1


async def test_commits_come_in_order_after_a_number_and_up_to_a_limit(
    open_store: OpenStore, sweep: Sweep
) -> None:
    store = await open_store()
    seqs = []
    for second in range(150):
        store.append(sweep(second))
        seqs.append(await committed(store))
    assert [commit.seq for commit in await store.commits_after(0, 1000)] == seqs
    assert [commit.seq for commit in await store.commits_after(seqs[9], 100)] == seqs[10:110]
    assert await store.commits_after(seqs[-1], 10) == []


async def test_large_commits_come_in_slices_but_all_of_them(
    open_store: OpenStore, sweep: Sweep
) -> None:
    store = await open_store()
    for _ in range(4):
        for second in range(2000):
            store.append(sweep(second))
        await committed(store)
    assert [commit.count for commit in await store.commits_after(0, 10)] == [6000] * 4


async def test_watermarks_survive_and_the_confirmed_one_never_goes_back(
    open_store: OpenStore, sweep: Sweep
) -> None:
    store = await open_store()
    assert await store.sent_seq() == await store.acked_seq() == await store.last_seq()
    for second in range(3):
        store.append(sweep(second))
        seq = await committed(store)
    await store.mark_sent(seq)
    await store.mark_acked(seq - 1)
    await store.mark_acked(seq - 2)
    await store.mark_sent(seq - 2)
    await store.close()
    store = await open_store()
    assert await store.acked_seq() == seq - 1
    assert await store.sent_seq() == seq - 2
    assert [commit.seq for commit in await store.commits_after(seq - 1, 10)] == [seq]


async def test_a_full_disk_keeps_the_readings_and_recovers(
    open_store: OpenStore, sweep: Sweep
) -> None:
    disk = Disk()
    store = await open_store(before_write=disk)
    store.append(sweep(0))
    seq = await committed(store)
    disk.full = True
    for tries in range(1, 4):
        store.append(noise(sweep, 3000))
        result = await store.commit()
        assert isinstance(result, CommitFailed)
        assert isinstance(result.error, StoreUnavailableError)
        assert "full" in str(result.error)
        assert result.waiting_readings == 3000 * tries
    health = store.health
    assert (health.state, health.failed_commits, health.last_seq) == ("failing", 3, seq)
    assert health.waiting_readings == 9000
    assert await store.last_seq() == seq
    disk.full = False
    store.append(sweep(9000))
    result = await store.commit()
    assert isinstance(result, Committed)
    assert (result.seq, result.readings) == (seq + 4, 9003)
    assert (store.health.state, store.health.waiting_readings) == ("ok", 0)
    commits = await store.commits_after(0, 10)
    assert [commit.seq for commit in commits] == [seq, seq + 1, seq + 2, seq + 3, seq + 4]
    assert [commit.count for commit in commits] == [3, 3000, 3000, 3000, 3]
    assert store.health.dropped_readings == 0


async def test_new_points_met_while_the_disk_was_full_are_known_later(
    open_store: OpenStore, sweep: Sweep
) -> None:
    refusal = Refusal()
    store = await open_store(before_write=refusal)
    refusal.error = sqlite3.OperationalError("attempt to write a readonly database")
    store.append(sweep(0))
    assert isinstance(await store.commit(), CommitFailed)
    refusal.error = None
    assert isinstance(await store.commit(), Committed)
    await store.close()
    store = await open_store()
    assert await stored(store) == by_name(sweep(0))


async def test_a_row_written_though_the_write_was_reported_failed_is_there_once(
    open_store: OpenStore, sweep: Sweep, path: Path
) -> None:
    refusal = Refusal()
    store = await open_store(before_write=refusal)
    store.append(sweep(0))
    seq = await committed(store)
    refusal.error = sqlite3.OperationalError("disk I/O error")
    store.append(sweep(1))
    assert isinstance(await store.commit(), CommitFailed)
    with sqlite3.connect(path) as db:
        # As a commit that reached the disk while its report was an error leaves it.
        row = db.execute("SELECT start_ms + 1000, n, boot, mono_ms, body FROM commit_block")
        values = (seq + 1, *row.fetchone())
        db.execute(
            "INSERT INTO commit_block (seq, start_ms, n, boot, mono_ms, body)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            values,
        )
    db.close()
    refusal.error = None
    store.append(sweep(2))
    assert await committed(store) == seq + 2
    assert [c.seq for c in await store.commits_after(0, 9)] == [seq, seq + 1, seq + 2]


async def test_the_oldest_waiting_rows_go_first_and_are_counted(
    open_store: OpenStore, sweep: Sweep
) -> None:
    refusal = Refusal()
    store = await open_store(before_write=refusal, waiting=10)
    refusal.error = sqlite3.OperationalError("database or disk is full")
    for second in range(6):
        store.append(sweep(second))
        await store.commit()
    assert (store.health.waiting_readings, store.health.dropped_readings) == (9, 9)
    refusal.error = None
    await store.commit()
    kept = [reading for second in range(3, 6) for reading in sweep(second)]
    assert await stored(store) == by_name(kept)


async def test_gathering_without_commits_is_bounded(open_store: OpenStore, sweep: Sweep) -> None:
    store = await open_store(gathered=7)
    for second in range(4):
        store.append(sweep(second))
    assert store.health.dropped_readings == 5
    result = await store.commit()
    assert isinstance(result, Committed)
    assert result.readings == 7
    assert await stored(store) == by_name([*sweep(1)[2:], *sweep(2), *sweep(3)])


async def test_health_tells_the_last_commit(
    open_store: OpenStore, sweep: Sweep, clock: ManualClock, path: Path
) -> None:
    store = await open_store()
    assert store.health.last_commit_at is None
    await clock.advance(33)
    store.append(sweep(0))
    await committed(store)
    health = store.health
    assert health.last_commit_at == clock.now()
    assert health.last_commit_ms == 0.0
    assert health.rows == 1
    assert health.bytes_on_disk == on_disk(path)


async def test_a_damaged_block_is_reported_and_the_next_one_comes(
    open_store: OpenStore, sweep: Sweep, path: Path, clock: ManualClock
) -> None:
    store = await open_store()
    for second in range(2):
        store.append(sweep(second))
        seq = await committed(store)
    await store.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE commit_block SET body = x'0100' WHERE seq < ?", (seq,))
    db.close()
    store = await open_store()
    damaged, sound = await store.commits_after(0, 10)
    assert "does not decode" in damaged.damage
    assert damaged.columns == ()
    assert by_name(sound.readings) == by_name(sweep(1))
    assert len(await store.recent("meter.power", clock.now())) == 1


async def test_recent_is_one_point_in_the_order_of_time(
    open_store: OpenStore, sweep: Sweep, clock: ManualClock
) -> None:
    store = await open_store()
    for second in range(300, 0, -2):
        store.append(sweep(second))
        await store.commit()
    since = clock.now() + timedelta(seconds=101)
    expected = [
        (sweep(second)[0].at, sweep(second)[0].value, Quality.GOOD) for second in range(102, 302, 2)
    ]
    assert await store.recent("meter.power", since) == expected
    missing = await store.recent("room.co2", since)
    assert {(value, quality) for _, value, quality in missing} == {(None, Quality.MISSING)}
    assert await store.recent("meter.unknown", since) == []


async def test_a_written_file_is_synced_at_every_commit(open_store: OpenStore) -> None:
    seen = []

    def look(db: sqlite3.Connection) -> None:
        modes = ("journal_mode", "synchronous", "busy_timeout", "user_version")
        seen.append([db.execute(f"PRAGMA {mode}").fetchone()[0] for mode in modes])

    store = await open_store(before_write=look)
    await store.state_put("a", "1")
    assert seen == [["wal", 2, 5000, 3]]


async def test_closing_folds_the_log_and_later_calls_say_so(
    open_store: OpenStore, sweep: Sweep, path: Path
) -> None:
    store = await open_store()
    store.append(sweep(0))
    await store.commit()
    await store.close()
    await store.close()
    assert not path.with_name(path.name + "-wal").exists()
    with pytest.raises(StoreError, match="closed"):
        await store.leases()


async def test_a_directory_that_takes_no_file_is_an_error_of_the_store(
    tmp_path: Path, clock: ManualClock
) -> None:
    (tmp_path / "taken.db").mkdir()
    with pytest.raises(StoreUnavailableError, match="unable to open"):
        await Store.open(tmp_path / "taken.db", clock)
