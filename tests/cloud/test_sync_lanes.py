"""Nothing holds up the lane: bad wishes, values and blocks, large commits, long backlogs."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from cloud_sync import LONG_AGO_MS, QUICK, THING, all_once, resent_in, syncing

from drivers.types import Quality, Reading
from edge_agent.clock import SystemClock
from edge_agent.cloud.messages import Row, decode, series_of
from edge_agent.cloud_link import StoreOutbox
from edge_agent.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge_agent.cloud.mqtt5 import Mqtt5Transport
    from edge_agent.cloud.transport import Message
    from edge_agent.demo.iot_core import LocalIotCore
    from tests.cloud.conftest import ListOutbox, OpenLink, Until

WISH = f"$aws/things/{THING}/shadow/name/sync/update"


async def ask(operator: Mqtt5Transport, resend: list[int]) -> None:
    wish = {"state": {"desired": {"resend": resend}}}
    await operator.publish(WISH, json.dumps(wish).encode())


async def test_a_wish_beyond_all_numbers_is_answered_and_harms_nothing(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    link = await open_link(own_cloud.port)
    operator = await open_link(own_cloud.port, "operator")
    reported: list[object] = []
    await operator.subscribe(
        [f"{WISH}/documents"], lambda message: reported.append(resent_in(message))
    )
    async with syncing(link, outbox):
        outbox.add(5)
        await until(lambda: outbox.acked == 5)
        for wish in ([10**19, 10**19], [3, 10**19]):
            await ask(operator, wish)
            await until(lambda wish=wish: wish in reported)
            outbox.add(1)
            await until(lambda: outbox.acked == len(outbox.commits))
    assert own_cloud.counts()["repeats"] == 4


async def test_live_data_does_not_wait_for_a_long_resend(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    link = await open_link(own_cloud.port)
    operator = await open_link(own_cloud.port, "operator")
    async with syncing(link, outbox) as sync:
        outbox.add(600, at_ms=LONG_AGO_MS)
        await until(lambda: outbox.acked == 600)
        lanes: list[str] = []

        def take(message: Message) -> None:
            if not lanes:
                outbox.add(1)
                sync.notify()
            lanes.append(message.topic.split("/")[-2])

        await operator.subscribe(["devices/#"], take)
        await ask(operator, [1, 600])
        await until(lambda: own_cloud.counts()["repeats"] == 600)
        await until(lambda: outbox.acked == 601)
    assert lanes.count("batch") == 1
    assert lanes.index("batch") <= 12 < len(lanes)


async def test_a_resend_goes_on_where_an_earlier_process_was(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    link = await open_link(own_cloud.port)
    operator = await open_link(own_cloud.port, "operator")
    outbox.add(50, at_ms=LONG_AGO_MS)
    async with syncing(link, outbox):
        await until(lambda: outbox.acked == 50)
    outbox.texts["resend"] = "[1, 50, 40]"
    await ask(operator, [1, 50])
    await link.close()
    again = await open_link(own_cloud.port)
    async with syncing(again, outbox):
        await until(lambda: own_cloud.counts()["repeats"] == 10)
        outbox.add(1)
        await until(lambda: outbox.acked == 51)
    assert outbox.texts["resend"] == "[1, 50, 50]"
    assert own_cloud.counts()["repeats"] == 10


async def test_the_newest_minute_goes_before_a_backlog_which_still_arrives_whole(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    outbox.add(400, at_ms=LONG_AGO_MS)
    outbox.add(3)
    link = await open_link(own_cloud.port)
    listener = await open_link(own_cloud.port, "listener")
    seqs: list[list[int]] = []
    await listener.subscribe(["devices/#"], gather_seqs(seqs))
    async with syncing(link, outbox, replace(QUICK, live_every_s=60)):
        await until(lambda: outbox.acked == 403)
    assert seqs[0] == [401, 402, 403]
    assert all_once(own_cloud, outbox)
    assert own_cloud.counts()["repeats"] == 0


async def test_what_is_gone_between_backlog_and_newest_stops_nothing(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    outbox.add(100, at_ms=LONG_AGO_MS)
    outbox.add(3)
    del outbox.commits[60:100]
    link = await open_link(own_cloud.port)
    async with syncing(link, outbox, replace(QUICK, live_every_s=60)):
        await until(lambda: outbox.acked == 103)
    assert all_once(own_cloud, outbox)


async def test_a_plug_pulled_between_newest_and_backlog_loses_nothing(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    outbox.add(600, at_ms=LONG_AGO_MS)
    outbox.add(3)
    link = await open_link(own_cloud.port)
    async with syncing(link, outbox, replace(QUICK, live_every_s=60)) as sync:
        await until(lambda: outbox.sent > 0)
        await own_cloud.pull_plug()
        outbox.add(5)
        await until(lambda: not sync.status.connected)
        await own_cloud.plug_in()
        sync.notify()
        await until(lambda: outbox.acked == 608)
    assert all_once(own_cloud, outbox)


def gather_seqs(seqs: list[list[int]]) -> Callable[[Message], None]:
    def take(message: Message) -> None:
        seqs.append([commit.seq for commit in decode(message.payload).commits])

    return take


async def test_a_commit_larger_than_a_message_comes_in_parts(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    outbox.add(3, at_ms=LONG_AGO_MS)
    rows = [
        Row(device="d", point="p", at_ms=at, value=(at * 7919 % 1009) / 7, quality="good", unit="")
        for at in range(5000)
    ]
    outbox.commits[1] = replace(outbox.commits[1], series=series_of(rows))
    link = await open_link(own_cloud.port)
    async with syncing(link, outbox, replace(QUICK, backlog_bytes=4096)) as sync:
        await until(lambda: outbox.acked == 3)
        assert (sync.status.trouble, sync.status.oversized_commits) == ("", 0)
    assert all_once(own_cloud, outbox)
    [large] = [commit for commit in own_cloud.received() if commit.seq == 2]
    assert [(r.at_ms, r.value) for r in large.readings] == [(r.at_ms, r.value) for r in rows]
    assert own_cloud.counts()["messages"] > 4


async def test_a_reading_that_fits_nowhere_is_said_and_passed(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    outbox.add(3, at_ms=LONG_AGO_MS)
    noise = "".join(chr(0x4E00 + (n * 7919) % 20000) for n in range(3000))
    [row] = outbox.commits[1].readings
    outbox.commits[1] = replace(outbox.commits[1], series=series_of([replace(row, point=noise)]))
    link = await open_link(own_cloud.port)
    async with syncing(link, outbox, replace(QUICK, backlog_bytes=4096)) as sync:
        await until(lambda: outbox.acked == 3)
        assert (sync.status.trouble, sync.status.oversized_commits) == ("oversized_commit", 1)
    assert own_cloud.gone() == [(2, 2, 1, 0)]
    assert sorted(commit.seq for commit in own_cloud.received()) == [1, 3]


async def fill(store: Store, values: list[float]) -> int:
    clock = SystemClock()
    for value in values:
        reading = Reading(
            device="meter",
            point="power",
            value=value,
            unit="kW",
            at=clock.now(),
            quality=Quality.GOOD,
        )
        store.append([replace(reading, quality=Quality.BAD), replace(reading, point="other")])
        await store.commit()
    return await store.last_seq()


async def test_a_value_that_is_no_number_is_sent_as_none(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, tmp_path: Path
) -> None:
    store = await Store.open(tmp_path / "edge.db", SystemClock())
    last = await fill(store, [1.0, float("inf"), float("nan"), float("-inf"), 2.0])
    link = await open_link(own_cloud.port)
    async with syncing(link, StoreOutbox(store)) as sync:
        await until(lambda: sync.status.acked_seq == last)
    stored = sorted(own_cloud.received(), key=lambda commit: commit.seq)
    values = [commit.readings[1].value for commit in stored]
    assert values == [1.0, None, None, None, 2.0]
    assert {commit.readings[1].quality for commit in stored} == {"bad"}
    await store.close()


async def test_a_damaged_block_is_told_as_gone_and_seen(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, tmp_path: Path
) -> None:
    path = tmp_path / "edge.db"
    store = await Store.open(path, SystemClock())
    last = await fill(store, [1.0, 2.0, 3.0])
    await store.close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE commit_block SET body = x'0100ff' WHERE seq = ?", (last - 1,))
    store = await Store.open(path, SystemClock())
    link = await open_link(own_cloud.port)
    async with syncing(link, StoreOutbox(store)) as sync:
        await until(lambda: sync.status.acked_seq == last)
        assert (sync.status.trouble, sync.status.damaged_commits) == ("damaged_commit", 1)
    assert sorted(commit.seq for commit in own_cloud.received()) == [last - 2, last]
    assert own_cloud.gone() == [(last - 1, last - 1, 2, 0)]
    await store.close()


async def test_a_twin_of_the_gateway_is_seen(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    link = await open_link(own_cloud.port)
    async with syncing(link, outbox) as sync:
        await open_link(own_cloud.port, THING, wait=False)
        await until(lambda: sync.status.trouble == "duplicate_client_id")
