"""Late duplicates, refused topics, threads, wills, and a broker nobody else can reach."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drivers.mqtt import Message, MqttDevice, MqttLink, MqttPoint
from drivers.simulated.broker import EmbeddedBroker
from drivers.simulated.plant import Plant
from drivers.simulated.weather import WeatherPublisher
from drivers.types import Quality, Reading
from edge_agent.clock import ManualClock, SystemClock

Until = Callable[[Callable[[], bool]], Awaitable[None]]
NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
TOPIC = "tele/meter"
POINT = MqttPoint(name="power", unit="kW", topic=TOPIC, path="p")


class Quiet:
    """A link on which the test itself says what arrives."""

    def __init__(self) -> None:
        self.heard: dict[str, Callable[[Message], None]] = {}

    async def open(self) -> None:
        return

    async def close(self) -> None:
        return

    def subscribe(self, topic: str, listener: Callable[[Message], None]) -> None:
        self.heard[topic] = listener

    def unsubscribe(self, topic: str, listener: Callable[[Message], None]) -> None:
        del self.heard[topic]

    def refused(self, topic: str) -> str:
        return ""

    def down_reason(self) -> str:
        return ""

    def says(self, power: float, stamped: datetime | None, *, retained: bool = False) -> None:
        stamp = None if stamped is None else stamped.isoformat()
        payload = json.dumps({"timestamp": stamp, "p": power}).encode()
        self.heard[TOPIC](Message(TOPIC, payload, retained, NOON))


async def only(driver: MqttDevice) -> Reading:
    (reading,) = await driver.read()
    return reading


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("stamps", "kept"),
    [
        ((ago(60), ago(30), ago(60)), 2.0),  # the first once more: a duplicate
        ((ago(60), ago(60), ago(30)), 3.0),  # twice the same stamp: the same moment
        ((ago(30), ago(60), ago(20)), 3.0),  # out of order, then in order again
        ((ago(-7200), ago(10), ago(5)), 3.0),  # a clock two hours fast was set right
        ((None, None, None), 3.0),  # without stamps the order of arrival counts
    ],
)
async def test_late_duplicates_do_not_turn_a_value_back(
    stamps: tuple[datetime | None, ...], kept: float
) -> None:
    link = Quiet()
    driver = MqttDevice("meter", link, (POINT,), ManualClock(NOON))
    await driver.open()
    for power, stamp in enumerate(stamps, start=1):
        link.says(float(power), stamp)
    assert (await only(driver)).value == kept
    await driver.close()


@pytest.mark.parametrize(("ttl_s", "counts"), [(60.0, False), (600.0, True)])
async def test_each_device_has_its_own_ttl(*, ttl_s: float, counts: bool) -> None:
    link = Quiet()
    driver = MqttDevice("meter", link, (POINT,), ManualClock(NOON), retained_ttl_s=ttl_s)
    await driver.open()
    link.says(5.0, ago(120), retained=True)
    reading = await only(driver)
    assert (reading.value == 5.0) is counts
    assert (reading.quality is Quality.GOOD) is counts
    await driver.close()


async def read_packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    kind, length = await reader.readexactly(2)
    assert length < 128
    return kind >> 4, await reader.readexactly(length)


@asynccontextmanager
async def refusing_broker() -> AsyncIterator[int]:
    """Lets everybody in (MQTT 3.1.1, by hand) and refuses every subscription."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                kind, body = await read_packet(reader)
                if kind == 1:
                    writer.write(b"\x20\x02\x00\x00")
                elif kind == 8:
                    writer.write(b"\x90\x03" + body[:2] + b"\x80")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield int(server.sockets[0].getsockname()[1])
    server.close()
    await asyncio.sleep(0.02)


async def test_a_refused_topic_says_so(clock: SystemClock) -> None:
    async with refusing_broker() as port:
        link = MqttLink(f"mqtt://127.0.0.1:{port}", timeout_s=2.0, clock=clock)
        driver = MqttDevice("meter", link, (POINT,), clock)
        await driver.open()
        for _ in range(2000):
            reading = await only(driver)
            if "refuses" in reading.reason:
                break
            await asyncio.sleep(0.01)
        assert reading.quality is Quality.MISSING
        assert reading.reason.startswith("the broker refuses tele/meter: ")
        await driver.close()


async def test_listeners_run_on_the_event_loop_s_thread(
    broker: EmbeddedBroker, plant: Plant, clock: SystemClock, until: Until
) -> None:
    threads: list[int] = []
    link = MqttLink(broker.url, timeout_s=2.0, clock=clock)
    station = WeatherPublisher(broker.url, "threaded", plant, clock, period_s=0.02)
    await link.open()
    link.subscribe(station.topic, lambda _: threads.append(threading.get_ident()))
    await station.start()
    await until(lambda: len(threads) >= 3)
    assert set(threads) == {threading.get_ident()}
    await station.stop()
    await link.close()


async def test_a_station_survives_a_broker_that_goes_away_first(
    plant: Plant, clock: SystemClock
) -> None:
    broker = EmbeddedBroker()
    await broker.start()
    station = WeatherPublisher(broker.url, "lonely", plant, clock, period_s=0.02)
    await station.start()
    await broker.stop()
    await asyncio.wait_for(station.stop(), 8)


async def test_the_station_s_will_is_said_when_its_wire_is_cut(
    broker: EmbeddedBroker, plant: Plant, clock: SystemClock, until: Until
) -> None:
    cut = asyncio.Event()

    async def wire(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", broker.port)
        pipes = [
            asyncio.create_task(pipe(reader, far_writer)),
            asyncio.create_task(pipe(far_reader, writer)),
        ]
        await cut.wait()
        for task in pipes:
            task.cancel()
        await asyncio.gather(*pipes, return_exceptions=True)
        # Reset, so that no DISCONNECT of the station gets through.
        far_writer.transport.abort()
        writer.transport.abort()

    server = await asyncio.start_server(wire, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    said: list[bytes] = []
    link = MqttLink(broker.url, timeout_s=2.0, clock=clock)
    await link.open()
    station = WeatherPublisher(f"mqtt://127.0.0.1:{port}", "cut_off", plant, clock, period_s=0.1)
    link.subscribe(station.status_topic, lambda message: said.append(message.payload))
    await station.start()
    await until(lambda: b"online" in said)
    server.close()
    cut.set()
    await until(lambda: b"offline" in said)
    await station.stop()
    await link.close()


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(4096):
        writer.write(data)


def test_nobody_else_can_reach_the_broker(broker: EmbeddedBroker) -> None:
    """The kernel's own table: the broker's library would listen on every interface."""
    rows = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    listening = [row.split()[1] for row in rows if row.split()[3] == "0A"]
    ours = [where for where in listening if int(where.split(":")[1], 16) == broker.port]
    assert ours
    assert all(where.startswith("0100007F") for where in ours)
