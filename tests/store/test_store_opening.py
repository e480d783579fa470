from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drivers.types import Reading
from edge_agent.clock import ManualClock
from edge_agent.store.store import Store
from edge_agent.store.types import Committed, LeaseRow, LeaseState, StoreVersionError

Sweep = Callable[[int], list[Reading]]
OpenStore = Callable[..., Awaitable[Store]]
Damage = Callable[[Path], None]

SINCE = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
LEASE = LeaseRow(
    device="battery",
    point="power_setpoint",
    value=5.0,
    prior=0.0,
    owner="plan",
    reason="",
    command_id="c-1",
    since=SINCE,
    expires=SINCE + timedelta(minutes=5),
    state=LeaseState.ACTIVE,
)


def content(path: Path) -> bytes:
    return path.read_bytes()


def empty(path: Path) -> None:
    path.touch()


def header(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(b"\x55" * 100 + data[100:])


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])


def telemetry_page(path: Path) -> None:
    with sqlite3.connect(path) as db:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'commit_block'"
        page = db.execute(query).fetchone()[0]
    db.close()
    data = bytearray(path.read_bytes())
    data[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    path.write_bytes(data)


async def filled(open_store: OpenStore, sweep: Sweep) -> int:
    """A closed file of some commits and a lease; the number of the newest commit."""
    store = await open_store()
    for second in range(20):
        for step in range(200):
            store.append(sweep(second * 200 + step))
        await store.commit()
    await store.lease_put(LEASE)
    await store.peak_put("demand", SINCE, 321.0)
    last = await store.last_seq()
    await store.close()
    return last


@pytest.mark.parametrize("damage", [header, truncated, telemetry_page])
async def test_a_damaged_file_is_set_aside_and_a_new_one_started(
    open_store: OpenStore, sweep: Sweep, path: Path, damage: Damage
) -> None:
    last = await filled(open_store, sweep)
    damage(path)
    damaged = content(path)
    store = await open_store()
    [aside] = path.parent.glob("readings.db.corrupt-*Z")
    assert content(aside) == damaged
    [note] = store.health.notes
    assert aside.name in note
    store.append(sweep(0))
    result = await store.commit()
    assert isinstance(result, Committed)
    assert await store.acked_seq() == result.seq - 1
    assert len(await store.commits_after(0, 10)) == 1
    assert result.seq > last


async def test_what_we_owe_the_devices_is_carried_over(
    open_store: OpenStore, sweep: Sweep, path: Path
) -> None:
    await filled(open_store, sweep)
    telemetry_page(path)
    store = await open_store()
    assert await store.leases() == [LEASE]
    assert await store.peak("demand", SINCE) == 321.0
    assert store.boot == 2
    assert "1 lease" in store.health.notes[0]


async def test_a_new_file_counts_from_the_second_of_its_making(
    open_store: OpenStore, sweep: Sweep
) -> None:
    store = await open_store()
    store.append(sweep(0))
    result = await store.commit()
    assert isinstance(result, Committed)
    assert result.seq == SINCE.timestamp()


async def test_a_replaced_file_counts_on_though_the_clock_is_not_set(
    open_store: OpenStore, sweep: Sweep, path: Path
) -> None:
    last = await filled(open_store, sweep)
    header(path)
    unset = ManualClock(datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    store = await Store.open(path, unset)
    assert await store.last_seq() + 1 > last
    await store.close()


async def test_two_damaged_files_of_one_second_are_both_kept(
    open_store: OpenStore, sweep: Sweep, path: Path
) -> None:
    for _ in range(2):
        await filled(open_store, sweep)
        header(path)
    await open_store()
    assert len(list(path.parent.glob("readings.db.corrupt-*"))) == 2


async def test_an_empty_file_is_a_new_one(open_store: OpenStore, path: Path) -> None:
    empty(path)
    store = await open_store()
    assert store.health.notes == ()
    assert await store.leases() == []


async def test_the_file_of_a_newer_program_is_refused_and_left_alone(
    open_store: OpenStore, path: Path
) -> None:
    store = await open_store()
    await store.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=4")
    db.close()
    before = content(path)
    with pytest.raises(StoreVersionError, match=r"version 4.* knows 3.*newer program"):
        await open_store()
    assert content(path) == before


async def test_a_check_cut_short_is_noted_and_the_file_used(
    open_store: OpenStore, sweep: Sweep
) -> None:
    last = await filled(open_store, sweep)
    store = await open_store(check_s=0.0)
    assert store.health.notes in ((), ("the check of the file was cut short after 0 s",))
    assert await store.last_seq() == last
