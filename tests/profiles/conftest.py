"""Devices served over real sockets, and the drivers that read them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from drivers.modbus import ModbusLink, open_device
from drivers.types import Driver
from edge_agent.clock import ManualClock
from tests.profiles.register_server import Device, RegisterServer

Serve = Callable[[str, Device], Awaitable[Driver]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))


@pytest.fixture
async def server() -> AsyncIterator[RegisterServer]:
    server = RegisterServer({})
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def serve(server: RegisterServer, clock: ManualClock) -> AsyncIterator[Serve]:
    """Serve a device as unit 1 and open the driver of a profile for it."""
    link = ModbusLink(f"tcp://127.0.0.1:{server.port}", timeout_s=0.5, clock=clock)
    opened: list[Driver] = []

    async def open_profile(profile: str, device: Device) -> Driver:
        server.devices[1] = device
        driver = open_device("dev", link, 1, profile, clock)
        await driver.open()
        opened.append(driver)
        return driver

    yield open_profile
    for driver in opened:
        await driver.close()
    await link.close()
