from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from edge_agent.store import tombstones
from edge_agent.store.schema import open_writable, writing
from edge_agent.store.tombstones import Tombstone
from edge_agent.store.types import CommitFailed, Committed

if TYPE_CHECKING:
    from pathlib import Path

    from edge_agent.store.store import Store
    from tests.store.conftest import OpenStore, Sweep


async def fill(store: Store, sweep: Sweep, count: int) -> int:
    for second in range(count):
        store.append(sweep(second))
        assert isinstance(await store.commit(), Committed)
    return await store.last_seq()


async def test_unsent_commits_get_numbers_above_the_clouds(
    open_store: OpenStore, sweep: Sweep
) -> None:
    store = await open_store()
    last = await fill(store, sweep, 5)
    first = last - 4
    before = await store.commits_after(0, 10)
    await store.maintain()
    await store.renumber(first + 1, last + 1000)
    assert await store.last_seq() == last + 1003
    after = await store.commits_after(0, 10)
    moved = [last + 1001, last + 1002, last + 1003]
    assert [commit.seq for commit in after] == [first, first + 1, *moved]
    assert [c.readings for c in after] == [c.readings for c in before]
    store.append(sweep(9))
    result = await store.commit()
    assert isinstance(result, Committed)
    assert result.seq == last + 1004
    await store.close()
    again = await open_store()
    assert await again.last_seq() == last + 1004


async def test_a_file_without_commits_counts_on_above(open_store: OpenStore, sweep: Sweep) -> None:
    store = await open_store()
    last = await store.last_seq()
    await store.renumber(last, last + 50)
    assert (await store.last_seq(), await store.first_seq()) == (last + 50, last + 51)
    await store.close()
    again = await open_store()
    assert await fill(again, sweep, 1) == last + 51


async def test_numbers_never_fall_nor_meet(open_store: OpenStore, sweep: Sweep) -> None:
    store = await open_store()
    last = await fill(store, sweep, 4)
    await store.renumber(last - 4, last - 3)
    seqs = [commit.seq for commit in await store.commits_after(0, 10)]
    assert seqs == [last + 1, last + 2, last + 3, last + 4]


async def test_what_waits_for_the_disk_gets_new_numbers_too(
    open_store: OpenStore, sweep: Sweep
) -> None:
    full = [False]

    def before_write(_db: sqlite3.Connection) -> None:
        if full[0]:
            raise sqlite3.OperationalError("database or disk is full")

    store = await open_store(before_write=before_write)
    last = await fill(store, sweep, 2)
    full[0] = True
    store.append(sweep(7))
    assert isinstance(await store.commit(), CommitFailed)
    full[0] = False
    await store.renumber(last - 2, last + 100)
    assert await store.last_seq() == last + 102
    assert await fill(store, sweep, 1) == last + 104
    seqs = [commit.seq for commit in await store.commits_after(0, 10)]
    assert seqs == [last + 101, last + 102, last + 103, last + 104]


@pytest.mark.parametrize("first_moved", [True, False])
async def test_tombstones_and_the_roll_up_follow(
    open_store: OpenStore, sweep: Sweep, path: Path, *, first_moved: bool
) -> None:
    store = await open_store()
    last = await fill(store, sweep, 6)
    await store.close()
    with closing(open_writable(path)) as db, writing(db):
        tombstones.put(db, Tombstone(last - 4, last - 2, 9, 0))
        db.execute("DELETE FROM commit_block WHERE seq BETWEEN ? AND ?", (last - 4, last - 2))
        db.execute("UPDATE watermark SET seq = ? WHERE lane LIKE 'rolled%'", (last - 1,))
    store = await open_store()
    after = last - 5 if first_moved else last - 4
    await store.renumber(after, last + 100)
    shift = last + 100 - after
    [stone] = await store.tombstones_after(0)
    first = last - 4 + (shift if first_moved else 0)
    assert stone == Tombstone(first, last - 2 + shift, 9, 0)
    await store.maintain()
    assert store.health.rolled_seq == last - 1 + shift
