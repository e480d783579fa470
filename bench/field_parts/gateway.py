"""Ten units behind one link, one of them silent: what the nine keep of their poll rate."""

from __future__ import annotations

import asyncio

from bench.field_parts.rig import CLOCK, registers_profile
from drivers.modbus import ModbusDevice, ModbusLink
from drivers.simulated.modbus import ModbusServer
from drivers.simulated.registers import Bank, SimulatedUnit

UNITS = 10
PERIOD_S = 0.1
SPAN_S = 90.0
TIMEOUT_S = 1.0
SILENT = 10


async def _poll(device: ModbusDevice, until_s: float) -> int:
    """Good polls on a fixed beat; beats that pass while a poll is under way are lost."""
    loop = asyncio.get_running_loop()
    good = 0
    due_s = loop.time()
    while due_s < until_s:
        readings = await device.read()
        good += all(reading.quality.usable for reading in readings)
        due_s += PERIOD_S
        if (behind_s := loop.time() - due_s) > 0:
            due_s += PERIOD_S * (behind_s // PERIOD_S)
        await asyncio.sleep(due_s - loop.time())
    return good


async def _healthy_polls(server: ModbusServer) -> int:
    """Good polls of the units that answer, all polled through one link from cold."""
    link = ModbusLink(f"tcp://127.0.0.1:{server.port}", timeout_s=TIMEOUT_S, clock=CLOCK)
    profile = registers_profile(20)
    devices = [ModbusDevice(f"u{n}", link, n, profile, CLOCK) for n in range(1, UNITS + 1)]
    until_s = asyncio.get_running_loop().time() + SPAN_S
    polls = await asyncio.gather(*(_poll(device, until_s) for device in devices))
    await link.close()
    return sum(polls[: SILENT - 1])


async def healthy_rate_share() -> float:
    """Polls of the nine while the tenth is silent, over their polls while it answers."""
    units = [SimulatedUnit(n, 3, Bank(0, range(100))) for n in range(1, UNITS + 1)]
    server = ModbusServer("127.0.0.1", 0, units)
    await server.start()
    before = await _healthy_polls(server)
    units[SILENT - 1].silent = True
    after = await _healthy_polls(server)
    await server.stop()
    return after / before
