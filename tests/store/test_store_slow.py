from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

from drivers.types import Reading
from edge_agent.clock import ManualClock
from edge_agent.store.store import Store, StoreOptions

Sweep = Callable[[int], list[Reading]]


class SlowDisk(ManualClock):
    """A clock that goes on while the disk writes."""

    takes_s = 0.0

    def write(self, _db: sqlite3.Connection) -> None:
        asyncio.run(self.advance(self.takes_s))


async def test_slow_commits_are_a_state_and_ask_for_a_longer_interval(
    path: Path, clock: ManualClock, sweep: Sweep
) -> None:
    disk = SlowDisk(clock.now())
    store = await Store.open(path, disk, StoreOptions(before_write=disk.write))
    seen = []
    for takes_s in (0.1, 5.1, 6.0, 7.0, 8.0, 3.0, 0.5, 0.5, 0.5, 0.5):
        disk.takes_s = takes_s
        store.append(sweep(0))
        await store.commit()
        seen.append((store.health.state, store.health.interval_factor))
    assert seen == [
        ("ok", 1),
        ("slow", 2),
        ("slow", 4),
        ("slow", 8),
        ("slow", 8),
        ("ok", 8),
        ("ok", 4),
        ("ok", 2),
        ("ok", 1),
        ("ok", 1),
    ]
    await store.close()
