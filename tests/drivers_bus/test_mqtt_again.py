"""A message that the broker delivers again is no new reading; the last one ends with its ttl."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from hand_broker import AGAIN, hand_broker

from drivers.mqtt import MqttDevice, MqttLink, MqttPoint
from drivers.types import Quality
from edge_agent.clock import ManualClock

Until = Callable[[Callable[[], bool]], Awaitable[None]]
NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
TOPIC = b"tele/meter"


def meter(link: MqttLink, clock: ManualClock, ttl_s: float | None = None) -> MqttDevice:
    point = MqttPoint(name="power", unit="kW", topic=TOPIC.decode(), path="p", ttl_s=ttl_s)
    return MqttDevice("meter", link, (point,), clock)


async def test_what_is_delivered_again_keeps_its_time(until: Until) -> None:
    clock = ManualClock(NOON)
    async with hand_broker(TOPIC) as (broker, url):
        driver = meter(MqttLink(url, clock=clock), clock)
        await driver.open()
        await until(lambda: broker.listened_to)
        await broker.say(b'{"p": 4}')
        await until(lambda: driver.health.requests == 1)
        await clock.advance(30)
        await broker.say(b'{"p": 4}', AGAIN)
        await until(lambda: driver.health.requests == 2)
        (reading,) = await driver.read()
        assert (reading.value, reading.at) == (4.0, NOON)
        await broker.say(b'{"p": 4}')
        await until(lambda: driver.health.requests == 3)
        (reading,) = await driver.read()
        assert (reading.value, reading.at) == (4.0, clock.now())
        await clock.advance(30)
        await broker.say(b'{"p": 5}', AGAIN)
        await until(lambda: driver.health.requests == 4)
        (reading,) = await driver.read()
        assert (reading.value, reading.at) == (5.0, clock.now()), "the first one got lost"
        await driver.close()


async def test_a_message_says_nothing_after_its_ttl(until: Until) -> None:
    clock = ManualClock(NOON)
    async with hand_broker(TOPIC) as (broker, url):
        driver = meter(MqttLink(url, clock=clock), clock, ttl_s=60.0)
        await driver.open()
        await until(lambda: broker.listened_to)
        await broker.say(b'{"p": 4}')
        await until(lambda: driver.health.requests == 1)
        await clock.advance(60)
        (reading,) = await driver.read()
        assert reading.value == 4.0
        await clock.advance(1)
        (reading,) = await driver.read()
        assert (reading.value, reading.quality, reading.at) == (None, Quality.STALE, clock.now())
        assert reading.reason == "the last message is 61 s old, and says nothing after 60 s"
        await driver.close()


@pytest.mark.parametrize(("version", "level"), [("3.1.1", 4), ("5", 5)])
async def test_the_version_is_what_goes_over_the_wire(
    version: str, level: int, until: Until
) -> None:
    clock = ManualClock(NOON)
    async with hand_broker(TOPIC) as (broker, url):
        link = MqttLink(f"{url}?version={version}", clock=clock)
        await link.open()
        await until(lambda: broker.levels != [])
        assert broker.levels[0] == level
        await link.close()
