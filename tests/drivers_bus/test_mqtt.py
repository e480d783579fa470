from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from drivers.mqtt import MqttDevice, MqttLink, MqttPoint, seed_points
from drivers.simulated.broker import EmbeddedBroker
from drivers.simulated.plant import Plant
from drivers.simulated.weather import WeatherPublisher
from drivers.types import Quality, Reading, SetupError, WriteRequest, WriteResult
from edge_agent.clock import ManualClock, SystemClock

Until = Callable[[Callable[[], bool]], Awaitable[None]]
Say = Callable[..., None]
NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
_ids = count(1)


@pytest.fixture
def device_id() -> str:
    """An id nobody else uses on the shared broker."""
    return f"dev_{next(_ids)}"


@pytest.fixture
async def site_bus(broker: EmbeddedBroker, clock: SystemClock) -> AsyncIterator[MqttLink]:
    link = MqttLink(broker.url, timeout_s=0.3, clock=clock)
    yield link
    await link.close()


@pytest.fixture
def say(broker: EmbeddedBroker) -> Iterator[Say]:
    """Publish a payload and return once the broker has it."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()

    def publish(
        topic: str, payload: str | bytes | dict[str, object], *, retain: bool = False
    ) -> None:
        body = json.dumps(payload) if isinstance(payload, dict) else payload
        client.publish(topic, body, qos=1, retain=retain).wait_for_publish(5)

    yield publish
    client.disconnect()
    client.loop_stop()


def meter(device_id: str, link: MqttLink, status_topic: str | None = None) -> MqttDevice:
    topic = f"tele/{device_id}/SENSOR"
    points = (
        MqttPoint(name="power", unit="kW", topic=topic, path="ENERGY.Power", scale=0.001),
        MqttPoint(name="voltage", unit="V", topic=topic, path="ENERGY.Voltage.0"),
    )
    return MqttDevice(device_id, link, points, SystemClock(), status_topic=status_topic)


async def reads(driver: MqttDevice, point: str) -> Reading:
    (reading,) = await driver.read((point,))
    return reading


async def becomes(driver: MqttDevice, point: str, accepted: Callable[[Reading], bool]) -> Reading:
    """The first reading that is accepted, within 10 s."""
    for _ in range(1000):
        reading = await reads(driver, point)
        if accepted(reading):
            return reading
        await asyncio.sleep(0.01)
    raise TimeoutError(reading)


def is_bad(reading: Reading) -> bool:
    return reading.quality is Quality.BAD


async def heard(until: Until, driver: MqttDevice, messages: int) -> None:
    await until(lambda: driver.health.requests >= messages)


async def test_weather_station_in_the_seed_s_form(
    broker: EmbeddedBroker, site_bus: MqttLink, plant: Plant, device_id: str, until: Until
) -> None:
    clock = SystemClock()
    points = seed_points(f"devices/{device_id}/weather/measurement")
    driver = MqttDevice(
        device_id, site_bus, points, clock, status_topic=f"devices/{device_id}/status"
    )
    await driver.open()
    station = WeatherPublisher(broker.url, device_id, plant, clock, period_s=0.05)
    await station.start()
    await heard(until, driver, 2)
    readings = {reading.point: reading for reading in await driver.read()}
    assert {name: (r.value, r.unit, r.quality) for name, r in readings.items()} == {
        "temperature": (11.5, "degC", Quality.GOOD),
        "solar_irradiance": (640.0, "W/m2", Quality.GOOD),
        "humidity": (55.0, "percent", Quality.GOOD),
        "wind_speed": (3.25, "m/s", Quality.GOOD),
    }
    assert abs(readings["temperature"].at - clock.now()) < timedelta(seconds=5)
    await station.stop()
    offline = await becomes(driver, "temperature", is_bad)
    assert "offline" in offline.reason
    assert {reading.quality for reading in await driver.read()} == {Quality.BAD}
    await driver.close()


async def test_free_form_json(site_bus: MqttLink, device_id: str, say: Say, until: Until) -> None:
    driver = meter(device_id, site_bus)
    await driver.open()
    await until(lambda: site_bus.connected)
    first = await reads(driver, "power")
    assert (first.quality, first.value) == (Quality.MISSING, None)
    assert "no message" in first.reason
    say(f"tele/{device_id}/SENSOR", {"ENERGY": {"Power": 1500, "Voltage": [231.5]}})
    await heard(until, driver, 1)
    assert [(r.value, r.unit) for r in await driver.read()] == [(1.5, "kW"), (231.5, "V")]
    say(f"tele/{device_id}/SENSOR", {"ENERGY": {"Power": 1600}})
    await heard(until, driver, 2)
    assert [r.value for r in await driver.read()] == [1.6, 231.5]
    strange = await reads(driver, "pressure")
    assert strange.quality is Quality.NOT_IMPLEMENTED
    await driver.close()


async def test_malformed_payloads_are_bad_and_counted_until_a_good_one_comes(
    site_bus: MqttLink, device_id: str, say: Say, until: Until
) -> None:
    driver = meter(device_id, site_bus)
    await driver.open()
    await until(lambda: site_bus.connected)
    topic = f"tele/{device_id}/SENSOR"
    for number, payload in enumerate((b"\xff\x00", b"{", b'{"ENERGY":{"Power":NaN}}'), start=1):
        say(topic, payload)
        await heard(until, driver, number)
        reading = await reads(driver, "power")
        assert (reading.quality, reading.value) == (Quality.BAD, None)
        assert "malformed" in reading.reason
        assert driver.health.failures == number
    say(topic, b'{"ENERGY":{"Power":"much","Voltage":[230]}}')
    await heard(until, driver, 4)
    assert [reading.quality for reading in await driver.read()] == [Quality.BAD, Quality.GOOD]
    say(topic, {"ENERGY": {"Power": 900, "Voltage": [230]}})
    await heard(until, driver, 5)
    assert (await reads(driver, "power")).value == 0.9
    await driver.close()


@pytest.mark.parametrize(
    ("stamp", "reason"),
    [
        ((NOON - timedelta(hours=3)).isoformat(), "10800 s old"),
        ((NOON + timedelta(hours=3)).isoformat(), "-10800 s old"),
        (None, "without timestamp"),
    ],
)
async def test_stale_retained_messages_are_ignored(
    broker: EmbeddedBroker, device_id: str, say: Say, until: Until, stamp: str | None, reason: str
) -> None:
    clock = ManualClock(NOON)
    link = MqttLink(broker.url, timeout_s=5.0, clock=clock)
    topic = f"tele/{device_id}"
    say(topic, {"timestamp": stamp, "t": 55.0}, retain=True)
    driver = MqttDevice(
        device_id, link, (MqttPoint(name="t", unit="degC", topic=topic, path="t"),), clock
    )
    await driver.open()
    await heard(until, driver, 1)
    reading = await reads(driver, "t")
    assert (reading.quality, reading.value) == (Quality.MISSING, None)
    assert reason in reading.reason
    say(topic, {"t": 21.0})
    await heard(until, driver, 2)
    assert ((await reads(driver, "t")).value, (await reads(driver, "t")).at) == (21.0, NOON)
    await driver.close()


async def test_a_fresh_retained_message_counts_from_its_own_time(
    broker: EmbeddedBroker, device_id: str, say: Say, until: Until
) -> None:
    clock = ManualClock(NOON)
    link = MqttLink(broker.url, timeout_s=5.0, clock=clock)
    stamp = NOON - timedelta(seconds=120)
    topic = f"devices/{device_id}/weather/measurement"
    say(
        topic,
        {
            "device_id": device_id,
            "timestamp": stamp.isoformat(),
            "measurements": {"temperature": 9.0},
            "data_format": "semdr_v1",
        },
        retain=True,
    )
    driver = MqttDevice(device_id, link, seed_points(topic), clock)
    await driver.open()
    await heard(until, driver, 1)
    reading = await reads(driver, "temperature")
    assert (reading.value, reading.at) == (9.0, stamp)
    assert (await reads(driver, "humidity")).quality is Quality.MISSING
    await driver.close()


def connect_with_will(port: int, device_id: str) -> socket.socket:
    """A bare MQTT 3.1.1 client whose last will is `offline`, encoded by hand."""

    def field(text: str) -> bytes:
        return len(text).to_bytes(2, "big") + text.encode()

    flags = 0x02 | 0x04 | 0x20  # clean session, will, will retained
    body = field("MQTT") + bytes([4, flags, 0, 60]) + field(f"{device_id}-raw")
    body += field(f"devices/{device_id}/status") + field("offline")
    peer = socket.create_connection(("127.0.0.1", port), timeout=5)
    peer.sendall(bytes([0x10, len(body)]) + body)
    assert peer.recv(4) == bytes([0x20, 2, 0, 0])
    return peer


async def test_last_will_makes_the_points_bad_until_the_device_speaks_again(
    broker: EmbeddedBroker, site_bus: MqttLink, device_id: str, say: Say, until: Until
) -> None:
    driver = meter(device_id, site_bus, status_topic=f"devices/{device_id}/status")
    await driver.open()
    await until(lambda: site_bus.connected)
    say(f"tele/{device_id}/SENSOR", {"ENERGY": {"Power": 1000}})
    await heard(until, driver, 1)
    peer = connect_with_will(broker.port, device_id)
    peer.close()
    assert (await becomes(driver, "power", is_bad)).value is None
    say(f"tele/{device_id}/SENSOR", {"ENERGY": {"Power": 1100}})
    await heard(until, driver, 2)
    assert (await reads(driver, "power")).value == 1.1
    await driver.close()


async def test_status_online_ends_offline(
    site_bus: MqttLink, device_id: str, say: Say, until: Until
) -> None:
    status = f"devices/{device_id}/status"
    say(status, "offline", retain=True)
    driver = meter(device_id, site_bus, status_topic=status)
    await driver.open()
    await becomes(driver, "power", is_bad)
    say(status, "online", retain=True)
    online = await becomes(driver, "power", lambda reading: not is_bad(reading))
    assert "no message" in online.reason
    await driver.close()


async def test_broker_restart_is_survived(clock: SystemClock, until: Until) -> None:
    own = EmbeddedBroker()
    await own.start()
    link = MqttLink(own.url, timeout_s=0.2, clock=clock)
    driver = meter("meter", link)
    await driver.open()
    payload = b'{"ENERGY": {"Power": 1500}}'
    await until(lambda: link.connected)
    await asyncio.to_thread(publish_once, own.port, payload)
    await heard(until, driver, 1)
    await own.stop()
    reading = await becomes(driver, "power", lambda reading: reading.value is None)
    assert reading.quality is Quality.MISSING
    assert str(own.port) in reading.reason
    await own.start()
    await until(lambda: link.connected)
    await asyncio.to_thread(publish_once, own.port, payload)
    await heard(until, driver, 2)
    assert (await reads(driver, "power")).value == 1.5
    await driver.close()
    await own.stop()


def publish_once(port: int, payload: bytes) -> None:
    """What another process of the site does."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.publish("tele/meter/SENSOR", payload, qos=1).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()


async def test_without_a_broker_everything_is_missing_and_nothing_raises(
    clock: SystemClock,
) -> None:
    with socket.socket() as taken_and_silent:
        taken_and_silent.bind(("127.0.0.1", 0))
        port = taken_and_silent.getsockname()[1]
        link = MqttLink(f"mqtt://127.0.0.1:{port}", timeout_s=0.2, clock=clock)
        driver = meter("meter", link)
        assert (await reads(driver, "power")).reason == "the link is closed"
        await driver.open()
        readings = await driver.read()
        assert {reading.quality for reading in readings} == {Quality.MISSING}
        assert f"no broker at 127.0.0.1:{port}" in readings[0].reason
        await asyncio.wait_for(driver.close(), 3)


async def test_two_devices_share_the_link_and_a_topic(
    site_bus: MqttLink, device_id: str, say: Say, until: Until
) -> None:
    one, two = meter(device_id, site_bus), meter(device_id, site_bus)
    await one.open()
    await two.open()
    await until(lambda: site_bus.connected)
    await one.close()
    say(f"tele/{device_id}/SENSOR", {"ENERGY": {"Power": 750}})
    await heard(until, two, 1)
    assert one.health.requests == 0
    assert (await reads(two, "power")).value == 0.75
    await two.close()


async def test_a_flood_keeps_the_latest_value(
    site_bus: MqttLink, device_id: str, say: Say, until: Until
) -> None:
    driver = meter(device_id, site_bus)
    await driver.open()
    await until(lambda: site_bus.connected)
    # Said from this thread: the loop hands nothing out before the broker has the last one.
    for power in range(1, 1201):
        say(f"tele/{device_id}/SENSOR", {"ENERGY": {"Power": power}})
    await becomes(driver, "power", lambda reading: reading.value == 1.2)
    assert site_bus.dropped > 0
    assert driver.health.requests + site_bus.dropped == 1200
    await driver.close()


async def test_nothing_is_writable(site_bus: MqttLink, device_id: str) -> None:
    driver = meter(device_id, site_bus)
    request = WriteRequest(point="power", value=1.0, lease_s=60.0, command_id="c1")
    assert (await driver.write(request)).result is WriteResult.NOT_WRITABLE
    assert (await driver.release("power")).result is WriteResult.NOT_WRITABLE
    assert not any(point.writable for point in driver.points)
    assert (await driver.identify()).model == ""


def test_wrong_configuration_is_refused_at_once(clock: SystemClock) -> None:
    for url in (
        "http://127.0.0.1:1883",
        "mqtt://",
        "mqtt://127.0.0.1:port",
        "127.0.0.1",
        "mqtt://127.0.0.1:1883?version=4",
        "mqtt://127.0.0.1:1883?v=5",
        "mqtt://127.0.0.1:1883?version",
        "mqtt://127.0.0.1:1883?version=5&version=3.1.1",
    ):
        with pytest.raises(SetupError):
            MqttLink(url, clock=clock)
    link = MqttLink("mqtt://127.0.0.1:1883", clock=clock)
    with pytest.raises(SetupError, match="one device"):
        MqttDevice("x", link, (MqttPoint(name="t", unit="", topic="tele/+/x"),), clock)
    for topic in ("devices/a/garden/measurement", "devices/a", "tele/a/weather/measurement"):
        with pytest.raises(SetupError):
            seed_points(topic)


async def test_an_unreadable_ca_file_is_a_setup_error(clock: SystemClock, tmp_path: Path) -> None:
    link = MqttLink("mqtts://127.0.0.1:8883", ca_file=str(tmp_path / "none.pem"), clock=clock)
    with pytest.raises(SetupError, match=r"none\.pem"):
        await link.open()


async def test_a_taken_broker_port_is_a_setup_error(broker: EmbeddedBroker) -> None:
    with pytest.raises(SetupError, match=str(broker.port)):
        await EmbeddedBroker(broker.port).start()


async def test_the_broker_as_a_process(clock: SystemClock, until: Until) -> None:
    with socket.socket() as probing:
        probing.bind(("127.0.0.1", 0))
        port = probing.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", "drivers.simulated.broker", "--port", str(port)
    )
    await until(lambda: accepts(port))
    link = MqttLink(f"mqtt://127.0.0.1:{port}", timeout_s=1.0, clock=clock)
    await link.open()
    await until(lambda: link.connected)
    await link.close()
    process.terminate()
    await asyncio.wait_for(process.wait(), 5)


def accepts(port: int) -> bool:
    with socket.socket() as probing:
        return probing.connect_ex(("127.0.0.1", port)) == 0
