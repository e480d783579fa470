"""The demo's account of what was lost and doubled, against stores and clouds that differ."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from small_house import write_site

from drivers.types import Quality, Reading
from edge_agent.clock import ManualClock
from edge_agent.cloud_link import as_row
from edge_agent.demo.iot_core import ReceivedCommit, ReceivedReading
from edge_agent.demo.reckoning import Reckoning, reckon
from edge_agent.site.load import load_site
from edge_agent.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from edge_agent.site.schema import Site

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
VALUES = (1.0, 2.0, float("inf"))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return load_site(write_site(tmp_path)).site


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    """Two commits of three readings each."""
    path = tmp_path / "edge.db"
    store = await Store.open(path, ManualClock(NOW))
    for minute in range(2):
        at = NOW + timedelta(minutes=minute)
        store.append(
            Reading(
                device="meter",
                point=f"p{place}",
                value=value,
                unit="kW",
                at=at,
                quality=Quality.GOOD,
            )
            for place, value in enumerate(VALUES)
        )
        await store.commit()
    await store.close()
    return path


async def arrived(database: Path) -> list[ReceivedCommit]:
    """What a cloud has that has everything."""
    store = await Store.open(database, ManualClock(NOW))
    commits = await store.commits_after(0, 10)
    await store.close()
    return [
        ReceivedCommit(
            gateway="gw_1",
            seq=commit.seq,
            boot=commit.boot,
            at_ms=commit.at_ms,
            readings=tuple(
                ReceivedReading(
                    device=row.device,
                    point=row.point,
                    at_ms=row.at_ms,
                    value=row.value,
                    quality=row.quality,
                    unit=row.unit,
                )
                for row in map(as_row, commit.readings)
            ),
        )
        for commit in commits
    ]


def account(found: Reckoning) -> tuple[int, int, int]:
    return found.readings_stored, found.lost, found.duplicated


async def test_all_there_is_nothing_lost(database: Path, site: Site) -> None:
    assert account(await reckon(database, await arrived(database), site)) == (6, 0, 0)


@pytest.mark.parametrize(
    "change", [{"value": 9.0}, {"quality": "bad"}, {"at_ms": 1}, {"point": ""}]
)
async def test_a_reading_that_differs_is_lost(
    database: Path, site: Site, change: dict[str, object]
) -> None:
    first, second = await arrived(database)
    wrong = replace(first.readings[1], **change)  # type: ignore[arg-type]  # as parametrised
    changed = replace(first, readings=(first.readings[0], wrong, first.readings[2]))
    assert account(await reckon(database, [changed, second], site)) == (6, 1, 0)


async def test_a_reading_twice_does_not_make_up_for_another(database: Path, site: Site) -> None:
    first, second = await arrived(database)
    doubled = replace(first, readings=(first.readings[0], *first.readings[:2]))
    assert account(await reckon(database, [doubled, second], site)) == (6, 1, 1)


async def test_a_commit_under_two_numbers_at_the_cloud_is_doubled(
    database: Path, site: Site
) -> None:
    first, second = await arrived(database)
    again = replace(first, seq=second.seq + 1)
    assert account(await reckon(database, [first, second, again], site)) == (6, 0, 3)


async def test_a_damaged_block_is_not_fine(database: Path, site: Site) -> None:
    first, second = await arrived(database)
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("UPDATE commit_block SET body = x'0100ff' WHERE seq = ?", (first.seq,))
    assert account(await reckon(database, [second], site)) == (6, 3, 0)
