"""Our BACnet driver and simulator against an independent stack: no segmentation, its own slots."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from drivers.bacnet import BacnetDevice, CovTiming
from drivers.bacnet_foreign import Bbmd
from drivers.bacnet_link import BacnetLink, Found, parse_address, parse_object
from drivers.bacnet_point import BacnetPoint
from drivers.bacnet_read import PropertyReader
from drivers.bacnet_scan import scan_objects
from drivers.simulated.bacnet import BacnetObject, BacnetServer
from drivers.types import Quality, WriteOutcome, WriteRequest, WriteResult
from edge_agent.clock import SystemClock

pytestmark = pytest.mark.referee

DEVICE = 3001
SENSORS = 400
BROADCAST = "127.255.255.255"
SETPOINT = BacnetPoint(name="setpoint", object="analog-value,1", unit="degC", writable=True)
PLAIN = BacnetPoint(name="plain", object="analog-value,2", unit="degC", writable=True)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probing:
        probing.bind(("127.0.0.1", 0))
        return int(probing.getsockname()[1])


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = 15.0) -> None:
    async with asyncio.timeout(within_s):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)


@dataclass
class Peer:
    """A device of the other stack on a loopback port of its own; it forgets all when restarted."""

    port: int
    sensors: int = 3
    served: Any = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self, bbmd: Any = None) -> None:
        from rusty_bacnet import BACnetServer

        self.served = BACnetServer(
            DEVICE,
            "foreign",
            interface="127.0.0.1",
            port=self.port,
            broadcast_address=BROADCAST,
            bbmd=bbmd,
        )
        for number in range(self.sensors):
            self.served.add_analog_input(number, f"sensor {number}", 62, float(number))
        self.served.add_analog_value(1, "setpoint", 62)
        self.served.add_analog_value(2, "plain", 62, present_value_access="writable")
        await self.served.start()

    async def hold(self, priority: int, value: float) -> None:
        from rusty_bacnet import ObjectIdentifier, ObjectType, PropertyIdentifier, PropertyValue

        await self.served.write_property_local(
            ObjectIdentifier(ObjectType.ANALOG_VALUE, 1),
            PropertyIdentifier.PRESENT_VALUE,
            PropertyValue.real(value),
            priority,
            source_object=None,
        )

    async def measure(self, number: int, value: float) -> None:
        from rusty_bacnet import ObjectIdentifier, ObjectType, PropertyValue

        target = ObjectIdentifier(ObjectType.ANALOG_INPUT, number)
        await self.served.set_present_value_local(target, PropertyValue.real(value))


@asynccontextmanager
async def peer(sensors: int = 3, bbmd: Any = None) -> AsyncIterator[Peer]:
    device = Peer(free_port(), sensors)
    await device.start(bbmd)
    yield device
    await device.served.stop()


@pytest.fixture
async def link() -> AsyncIterator[BacnetLink]:
    link = BacnetLink(f"127.0.0.1/8:{free_port()}", 3056, timeout_s=1.0, clock=SystemClock())
    await link.open()
    yield link
    await link.close()


def sensor(number: int) -> BacnetPoint:
    return BacnetPoint(name=f"t{number}", object=f"analog-input,{number}", unit="degC")


async def write(driver: BacnetDevice, value: float, point: str = "setpoint") -> WriteOutcome:
    return await driver.write(WriteRequest(point=point, value=value, lease_s=60.0, command_id="c"))


async def slots(link: BacnetLink, device: Peer) -> dict[int, float]:
    """The slots held at the other stack's setpoint."""
    said = await link.read_property(
        parse_address(device.address), parse_object("analog-value,1"), "priority-array"
    )
    assert isinstance(said, tuple)
    return {slot: held for slot, held in enumerate(said, start=1) if held is not None}


async def test_the_whole_object_list_of_a_device_without_segmentation(link: BacnetLink) -> None:
    async with peer(SENSORS) as device:
        scanned = await scan_objects(link, Found(DEVICE, device.address))
    assert [one.object for one in scanned[:SENSORS]] == [
        f"analog-input,{n}" for n in range(SENSORS)
    ]
    assert [one.name for one in scanned[SENSORS:]] == ["setpoint", "plain"]
    assert [one.commandable for one in scanned[SENSORS:]] == [True, False]
    assert scanned[399].value == 399.0


async def test_requests_are_halved_until_they_fit_and_the_size_is_remembered(
    link: BacnetLink,
) -> None:
    async with peer(SENSORS) as device:
        reader = PropertyReader(link, parse_address(device.address), batch=SENSORS)
        wanted = [
            (parse_object(f"analog-input,{n}"), ("present-value", "status-flags"))
            for n in range(SENSORS)
        ]
        first = await reader.read(wanted)
        asked_first = reader.requests
        second = await reader.read(wanted)
    assert first == second
    values = [first[f"analog-input,{n}"] for n in range(SENSORS)]
    assert [isinstance(v, dict) and v["present-value"] for v in values] == list(range(SENSORS))
    assert reader.batch < SENSORS
    assert reader.requests - asked_first == -(-SENSORS // reader.batch)


async def test_a_driver_reads_four_hundred_points(link: BacnetLink) -> None:
    async with peer(SENSORS) as device:
        points = tuple(sensor(n) for n in range(SENSORS))
        driver = BacnetDevice("bms", link, device.address, points, SystemClock())
        readings = await driver.read()
    assert [reading.value for reading in readings] == list(range(SENSORS))
    assert {reading.quality for reading in readings} == {Quality.GOOD}


async def test_our_slot_is_taken_and_given_back_and_the_others_stay(link: BacnetLink) -> None:
    async with peer() as device:
        await device.hold(16, 17.0)
        driver = BacnetDevice("fcu", link, device.address, (SETPOINT,), SystemClock())
        assert (await write(driver, 22.5)).result is WriteResult.VERIFIED
        assert await slots(link, device) == {13: 22.5, 16: 17.0}
        await device.hold(5, 19.0)
        outranked = await write(driver, 22.5)
        assert outranked.result is WriteResult.OVERRIDDEN_LOCALLY
        assert "slot 5 (critical equipment control) holds 19" in outranked.reason
        crashed_and_back = BacnetDevice("fcu", link, device.address, (SETPOINT,), SystemClock())
        released = await crashed_and_back.release("setpoint")
        assert (released.result, released.readback) == (WriteResult.VERIFIED, 19.0)
        assert await slots(link, device) == {5: 19.0, 16: 17.0}


async def test_a_value_without_priority_array_is_written_and_not_claimed(link: BacnetLink) -> None:
    async with peer() as device:
        driver = BacnetDevice("fcu", link, device.address, (PLAIN,), SystemClock())
        outcome = await write(driver, 20.5, "plain")
        assert (outcome.result, outcome.readback) == (WriteResult.ACCEPTED_UNVERIFIED, 20.5)
        assert driver.health.notes == ["plain: no_priority_array"]
        assert (await driver.release("plain")).result is WriteResult.NOT_WRITABLE


async def test_cov_tells_changes_and_survives_a_restart() -> None:
    link = BacnetLink(f"127.0.0.1/8:{free_port()}", 3056, timeout_s=0.3, clock=SystemClock())
    async with peer() as device:
        points = tuple(sensor(n) for n in range(3))
        timing = CovTiming(renewal_s=0.2, first_retry_s=0.05, longest_retry_s=0.2)
        driver = BacnetDevice("bms", link, device.address, points, SystemClock(), cov=timing)
        await driver.open()
        cache = driver._cov
        assert cache is not None

        async def all_live() -> bool:
            return cache.live == 3

        async def shows(value: float) -> bool:
            return (await driver.read(("t1",)))[0].value == value

        await until(all_live)
        await driver.read()
        asked = driver.health.requests
        await device.measure(1, 44.0)
        await until(lambda: shows(44.0))
        assert driver.health.requests == asked
        await device.served.stop()

        async def none_live() -> bool:
            return cache.live == 0

        await until(none_live)
        assert (await driver.read(("t1",)))[0].quality is Quality.MISSING
        await device.start()
        await until(lambda: shows(1.0))
        await until(all_live)
        await driver.close()


async def test_stops_and_starts_leave_the_reader_alive() -> None:
    link = BacnetLink(f"127.0.0.1/8:{free_port()}", 3056, timeout_s=0.2, clock=SystemClock())
    async with peer() as device:
        driver = BacnetDevice("bms", link, device.address, (sensor(1),), SystemClock())
        await driver.open()
        for _ in range(3):
            assert (await driver.read())[0].quality is Quality.GOOD
            await device.served.stop()
            assert (await driver.read())[0].quality is Quality.MISSING
            await device.start()
        assert (await driver.read())[0].quality is Quality.GOOD
        await driver.close()


class Zone:
    """A plant of one commandable quantity."""

    def __init__(self) -> None:
        self.commanded: float | None = None

    def get(self, name: str) -> float:
        assert name == "zone.setpoint_c"
        return 21.0 if self.commanded is None else self.commanded

    def set(self, name: str, value: float | None) -> None:
        assert name == "zone.setpoint_c"
        self.commanded = value


async def test_its_client_overrides_us_at_slot_8_and_lets_go(link: BacnetLink) -> None:
    from rusty_bacnet import (
        BACnetClient,
        ObjectIdentifier,
        ObjectType,
        PropertyIdentifier,
        PropertyValue,
    )

    zone = Zone()
    av = BacnetObject(
        object="analog-value,1", plant="zone.setpoint_c", units="degrees-celsius", commandable=True
    )
    server = BacnetServer(f"127.0.0.1/8:{free_port()}", 3101, SystemClock(), zone, (av,))
    await server.start()
    driver = BacnetDevice("fcu", link, server.address, (SETPOINT,), SystemClock())
    target = ObjectIdentifier(ObjectType.ANALOG_VALUE, 1)
    present = PropertyIdentifier.PRESENT_VALUE
    assert (await write(driver, 23.0)).result is WriteResult.VERIFIED
    async with BACnetClient("127.0.0.1", free_port(), BROADCAST, 2000) as staff:
        seen = await staff.read_property(server.address, target, present)
        assert seen.value == 23.0
        await staff.write_property(
            server.address, target, present, PropertyValue.real(18.5), priority=8
        )
        assert zone.commanded == 18.5
        outcome = await write(driver, 23.0)
        assert outcome.result is WriteResult.OVERRIDDEN_LOCALLY
        assert "slot 8 (manual operator) holds 18.5" in outcome.reason
        assert server.slot("analog-value,1", 8) == 18.5
        await staff.write_property(
            server.address, target, present, PropertyValue.null(), priority=8
        )
        assert zone.commanded == 23.0
        assert (await write(driver, 23.0)).result is WriteResult.VERIFIED
        await staff.write_property(
            server.address, target, present, PropertyValue.real(17.0), priority=13
        )
        taken = await write(driver, 23.0)
        assert taken.result is WriteResult.OVERRIDDEN_LOCALLY
        assert "put there by somebody else" in taken.reason
        assert zone.commanded == 17.0
    await server.stop()


async def test_its_bbmd_registers_us_and_passes_our_broadcast() -> None:
    from rusty_bacnet import Bbmd as ForeignBbmd

    async with peer(bbmd=ForeignBbmd(accept_foreign_devices=True)) as device:
        link = BacnetLink(
            f"127.0.0.1/8:{free_port()}",
            3056,
            timeout_s=1.0,
            clock=SystemClock(),
            bbmd=Bbmd(device.address, ttl_s=30),
        )
        await link.open()
        assert Found(DEVICE, device.address) in await link.discover(None)
        await link.close()
