"""A message that the broker delivers again is no new reading; the last one ends with its ttl."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from drivers.mqtt import MqttDevice, MqttLink, MqttPoint
from drivers.types import Quality
from edge_agent.clock import ManualClock

Until = Callable[[Callable[[], bool]], Awaitable[None]]
NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
TOPIC = b"tele/meter"
AGAIN = 0x08


class HandBroker:
    """MQTT 3.1.1 and 5 by hand: keeps what a client said when it came, and says what it is told."""

    def __init__(self) -> None:
        self.levels: list[int] = []
        self._writer: asyncio.StreamWriter | None = None
        self._next_id = 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                kind, length = await reader.readexactly(2)
                body = await reader.readexactly(length)
                if kind >> 4 == 1:
                    self.levels.append(body[6])
                    writer.write(b"\x20\x02\x00\x00" if body[6] == 4 else b"\x20\x03\x00\x00\x00")
                elif kind >> 4 == 8:
                    self._writer = writer
                    writer.write(b"\x90\x03" + body[:2] + b"\x01")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    @property
    def listened_to(self) -> bool:
        return self._writer is not None

    async def say(self, payload: bytes, flags: int = 0) -> None:
        assert self._writer is not None
        body = len(TOPIC).to_bytes(2, "big") + TOPIC + self._next_id.to_bytes(2, "big") + payload
        self._next_id += 1
        self._writer.write(bytes((0x32 | flags, len(body))) + body)
        await self._writer.drain()


@asynccontextmanager
async def hand_broker() -> AsyncIterator[tuple[HandBroker, str]]:
    broker = HandBroker()
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    yield broker, f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await asyncio.sleep(0.02)


def meter(link: MqttLink, clock: ManualClock, ttl_s: float | None = None) -> MqttDevice:
    point = MqttPoint(name="power", unit="kW", topic=TOPIC.decode(), path="p", ttl_s=ttl_s)
    return MqttDevice("meter", link, (point,), clock)


async def test_what_is_delivered_again_keeps_its_time(until: Until) -> None:
    clock = ManualClock(NOON)
    async with hand_broker() as (broker, url):
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
    async with hand_broker() as (broker, url):
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
    async with hand_broker() as (broker, url):
        link = MqttLink(f"{url}?version={version}", clock=clock)
        await link.open()
        await until(lambda: broker.levels != [])
        assert broker.levels[0] == level
        await link.close()
