from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from bacpypes3.ipv4.app import BBMDApplication
from bacpypes3.local.device import DeviceObject
from bacpypes3.pdu import IPv4Address

from drivers.bacnet_foreign import Bbmd
from drivers.bacnet_link import BacnetLink, Found
from drivers.types import LinkTimeoutError, SetupError
from edge_agent.clock import SystemClock

Until = Callable[[Callable[[], bool]], Awaitable[None]]
BBMD_ID = 3200


def start_bbmd(listen: str) -> BBMDApplication:
    device = DeviceObject(
        objectIdentifier=("device", BBMD_ID), objectName="bbmd", vendorIdentifier=999
    )
    return BBMDApplication(device, IPv4Address(listen))


def at(listen: str) -> str:
    return listen.replace("/8", "")


@pytest.fixture
def bbmd_listen(listen: Callable[[], str]) -> str:
    return listen()


@pytest.fixture
async def bbmd(bbmd_listen: str) -> AsyncIterator[BBMDApplication]:
    app = start_bbmd(bbmd_listen)
    yield app
    app.close()
    await asyncio.sleep(0)


@pytest.fixture
async def foreign(
    bbmd_listen: str, listen: Callable[[], str], clock: SystemClock
) -> AsyncIterator[BacnetLink]:
    link = BacnetLink(
        listen(), 3060, timeout_s=0.5, clock=clock, bbmd=Bbmd(at(bbmd_listen), ttl_s=1)
    )
    await link.open()
    yield link
    await link.close()


async def test_a_broadcast_goes_through_the_bbmd(
    bbmd: BBMDApplication,
    bbmd_listen: str,
    foreign: BacnetLink,
    listen: Callable[[], str],
    clock: SystemClock,
    until: Until,
) -> None:
    other = BacnetLink(listen(), 3061, timeout_s=0.5, clock=clock, bbmd=Bbmd(at(bbmd_listen), 60))
    await other.open()
    await until(lambda: len(bbmd.bbmd.bbmdFDT) == 2)
    found = await foreign.discover(None)
    assert set(found) >= {
        Found(device_id=BBMD_ID, address=at(bbmd_listen)),
        Found(device_id=3061, address=at(other.listen)),
    }
    await other.close()
    await until(lambda: len(bbmd.bbmd.bbmdFDT) == 1)


async def test_the_registration_is_renewed_and_a_restarted_bbmd_has_it_again(
    bbmd_listen: str, foreign: BacnetLink, until: Until
) -> None:
    first = start_bbmd(bbmd_listen)
    await until(lambda: len(first.bbmd.bbmdFDT) == 1)
    first.close()
    await asyncio.sleep(0)
    again = start_bbmd(bbmd_listen)
    await until(lambda: len(again.bbmd.bbmdFDT) == 1)
    assert [device.device_id for device in await foreign.discover(None)] == [BBMD_ID]
    again.close()
    await asyncio.sleep(0)


async def test_without_its_bbmd_discovery_says_so(foreign: BacnetLink) -> None:
    with pytest.raises(LinkTimeoutError, match="BBMD"):
        await foreign.discover(None)


class RawBbmd(asyncio.DatagramProtocol):
    """Answers each Register-Foreign-Device with the next of its result codes, then with 0."""

    def __init__(self, *results: int) -> None:
        self.results = list(results)
        self.ttls: list[int] = []
        self.transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data[:2] != b"\x81\x05" or self.transport is None:
            return
        self.ttls.append(int.from_bytes(data[4:6], "big"))
        result = self.results.pop(0) if self.results else 0
        self.transport.sendto(b"\x81\x00\x00\x06" + result.to_bytes(2, "big"), addr)


async def test_a_refusal_is_not_the_end(bbmd_listen: str, foreign: BacnetLink) -> None:
    host, port = at(bbmd_listen).split(":")
    raw = RawBbmd(0x0030, 0x0030)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: raw, local_addr=(host, int(port))
    )
    raw.transport = transport
    port_of_ours = foreign._port
    assert port_of_ours is not None
    await port_of_ours.registered(5.0)
    assert raw.ttls.count(1) >= 3
    transport.close()


async def test_a_bbmd_that_was_away_for_long_is_asked_again(
    bbmd: BBMDApplication, foreign: BacnetLink, until: Until
) -> None:
    await until(lambda: len(bbmd.bbmd.bbmdFDT) == 1)
    assert foreign._port is not None
    # What bacpypes3 does 30 s after the end of a registration nobody renewed.
    foreign._port.app.foreign._registration_expired()
    await foreign._port.registered(5.0)


async def test_farewell_frees_the_entry(
    bbmd: BBMDApplication, foreign: BacnetLink, until: Until
) -> None:
    await until(lambda: len(bbmd.bbmd.bbmdFDT) == 1)
    await foreign.close()
    assert bbmd.bbmd.bbmdFDT == []
    await foreign.open()


@pytest.mark.parametrize(("address", "ttl_s"), [("nowhere", 60), ("127.0.0.1:47808", 0)])
def test_wrong_bbmds_are_refused(address: str, ttl_s: int) -> None:
    with pytest.raises(SetupError, match="BBMD"):
        Bbmd(address, ttl_s)
