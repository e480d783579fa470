from __future__ import annotations

import math
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drivers.types import Quality, Reading
from edge_agent.store import (
    journal,
    outbox,
    pressure,
    pruning,
    reader,
    redaction,
    restamping,
    rollup,
    telemetry,
    tombstones,
    trusting,
)
from edge_agent.store.store import Store

OpenStore = Callable[..., Awaitable[Store]]

START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)

HOT = [
    outbox.COMMITS_AFTER,
    outbox.BLOCKS_SINCE,
    outbox.WATERMARK,
    outbox.MARK_SENT,
    outbox.MARK_ACKED,
    reader.FIRST_SINCE,
    reader.NEXT_BLOCKS,
    journal.PLAN_COUNTS,
    journal.PEAK,
    journal.STATE,
    journal.LEASE_IN_SHORT,
    journal.NOTE_RELEASE,
    rollup.BLOCKS_ABOVE,
    rollup.MARK_CURSOR,
    *rollup.READ.values(),
    pruning.CANDIDATES,
    pruning.DELETE_BLOCK,
    redaction.NEXT,
    restamping.UNTRUSTED,
    restamping.SHIFT_ONE,
    pruning.NEWEST_BLOCK,
    pressure.OLDEST_BLOCKS,
    pressure.QUARTER_ROWS,
    tombstones.AFTER,
    tombstones.OLDEST_KEPT,
    tombstones.DROPPED_AT,
    tombstones.FORGET,
]
IN_PARTS = [
    *pruning.OLD_KEYS.values(),
    *pruning.OLD_LINES.values(),
    pruning.OLD_PLANS,
    pressure.NEXT_BLOCKS,
    *pressure.FIRST_ROLLUPS.values(),
    pressure.FIRST_PLANS,
    reader.QUARTERS,
    reader.QUARTER_ENDS,
    reader.ENDS,
]
"""Of several steps: none reads a table from end to end, none sorts."""
IN_ORDER = [journal.AUDIT_TAIL, journal.PLAN_LATEST, trusting.NEWEST_AT]


def plan(path: Path, query: str) -> list[str]:
    db = sqlite3.connect(path)
    values = [1] * query.count("?")
    steps = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    db.close()
    return steps


@pytest.mark.parametrize("query", HOT)
async def test_hot_queries_search_an_index(open_store: OpenStore, path: Path, query: str) -> None:
    await open_store()
    assert [step for step in plan(path, query) if not step.startswith("SEARCH")] in (
        [],
        ["USE TEMP B-TREE FOR GROUP BY"],
    )


@pytest.mark.parametrize("query", IN_PARTS)
async def test_housekeeping_and_history_follow_keys(
    open_store: OpenStore, path: Path, query: str
) -> None:
    await open_store()
    steps = plan(path, query)
    assert any(step.startswith("SEARCH") for step in steps)
    assert [step for step in steps if "TEMP B-TREE" in step] == []
    scans = [step for step in steps if step.startswith("SCAN")]
    assert scans in (
        [],
        ["SCAN span", "SCAN span"],
        ["SCAN CONSTANT ROW", "SCAN span", "SCAN span"],
        ["SCAN CONSTANT ROW"],
    ), steps


@pytest.mark.parametrize("query", IN_ORDER)
async def test_newest_first_follows_the_key_without_sorting(
    open_store: OpenStore, path: Path, query: str
) -> None:
    await open_store()
    assert [step.split()[0] for step in plan(path, query)] == ["SCAN"]


async def test_counting_at_the_start_reads_only_the_ends(open_store: OpenStore, path: Path) -> None:
    await open_store()
    steps = [step for step in plan(path, telemetry.OLDEST_NEWEST) if "commit_block" in step]
    assert steps
    assert all(step.startswith("SEARCH") for step in steps)


def noise(seed: int) -> float:
    """A number in [0, 1) without a pattern, the same each time."""
    return math.sin(seed * 12.9898) * 43758.5453 % 1.0


def site(seconds: int) -> Iterator[list[Reading]]:
    """20 devices of 40 points each second: 16 move, 10 move now and then, 8 count, 6 stand."""
    values = [230.0 + number for number in range(800)]
    for second in range(seconds):
        readings = []
        for number in range(800):
            device, point = divmod(number, 40)
            chance = noise(second * 800 + number)
            if point < 16:
                values[number] += chance - 0.5
            elif point < 26:
                values[number] += 0.1 if chance < 0.05 else 0.0
            elif point < 34:
                values[number] += chance / 100
            readings.append(
                Reading(
                    device=f"device_{device}",
                    point=f"point_{point}",
                    value=round(values[number], 1 if point < 26 else 3),
                    unit="kW",
                    at=START + timedelta(seconds=second, milliseconds=device * 7 % 50),
                    quality=Quality.GOOD,
                )
            )
        yield readings


def size(path: Path) -> int:
    return path.stat().st_size


async def test_bytes_written_per_reading_stay_below_the_goal(
    open_store: OpenStore, path: Path
) -> None:
    """A commit each 10 s; written is the log and, at its checkpoint, each page of the file once."""
    await (await open_store()).close()
    laid_out = size(path)
    store = await open_store()
    wal = path.with_name(path.name + "-wal")
    before = size(wal)
    count = 0
    for second, readings in enumerate(site(120), start=1):
        count += len(readings)
        store.append(readings)
        if second % 10 == 0:
            await store.commit()
    logged = size(wal) - before
    before = size(path)
    await store.close()
    grown = size(path) - before
    assert 0.1 * count < grown < logged
    assert (logged + size(path) - laid_out) / count < 5
