"""Disks that are really full, small or read-only; mounting them takes root."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drivers.types import Reading
from edge_agent.clock import ManualClock
from edge_agent.store.lock import StateLock
from edge_agent.store.store import Store
from edge_agent.store.types import (
    CommitFailed,
    Committed,
    LeaseRow,
    LeaseState,
    StoreUnavailableError,
)

Sweep = Callable[[int], list[Reading]]

pytestmark = [
    pytest.mark.referee,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root"),
]


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


@contextmanager
def mounted(folder: Path, *words: str) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    run("mount", *words, str(folder))
    try:
        yield folder
    finally:
        run("umount", "-l", str(folder))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory with room for two megabytes."""
    with mounted(tmp_path / "small", "-t", "tmpfs", "-o", "size=2m", "tmpfs") as folder:
        yield folder


@pytest.fixture
def lease(clock: ManualClock) -> LeaseRow:
    return LeaseRow(
        device="battery",
        point="power_setpoint",
        value=5.0,
        prior=0.0,
        owner="plan",
        reason="",
        command_id="c-1",
        since=clock.now(),
        expires=clock.now() + timedelta(minutes=5),
        state=LeaseState.ACTIVE,
    )


def fill_up(folder: Path) -> Path:
    """Take all the room there is."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            while True:
                try:
                    file.write(b"x" * size)
                except OSError:
                    break
    return ballast


def remove(path: Path) -> None:
    path.unlink()


def whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as db:
        return [str(row[0]) for row in db.execute("PRAGMA integrity_check")] == ["ok"]


async def committed(store: Store) -> Committed:
    result = await store.commit()
    assert isinstance(result, Committed)
    return result


async def test_a_disk_that_fills_up_keeps_the_readings_and_takes_them_later(
    small: Path, clock: ManualClock, sweep: Sweep
) -> None:
    store = await Store.open(small / "readings.db", clock)
    store.append(sweep(0))
    await committed(store)
    ballast = fill_up(small)
    waiting = 0
    while store.health.state == "ok":
        for second in range(300):
            store.append(sweep(waiting + second))
        waiting += 300
        result = await store.commit()
    assert isinstance(result, CommitFailed)
    assert "full" in str(result.error)
    remove(ballast)
    store.append(sweep(9))
    await committed(store)
    commits = await store.commits_after(0, 1000)
    assert sum(commit.count for commit in commits) == 3 * (waiting + 2)
    assert [c.seq for c in commits] == list(range(commits[0].seq, commits[0].seq + len(commits)))
    await store.close()
    assert whole(small / "readings.db")


async def lay_down(path: Path, clock: ManualClock, lease: LeaseRow, readings: list[Reading]) -> int:
    """A closed file with a lease and one commit; its number."""
    store = await Store.open(path, clock)
    await store.lease_put(lease)
    store.append(readings)
    result = await committed(store)
    await store.close()
    return result.seq


@pytest.mark.parametrize("known", [True, False])
async def test_a_full_disk_at_the_start_leaves_control_going_without_new_leases(
    small: Path, clock: ManualClock, sweep: Sweep, lease: LeaseRow, *, known: bool
) -> None:
    path = small / "readings.db"
    if known:
        await lay_down(path, clock, lease, sweep(0))
    ballast = fill_up(small)
    StateLock.acquire(small).release()
    store = await Store.open(path, clock)
    assert store.health.state == "in_memory"
    assert await store.leases() == ([lease] if known else [])
    with pytest.raises(StoreUnavailableError, match="no lease for battery"):
        await store.lease_put(replace(lease, value=6.0))
    await store.audit("start", "agent started", clock.now())
    await store.plan_put(clock.now(), "rules", "{}", degraded=True)
    await store.lease_remove("battery", "power_setpoint")
    last = await store.last_seq()
    for minute in range(15):
        store.append(sweep(60 * minute))
        assert isinstance(await store.commit(), CommitFailed)
        await clock.advance(60)
    assert store.health.waiting_readings == 3 * 11
    assert store.health.dropped_readings == 3 * 4
    remove(ballast)
    store.append(sweep(900))
    result = await committed(store)
    assert result.readings == 3 * 11
    assert not known or last == (await store.commits_after(0, 1))[0].seq
    assert result.seq > last
    assert await store.leases() == []
    assert [row.kind for row in await store.audit_tail(5)] == ["start"]
    assert await store.plan_latest() == "{}"
    await store.close()
    assert whole(path)


async def test_a_read_only_file_system_is_a_state_and_passes(
    tmp_path: Path, clock: ManualClock, sweep: Sweep, lease: LeaseRow
) -> None:
    image = tmp_path / "disk.img"
    run("truncate", "-s", "16M", str(image))
    run("mkfs.ext4", "-q", "-F", str(image))
    with mounted(tmp_path / "disk", "-o", "loop", str(image)) as folder:
        path = folder / "readings.db"
        last = await lay_down(path, clock, lease, sweep(0))
        run("mount", "-o", "remount,ro", str(folder))
        StateLock.acquire(folder).release()
        store = await Store.open(path, clock)
        assert store.health.state == "in_memory"
        assert [row.command_id for row in await store.leases()] == ["c-1"]
        store.append(sweep(10))
        assert isinstance(await store.commit(), CommitFailed)
        run("mount", "-o", "remount,rw", str(folder))
        await clock.advance(10)
        assert (await committed(store)).seq == last + 1
        await store.close()
        assert whole(path)


async def test_a_crash_before_the_read_only_start_is_read_from_the_log(
    tmp_path: Path, clock: ManualClock, lease: LeaseRow
) -> None:
    image = tmp_path / "disk.img"
    run("truncate", "-s", "16M", str(image))
    run("mkfs.ext4", "-q", "-F", str(image))
    with mounted(tmp_path / "disk", "-o", "loop", str(image)) as folder:
        live = await Store.open(tmp_path / "live.db", clock)
        await live.lease_put(lease)
        for suffix in ("", "-wal", "-shm"):
            run("cp", str(tmp_path / f"live.db{suffix}"), str(folder / f"readings.db{suffix}"))
        await live.close()
        run("mount", "-o", "remount,ro", str(folder))
        store = await Store.open(folder / "readings.db", clock)
        assert store.health.state == "in_memory"
        assert [row.command_id for row in await store.leases()] == ["c-1"]
        await store.close()


async def test_what_is_not_the_disks_fault_is_still_an_error(
    tmp_path: Path, clock: ManualClock
) -> None:
    (tmp_path / "taken.db").mkdir()
    with pytest.raises(StoreUnavailableError, match="unable to open"):
        await Store.open(tmp_path / "taken.db", clock)
