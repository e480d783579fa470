"""How long a commit waits while somebody reads a month of readings."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from bench.store_parts.site import START, Site
from edge_agent.clock import SystemClock
from edge_agent.store.block import by_point, encode
from edge_agent.store.store import Store
from edge_agent.store.types import Committed

EXPORT_DAYS = 30
COMMIT_EVERY_S = 0.25
"""While the export runs; closer together than in life, so that every slice of it is met."""


def lay_out_month(path: Path) -> None:
    """A month of commits of 100 points, one a minute, written at once."""
    site = Site(10, 10)
    bodies = []
    for minute in range(60):
        at = START + timedelta(minutes=minute)
        sweeps = [
            site.sweep(d, at + timedelta(seconds=10 * n)) for n in range(6) for d in range(10)
        ]
        series = by_point([reading for sweep in sweeps for reading in sweep])
        bodies.append(encode(dict(enumerate(series.values(), 1))))
    with closing(sqlite3.connect(path)) as db, db:
        names = [(number, *name) for number, name in enumerate(series, 1)]
        db.executemany("INSERT INTO point VALUES (?, ?, ?, ?)", names)
        first, start_ms = 1, int(START.timestamp() * 1000)
        db.executemany(
            "INSERT INTO commit_block (seq, start_ms, n, boot, mono_ms, body)"
            " VALUES (?, ?, 600, 1, 0, ?)",
            [(first + n, start_ms + n * 60_000, bodies[n % 60]) for n in range(EXPORT_DAYS * 1440)],
        )


async def commit_late(path: Path) -> float:
    """Most milliseconds a commit waits for its turn while all of a month is read and rolled up."""
    clock = SystemClock()
    await (await Store.open(path, clock)).close()
    await asyncio.to_thread(lay_out_month, path)
    store = await Store.open(path, clock)
    reading = asyncio.create_task(read_all(store))
    keeping = asyncio.create_task(keep(store))
    site, worst_ms = Site(10, 10), 0.0
    while not reading.done():
        now = clock.now()
        for device in range(site.devices):
            store.append(site.sweep(device, now))
        asked = time.perf_counter()
        result = await store.commit()
        took_ms = result.took_ms if isinstance(result, Committed) else 0.0
        worst_ms = max(worst_ms, (time.perf_counter() - asked) * 1000 - took_ms)
        await asyncio.sleep(COMMIT_EVERY_S)
    await reading
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await store.close()
    return worst_ms


async def read_all(store: Store) -> int:
    """Every reading of the month, as an export reads them."""
    seq, count = 0, 0
    last = await store.last_seq()
    while seq < last and (page := await store.commits_after(seq, 500)):
        count += sum(len(column.values) for commit in page for column in commit.columns)
        seq = page[-1].seq
    return count


async def keep(store: Store) -> None:
    while True:
        if not (await store.maintain()).more:
            await asyncio.sleep(COMMIT_EVERY_S)
