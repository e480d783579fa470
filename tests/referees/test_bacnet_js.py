"""Our simulated BACnet device under the hands of a client from npm."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.bacnet import BacnetDevice
from drivers.bacnet_link import BacnetLink
from drivers.bacnet_point import BacnetPoint
from drivers.simulated.bacnet import BacnetObject, BacnetServer
from drivers.types import WriteOutcome, WriteRequest, WriteResult
from edge_agent.clock import SystemClock

pytestmark = pytest.mark.referee

SCRIPT = Path(__file__).parent / "node" / "bacnet_client.js"
AV = "analog-value,1"
SETPOINT = BacnetPoint(name="setpoint", object=AV, unit="degC", writable=True)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probing:
        probing.bind(("127.0.0.1", 0))
        return int(probing.getsockname()[1])


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


class Panel:
    """The client's process; every command waits for its answer."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def answer(self) -> object:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 10)
        return json.loads(line)

    async def ask(self, command: str) -> object:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        return await self.answer()


@asynccontextmanager
async def panel(address: str) -> AsyncIterator[Panel]:
    node = shutil.which("node")
    assert node is not None, "node is missing: run tests/referees/packages.sh"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        node, str(SCRIPT), address, str(free_port()), stdin=pipe, stdout=pipe
    )
    try:
        client = Panel(process)
        assert await client.answer() == "ready"
        yield client
    finally:
        process.kill()
        await process.communicate()


async def write(driver: BacnetDevice, value: float) -> WriteOutcome:
    request = WriteRequest(point="setpoint", value=value, lease_s=60.0, command_id="c")
    return await driver.write(request)


async def test_a_client_from_npm_reads_overrides_and_lets_go() -> None:
    zone, clock = Zone(), SystemClock()
    objects = (
        BacnetObject(object=AV, plant="zone.setpoint_c", units="degrees-celsius", commandable=True),
    )
    server = BacnetServer(f"127.0.0.1/8:{free_port()}", 3101, clock, zone, objects)
    await server.start()
    link = BacnetLink(f"127.0.0.1/8:{free_port()}", 3056, timeout_s=1.0, clock=clock)
    await link.open()
    driver = BacnetDevice("fcu", link, server.address, (SETPOINT,), clock)
    assert (await write(driver, 23.0)).result is WriteResult.VERIFIED
    async with panel(server.address) as staff:
        assert await staff.ask("read") == 23.0
        await staff.ask("write 8 18.5")
        assert zone.commanded == 18.5
        assert await staff.ask("slots") == [*[None] * 7, 18.5, *[None] * 4, 23.0, *[None] * 3]
        outcome = await write(driver, 23.0)
        assert outcome.result is WriteResult.OVERRIDDEN_LOCALLY
        assert "slot 8 (manual operator) holds 18.5" in outcome.reason
        await staff.ask("release 8")
        assert await staff.ask("read") == 23.0
        assert (await write(driver, 23.0)).result is WriteResult.VERIFIED
        assert (await driver.release("setpoint")).result is WriteResult.VERIFIED
        assert await staff.ask("read") == 21.0
    await link.close()
    await server.stop()
