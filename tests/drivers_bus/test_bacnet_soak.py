from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from drivers.bacnet import BacnetDevice, CovTiming
from drivers.bacnet_link import BacnetLink
from drivers.bacnet_point import BacnetPoint
from drivers.simulated.bacnet import BacnetServer, Trouble
from drivers.simulated.plant import Plant
from drivers.types import Quality
from edge_agent.clock import SystemClock

Until = Callable[[Callable[[], bool]], Awaitable[None]]
CYCLES = 1000
TIMEOUT_S = 0.05
POINTS = (
    BacnetPoint(name="temperature", object="analog-input,1", unit="degC"),
    BacnetPoint(name="power", object="analog-input,3", unit="kW"),
    BacnetPoint(name="setpoint", object="analog-value,7", unit="degC", writable=True),
)


@dataclass(frozen=True)
class Held:
    """What must not grow."""

    tasks: int
    sockets: int
    listeners: int
    transactions: int


def held(link: BacnetLink) -> Held:
    gc.collect()
    links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]  # noqa: PTH208
    assert link._port is not None
    return Held(
        tasks=len(asyncio.all_tasks()),
        sockets=sum(os.path.islink(f) and "socket" in os.readlink(f) for f in links),  # noqa: PTH114, PTH115
        listeners=len(link._heard),
        transactions=len(link._port.app.asap.clientTransactions),
    )


async def disturb(server: BacnetServer, chance: random.Random) -> None:
    """What a bad day does to a device before the next poll."""
    server.silence(silent=False)
    server.trouble = None
    match chance.randrange(100):
        case 0 | 1:
            await server.stop()
            await server.start()
        case 2 | 3:
            server.silence()
        case n if n < 20:
            server.trouble = chance.choice((Trouble.ABORT, Trouble.ERROR, Trouble.REJECT))


async def settled(server: BacnetServer, devices: list[BacnetDevice]) -> None:
    """Undisturbed until every point is good and every subscription that may live does."""
    server.silence(silent=False)
    server.trouble = None
    for _ in range(500):
        readings = [reading for device in devices for reading in await device.read()]
        live = [device._cov.live for device in devices if device._cov is not None]
        good = all(reading.quality is Quality.GOOD for reading in readings)
        if good and live == [len(POINTS)]:
            return
        await asyncio.sleep(0.02)
    raise TimeoutError(readings)


async def test_a_thousand_bad_cycles_leave_nothing_behind(
    controller: BacnetServer,
    listen: Callable[[], str],
    clock: SystemClock,
    plant: Plant,
    until: Until,
) -> None:
    # bacpypes3 writes a traceback for each packet of a device in trouble; pytest would keep them.
    logging.disable(logging.CRITICAL)
    link = BacnetLink(listen(), 3070, timeout_s=TIMEOUT_S, clock=clock)
    timing = CovTiming(renewal_s=0.5, safety_s=0.05, first_retry_s=0.01, longest_retry_s=0.05)
    polled = BacnetDevice("polled", link, controller.address, POINTS, clock)
    told = BacnetDevice("told", link, controller.address, POINTS, clock, cov=timing)
    devices = [polled, told]
    for device in devices:
        await device.open()
    await settled(controller, devices)
    before = held(link)
    chance = random.Random(4)  # noqa: S311  # repeatable, no secret
    sizes: list[int] = []
    good = 0
    for cycle in range(CYCLES):
        await disturb(controller, chance)
        plant.set("zone_1.temperature_c", float(cycle))
        readings = await devices[cycle % 2].read()
        assert [reading.point for reading in readings] == ["temperature", "power", "setpoint"]
        good += all(reading.quality is Quality.GOOD for reading in readings)
        if cycle in (CYCLES // 2, CYCLES - 1):
            await settled(controller, devices)
            gc.collect()
            sizes.append(len(gc.get_objects()))
    # A notification may be on its way just now.
    await until(lambda: held(link) == before)
    assert controller.subscriptions <= len(POINTS)
    assert good > CYCLES * 0.6
    assert sizes[1] - sizes[0] < 500
    for device in devices:
        await device.close()
    assert controller.subscriptions == 0
    logging.disable(logging.NOTSET)
