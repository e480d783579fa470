from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from bacpypes3.pdu import IPv4Address

from drivers.bacnet import BacnetDevice
from drivers.bacnet_app import Notification
from drivers.bacnet_claim import Claim
from drivers.bacnet_command import Commander
from drivers.bacnet_link import BacnetLink, Found, parse_address, parse_object
from drivers.bacnet_point import BacnetPoint
from drivers.bacnet_scan import scan_objects
from drivers.bacnet_units import Conversion
from drivers.bacnet_values import ItemError
from drivers.simulated.bacnet import BacnetObject, BacnetServer
from drivers.types import DeviceRefusedError, Quality
from edge_agent.clock import SystemClock

POINT = BacnetPoint(name="temperature", object="analog-input,1", unit="degC", writable=True)


class Deaf(asyncio.DatagramProtocol):
    """Notes the invoke id of every confirmed request and answers none."""

    def __init__(self) -> None:
        self.invoked: list[int] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        bvlc, npdu, apdu = data[:2], data[4:6], data[6:]
        if bvlc == b"\x81\x0a" and npdu == b"\x01\x04" and apdu[0] >> 4 == 0:
            self.invoked.append(apdu[2])


@asynccontextmanager
async def deaf_device() -> AsyncIterator[tuple[Deaf, str]]:
    loop = asyncio.get_running_loop()
    transport, deaf = await loop.create_datagram_endpoint(Deaf, local_addr=("127.0.0.1", 0))
    host, port = transport.get_extra_info("sockname")
    yield deaf, f"{host}:{port}"
    transport.close()


async def test_one_request_at_a_time_goes_to_a_device(
    listen: Callable[[], str], clock: SystemClock
) -> None:
    link = BacnetLink(listen(), 3071, timeout_s=0.2, clock=clock)
    await link.open()
    async with deaf_device() as (deaf, address):
        drivers = [BacnetDevice("bms", link, address, (POINT,), clock) for _ in range(4)]
        readings = await asyncio.gather(*(driver.read() for driver in drivers))
        assert {reading.quality for (reading,) in readings} == {Quality.MISSING}
        # The request and its one repetition; nothing of the other three.
        assert len(deaf.invoked) == 2
        assert len(set(deaf.invoked)) == 1
    await link.close()


class Numbers:
    """Quantity `x17` is 17."""

    def get(self, name: str) -> float:
        return float(name[1:])

    def set(self, name: str, value: float | None) -> None:
        raise AssertionError((name, value))


async def test_the_object_list_of_a_device_without_segmentation_is_whole(
    link: BacnetLink, listen: Callable[[], str], clock: SystemClock
) -> None:
    objects = tuple(
        BacnetObject(object=f"analog-input,{n}", plant=f"x{n}", units="kilowatts")
        for n in range(200)
    )
    server = BacnetServer(listen(), 3104, clock, Numbers(), objects)
    server.segmentation = False
    await server.start()
    scanned = await scan_objects(link, Found(3104, server.address))
    assert [one.value for one in scanned] == [float(n) for n in range(200)]
    await server.stop()


async def test_an_error_inside_a_good_answer_is_told_from_a_value(
    controller: BacnetServer, link: BacnetLink
) -> None:
    target = parse_object("analog-input,1")
    said = await link.read_multiple(
        parse_address(controller.address), [(target, ("present-value", "priority-array"))]
    )
    assert said["analog-input,1", "present-value"] == 20.0
    error = said["analog-input,1", "priority-array"]
    assert isinstance(error, ItemError)
    assert error.absent


def test_an_unreadable_priority_array_is_not_taken_for_none(link: BacnetLink) -> None:
    commander = Commander(
        link,
        parse_address("127.0.0.1:1"),
        parse_object("analog-value,7"),
        POINT,
        Conversion("degC"),
        Claim(0.01),
    )
    assert commander._slots(ItemError("unknown property", 32)) is None
    for error in (ItemError("read access denied", 27), ItemError("not in the answer")):
        with pytest.raises(DeviceRefusedError, match="priority-array"):
            commander._slots(error)


@pytest.mark.parametrize(
    ("source", "object_name", "shift"),
    [
        ("127.0.0.1:2", "analog-input,1", 0),
        ("127.0.0.1:1", "analog-input,2", 0),
        ("127.0.0.1:1", "analog-input,1", 1),
    ],
)
async def test_a_notification_that_is_not_ours_is_refused(
    link: BacnetLink, clock: SystemClock, source: str, object_name: str, shift: int
) -> None:
    other = BacnetPoint(name="power", object="analog-input,3", unit="kW")
    driver = BacnetDevice("bms", link, "127.0.0.1:1", (POINT, other), clock, cov=True)
    await driver.open()
    assert driver._cov is not None
    ours = driver._cov._subscriptions["analog-input,1"].process_id
    right = Notification(
        IPv4Address("127.0.0.1:1"), ours, parse_object("analog-input,1"), {"present-value": 1.0}
    )
    wrong = Notification(
        IPv4Address(source), ours + shift, parse_object(object_name), {"present-value": 2.0}
    )
    assert link._notified(right)
    assert not link._notified(wrong)
    assert driver._cov._subscriptions["analog-input,1"].said == {"present-value": 1.0}
    await driver.close()


async def test_a_broadcast_who_is_needs_no_more_than_our_port(
    listen: Callable[[], str], clock: SystemClock
) -> None:
    link = BacnetLink(listen(), 3072, timeout_s=0.1, clock=clock)
    await link.open()
    assert await link.discover(None, 4_000_000, 4_000_001) == []
    await link.close()
