"""The site's links in our own hands, while the gateway does not run: its lock is ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from drivers.types import Clock, Driver, Reading
from edge_agent.fields import build_drivers
from edge_agent.site.schema import MqttLink, Site
from edge_agent.store.lock import StateLock
from edge_agent.store.types import LockHeldError

STATE_MODE = 0o700
FIRST_MESSAGE_S = (5.0, 65.0)
"""Wall seconds, least and most, that a device which speaks by itself gets for its first message:
its `poll_s` in between."""
LOOK_EVERY_S = 0.1


class GatewayRunsError(Exception):
    """The gateway holds the links; the message says what to do instead."""


@contextmanager
def alone(state_dir: Path, instead: str) -> Iterator[None]:
    """Hold the lock of `state_dir`; GatewayRunsError when the gateway has it."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=STATE_MODE)
    try:
        lock = StateLock.acquire(state_dir)
    except LockHeldError as error:
        msg = f"{error}. While the gateway runs, only it speaks to the devices: {instead}"
        raise GatewayRunsError(msg) from error
    with lock:
        yield


@asynccontextmanager
async def opened(
    site: Site, clock: Clock, devices: Collection[str] | None = None
) -> AsyncIterator[Mapping[str, Driver]]:
    """The drivers of `devices` (all when None), opened, and closed at the end; DriverError."""
    built = build_drivers(site, clock)
    drivers = {name: driver for name, driver in built.items() if devices is None or name in devices}
    open_ones: list[Driver] = []
    try:
        for driver in drivers.values():
            await driver.open()
            open_ones.append(driver)
        yield drivers
    finally:
        await asyncio.gather(*(driver.close() for driver in open_ones), return_exceptions=True)


async def first_readings(site: Site, device: str, driver: Driver) -> list[Reading]:
    """One reading of every point; a device that speaks by itself gets some seconds to do so."""
    readings = await driver.read()
    if not isinstance(site.links[site.device(device).link], MqttLink):
        return readings
    least_s, most_s = FIRST_MESSAGE_S
    patience_s = min(max(least_s, site.device(device).poll_s), most_s)
    end_s = asyncio.get_running_loop().time() + patience_s
    while asyncio.get_running_loop().time() < end_s:
        if any(reading.quality.usable for reading in readings):
            break
        await asyncio.sleep(LOOK_EVERY_S)
        readings = await driver.read()
    return readings
