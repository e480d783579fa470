"""What a site file says of its BACnet and MQTT devices reaches the wire."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from bacnet_peek import free_udp_port
from bacpypes3.ipv4.app import BBMDApplication
from bacpypes3.local.device import DeviceObject
from bacpypes3.pdu import IPv4Address
from small_house import FAN_COIL_OBJECT, WRITE_SLOT, SmallHouse, write_site

from drivers.types import Driver, WriteRequest, WriteResult
from edge_agent.clock import ManualClock
from edge_agent.fields import build_drivers
from edge_agent.site.load import load_site
from tests.agent.conftest import Until

Change = Callable[[dict[str, Any]], None]


@asynccontextmanager
async def driving(
    house: SmallHouse, folder: Path, clock: ManualClock, device: str, change: Change
) -> AsyncIterator[Driver]:
    """One driver of the changed site, open."""
    driver = build_drivers(load_site(house.site_file(folder, change)).site, clock)[device]
    await driver.open()
    yield driver
    await driver.close()


async def test_a_link_registers_at_its_bbmd(
    house: SmallHouse, clock: ManualClock, tmp_path: Path, until: Until
) -> None:
    where = f"127.0.0.1:{free_udp_port()}"
    own = DeviceObject(objectIdentifier=("device", 3200), objectName="b", vendorIdentifier=999)
    bbmd = BBMDApplication(own, IPv4Address(where.replace(":", "/8:")))

    def change(site: dict[str, Any]) -> None:
        site["links"]["bms"] |= {"bbmd": where, "bbmd_ttl_s": 30}

    async with driving(house, tmp_path, clock, "room", change) as driver:
        await until(lambda: len(bbmd.bbmd.bbmdFDT) == 1)
        assert bbmd.bbmd.bbmdFDT[0].fdTTL == 30
        (reading,) = await driver.read()
        assert reading.value == 22.0
    await until(lambda: len(bbmd.bbmd.bbmdFDT) == 0)
    bbmd.close()
    await asyncio.sleep(0)


async def test_a_device_with_cov_is_asked_only_for_what_it_has_not_told(
    house: SmallHouse, clock: ManualClock, tmp_path: Path, until: Until
) -> None:
    def change(site: dict[str, Any]) -> None:
        room = next(one for one in site["devices"] if one["id"] == "room")
        room |= {"cov": True, "cov_safety_s": 20}

    async with driving(house, tmp_path, clock, "room", change) as driver:
        await until(lambda: house.bacnet.subscriptions == 1)
        await driver.read()
        asked = house.bacnet.requests
        (kept,) = await driver.read()
        assert (kept.value, house.bacnet.requests) == (22.0, asked)
        await clock.advance(19)
        await driver.read()
        assert house.bacnet.requests == asked
        await clock.advance(1)
        await driver.read()
        assert house.bacnet.requests > asked, "the safety poll"


async def test_without_cov_nothing_is_subscribed(
    house: SmallHouse, clock: ManualClock, tmp_path: Path
) -> None:
    async with driving(house, tmp_path, clock, "room", lambda _: None) as driver:
        await driver.read()
        asked = house.bacnet.requests
        await driver.read()
        assert house.bacnet.requests > asked
        assert house.bacnet.subscriptions == 0


def by_template(site: dict[str, Any]) -> None:
    """The fan coil takes unit, access and band from a template; the sensor is another point."""
    coil = next(one for one in site["devices"] if one["id"] == "fcu")
    coil["profile"] = "generic_bacnet_zone"
    coil["points"] = {
        "setpoint": {"object": FAN_COIL_OBJECT, "safe": [20, 23], "writes_per_day": 50},
        "probe": {"object": "analog-input,1", "unit": "degC"},
    }


@pytest.mark.parametrize(
    ("value", "result", "slot"),
    [(21.0, WriteResult.VERIFIED, 21.0), (24.0, WriteResult.OUT_OF_RANGE, None)],
)
async def test_a_template_says_what_may_be_written(
    house: SmallHouse,
    clock: ManualClock,
    tmp_path: Path,
    value: float,
    result: WriteResult,
    slot: float | None,
) -> None:
    async with driving(house, tmp_path, clock, "fcu", by_template) as driver:
        points = {point.name: point for point in driver.points}
        assert points["setpoint"].writable
        assert (points["setpoint"].unit, points["setpoint"].safe) == ("degC", (20.0, 23.0))
        assert (points["setpoint"].writes_per_day, points["setpoint"].tolerance) == (50, 0.05)
        assert not points["probe"].writable
        assert [reading.value for reading in await driver.read()] == [21.0, 22.0]
        request = WriteRequest(point="setpoint", value=value, lease_s=60.0, command_id="1")
        assert (await driver.write(request)).result is result
        assert house.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) == slot


@pytest.mark.parametrize(("given", "level"), [(None, 4), ("3.1.1", 4), ("5", 5), (5, 5)], ids=repr)
async def test_the_link_says_which_mqtt_is_spoken(
    clock: ManualClock, tmp_path: Path, until: Until, given: str | int | None, level: int
) -> None:
    levels: list[int] = []

    links: list[bool] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        links.append(True)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            levels.append((await reader.readexactly(9))[8])
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        links.pop()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def change(site: dict[str, Any]) -> None:
        site["links"]["bus"] = {"protocol": "mqtt", "url": url, "simulated": True}
        if given is not None:
            site["links"]["bus"]["version"] = given
        site["devices"].append({"id": "sky", "type": "weather_station", "link": "bus"})

    driver = build_drivers(load_site(write_site(tmp_path, change=change)).site, clock)["sky"]
    await driver.open()
    await until(lambda: levels != [])
    assert levels[0] == level
    await driver.close()
    server.close()
    await until(lambda: links == [])
