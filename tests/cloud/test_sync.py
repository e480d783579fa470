from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cloud_sync import LONG_AGO_MS, QUICK, THING, all_once, resent_in, syncing

from edge_agent.clock import ManualClock, SystemClock
from edge_agent.cloud.sync import Sync
from edge_agent.cloud.transport import Message, NullTransport

if TYPE_CHECKING:
    from edge_agent.demo.iot_core import LocalIotCore
    from tests.cloud.conftest import ListOutbox, OpenLink, Until


async def test_live_and_backlog_arrive_and_are_confirmed(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    outbox.add(95, at_ms=LONG_AGO_MS)
    outbox.add(3, boot=2)
    link = await open_link(own_cloud.port)
    topics: list[str] = []
    listener = await open_link(own_cloud.port, "listener")
    await listener.subscribe(["devices/#"], lambda message: topics.append(message.topic))
    async with syncing(link, outbox) as sync:
        await until(lambda: outbox.acked == 98)
        assert all_once(own_cloud, outbox)
        outbox.add(2, boot=2)
        await until(lambda: outbox.acked == 100)
        await until(lambda: sync.status.acked_seq == 100)
        assert sync.status.connected
        assert (sync.status.sent_seq, sync.status.backlog_commits) == (100, 0)
        assert sync.status.last_sent_at is not None
    stored = {commit.seq: commit for commit in own_cloud.received()}
    reading = stored[7].readings[0]
    assert (reading.device, reading.point, reading.value, reading.unit) == (
        "meter",
        "power",
        3.5,
        "kW",
    )
    assert set(topics) == {
        f"devices/{THING}/backfill/measurement",
        f"devices/{THING}/batch/measurement",
    }


async def test_the_plug_is_pulled_again_and_again(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    link = await open_link(own_cloud.port)
    async with syncing(link, outbox) as sync:
        for _ in range(3):
            outbox.add(40, at_ms=LONG_AGO_MS)
            sync.notify()
            await until(lambda: outbox.sent > len(outbox.commits) - 40)
            await own_cloud.pull_plug()
            outbox.add(10)
            await until(lambda: not sync.status.connected)
            await own_cloud.plug_in()
        await until(lambda: outbox.acked == 150)
    assert all_once(own_cloud, outbox)


async def test_what_the_broker_acknowledged_and_lost_is_sent_again(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    link = await open_link(own_cloud.port)
    async with syncing(link, outbox):
        outbox.add(5)
        await until(lambda: outbox.acked == 5)
        await own_cloud.stop_service()
        outbox.add(5)
        await until(lambda: outbox.sent == 10)
        assert len(own_cloud.received()) == 5
        await own_cloud.pull_plug()
        await own_cloud.start_broker()
        await own_cloud.start_service()
        await until(lambda: outbox.acked == 10, 20.0)
    assert all_once(own_cloud, outbox)


async def test_what_nobody_acknowledged_is_not_marked_as_sent(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    link = await open_link(own_cloud.port, deadline_s=0.2)
    async with syncing(link, outbox, with_shadows=False) as sync:
        outbox.add(5)
        await until(lambda: outbox.sent == 5)
        own_cloud.freeze()
        outbox.add(5)
        await until(lambda: "no answer within" in sync.status.last_error)
        assert outbox.sent == 5
        assert sync.status.backlog_commits == 5
        own_cloud.thaw()
        await until(lambda: outbox.sent == 10)
    await until(lambda: all_once(own_cloud, outbox))


async def test_silence_of_the_cloud_means_lost(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    link = await open_link(own_cloud.port)
    async with syncing(link, outbox, replace(QUICK, confirm_within_wall_s=1.0)):
        outbox.add(5)
        await until(lambda: outbox.acked == 5)
        await own_cloud.stop_service()
        outbox.add(5)
        await until(lambda: outbox.sent == 10)
        await own_cloud.start_service()
        await until(lambda: outbox.acked == 10)
    assert all_once(own_cloud, outbox)


async def test_the_cloud_may_ask_for_a_range_again(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    link = await open_link(own_cloud.port)
    async with syncing(link, outbox):
        outbox.add(50, at_ms=LONG_AGO_MS)
        await until(lambda: outbox.acked == 50)
        repeats = own_cloud.counts()["repeats"]
        operator = await open_link(own_cloud.port, "operator")
        wish = {"state": {"desired": {"resend": [11, 30]}}}
        topic = f"$aws/things/{THING}/shadow/name/sync/update"
        await operator.publish(topic, json.dumps(wish).encode())
        await until(lambda: own_cloud.counts()["repeats"] == repeats + 20)
        reported: list[object] = []
        documents = f"$aws/things/{THING}/shadow/name/sync/update/documents"
        await operator.subscribe([documents], lambda message: reported.append(resent_in(message)))
        await operator.publish(topic, json.dumps({"state": {"desired": {"x": 1}}}).encode())
        await until(lambda: bool(reported) and reported[-1] == [11, 30])
        outbox.add(1)
        await until(lambda: outbox.acked == 51)
        assert own_cloud.counts()["repeats"] == repeats + 20


async def test_basic_ingest_and_withheld_points(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    outbox.add(3)
    link = await open_link(own_cloud.port)
    private = replace(QUICK, rule="semdr_1", withheld=frozenset({("meter", "power")}))
    async with syncing(link, outbox, private):
        await until(lambda: outbox.acked == 3)
    assert all_once(own_cloud, outbox)
    assert all(not commit.readings for commit in own_cloud.received())


async def test_without_shadows_the_brokers_word_counts(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    outbox.add(3)
    link = await open_link(own_cloud.port)
    async with syncing(link, outbox, with_shadows=False) as sync:
        await until(lambda: outbox.sent == 3)
        assert sync.status.acked_seq is None


async def test_offline_the_backlog_is_visible(
    free_port: int, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    outbox.add(4)
    link = await open_link(free_port, wait=False)
    async with syncing(link, outbox) as sync:
        await until(lambda: sync.status.backlog_commits == 4)
        await until(lambda: "REFUSED" in sync.status.last_error)
        assert not sync.status.connected
        assert sync.status.sent_seq == 0


async def test_a_live_period_gathers_and_a_notice_does_not_wait(
    own_cloud: LocalIotCore, open_link: OpenLink, until: Until, outbox: ListOutbox
) -> None:
    clock = ManualClock(datetime(2025, 6, 1, tzinfo=UTC))
    at_ms = int(clock.now().timestamp() * 1000)
    link = await open_link(own_cloud.port)
    sizes: list[int] = []
    listener = await open_link(own_cloud.port, "listener")
    await listener.subscribe(["devices/#"], gather_sizes(sizes))
    async with syncing(link, outbox, replace(QUICK, live_every_s=60), clock=clock) as sync:
        await until(lambda: sync.status.acked_seq is not None or sync.status.sent_seq == 0)
        outbox.add(3, at_ms=at_ms)
        await clock.advance(60.0)
        await until(lambda: outbox.sent == 3)
        outbox.add(3, at_ms=at_ms)
        await clock.advance(30.0)
        outbox.add(3, at_ms=at_ms)
        await clock.advance(30.0)
        await until(lambda: outbox.sent == 9)
        outbox.add(1, at_ms=at_ms)
        sync.notify()
        await until(lambda: outbox.sent == 10)
        await until(lambda: sum(sizes) == 10)
    assert sizes == [3, 6, 1]


def gather_sizes(sizes: list[int]) -> Callable[[Message], None]:
    def take(message: Message) -> None:
        sizes.append(len(json.loads(message.payload)["seq"]))

    return take


async def test_draining_sends_all_there_is(
    own_cloud: LocalIotCore, open_link: OpenLink, outbox: ListOutbox
) -> None:
    outbox.add(120, at_ms=LONG_AGO_MS)
    outbox.add(2)
    link = await open_link(own_cloud.port)
    sync = Sync(
        outbox=outbox, transport=link, clock=SystemClock(), settings=replace(QUICK, live_every_s=60)
    )
    assert await sync.drain(10.0)
    assert outbox.sent == 122
    outbox.add(1)
    assert await sync.drain(10.0)


async def test_draining_gives_up_in_time(
    free_port: int, open_link: OpenLink, outbox: ListOutbox
) -> None:
    outbox.add(1)
    link = await open_link(free_port, wait=False)
    sync = Sync(outbox=outbox, transport=link, clock=SystemClock(), settings=QUICK)
    assert not await sync.drain(0.2)
    nowhere = Sync(outbox=outbox, transport=NullTransport(), clock=SystemClock(), settings=QUICK)
    assert not await nowhere.drain(60.0)
