"""Stores that were lost, replaced or restored: what they hold reaches the cloud, once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cloud_sync import QUICK, THING, all_once, readings_of, syncing

from drivers.types import Quality, Reading
from edge_agent.clock import ManualClock
from edge_agent.cloud_link import StoreOutbox
from edge_agent.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from edge_agent.demo.iot_core import LocalIotCore
    from tests.cloud.conftest import ListOutbox, OpenLink, Until

UNSET = datetime(1970, 1, 1, tzinfo=UTC)


async def unset_store(path: Path, values: range) -> Store:
    """A store made while the clock was not set, with a commit for each value."""
    store = await Store.open(path, ManualClock(UNSET))
    for value in values:
        reading = Reading(
            device="meter",
            point="power",
            value=float(value),
            unit="kW",
            at=UNSET + timedelta(seconds=value),
            quality=Quality.GOOD,
        )
        store.append([reading])
        await store.commit()
    return store


@pytest.mark.parametrize("count", [5, 30])
async def test_a_new_disk_with_an_unset_clock_loses_nothing(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, tmp_path: Path, count: int
) -> None:
    link = await open_link(own_cloud.port)
    first = await unset_store(tmp_path / "first.db", range(20))
    async with syncing(link, StoreOutbox(first)) as sync:
        await until(lambda: sync.status.acked_seq == 20)
    await first.close()
    await link.close()
    second = await unset_store(tmp_path / "second.db", range(100, 100 + count))
    again = await open_link(own_cloud.port)
    async with syncing(again, StoreOutbox(second)) as sync:
        await until(lambda: sync.status.backlog_commits == 0 and (sync.status.acked_seq or 0) > 20)
        last = await second.last_seq()
        await until(lambda: sync.status.acked_seq == last)
    assert last > 20 + count
    assert [value for *_, value in readings_of(own_cloud)] == [
        *map(float, range(20)),
        *map(float, range(100, 100 + count)),
    ]
    assert set(readings_of(own_cloud).values()) == {1}
    assert own_cloud.counts()["repeats"] == 0
    await second.close()


async def test_a_restored_disk_goes_on_above_what_it_had_sent_before(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    outbox.add(10)
    link = await open_link(own_cloud.port)
    async with syncing(link, outbox):
        await until(lambda: outbox.acked == 10)
        image = type(outbox)()
        image.commits, image.given = list(outbox.commits), outbox.given
        image.sent, image.acked, image.texts = outbox.sent, outbox.acked, dict(outbox.texts)
        outbox.add(10, at_ms=1)
        await until(lambda: outbox.acked == 20)
    await link.close()
    image.add(30, at_ms=2)
    again = await open_link(own_cloud.port)
    async with syncing(again, image):
        await until(lambda: image.acked == image.given > 1000)
        image.add(1, at_ms=3)
        await until(lambda: image.acked == image.given)
    stored = readings_of(own_cloud)
    assert set(stored.values()) == {1}
    assert Counter(at_ms for _, _, at_ms, _ in stored if at_ms < 4) == {1: 10, 2: 30, 3: 1}


async def test_a_new_store_waits_for_the_clouds_word(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    await own_cloud.stop_service()
    outbox.add(3)
    link = await open_link(own_cloud.port)
    patient = replace(QUICK, watermark_wait_wall_s=0.1)
    async with syncing(link, outbox, patient) as sync:
        await until(lambda: sync.status.trouble == "no_watermark")
        assert outbox.sent == 0
        await own_cloud.start_service()
        await own_cloud.pull_plug()
        await own_cloud.plug_in()
        await until(lambda: outbox.acked == 3)
        assert sync.status.trouble == ""
    assert all_once(own_cloud, outbox)


async def test_a_new_store_does_not_wait_for_ever(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    await own_cloud.stop_service()
    outbox.add(3)
    link = await open_link(own_cloud.port)
    hasty = replace(QUICK, watermark_wait_wall_s=0.05, first_word_wait_wall_s=0.2)
    async with syncing(link, outbox, hasty) as sync:
        await until(lambda: outbox.sent == 3)
        assert sync.status.trouble == "no_watermark"


async def test_a_crash_after_renumbering_does_no_harm(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    outbox.add(20)
    link = await open_link(own_cloud.port)
    async with syncing(link, outbox):
        await until(lambda: outbox.acked == 20)
    await link.close()
    fresh = type(outbox)()
    fresh.add(4, at_ms=7)
    await fresh.renumber(0, 1020)
    again = await open_link(own_cloud.port)
    async with syncing(again, fresh):
        await until(lambda: fresh.acked == fresh.given)
    assert Counter(at_ms for _, _, at_ms, _ in readings_of(own_cloud) if at_ms == 7) == {7: 4}
    assert THING in {commit.gateway for commit in own_cloud.received()}
