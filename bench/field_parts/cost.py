"""What 100 devices with 40 points each cost each second, beside bare pymodbus doing the reads."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Sequence

from pymodbus.client import AsyncModbusTcpClient

from bench.field_parts.late_bus import SEED, LateSlave
from bench.field_parts.rig import CLOCK, WIDTH, registers_profile, serving_process
from drivers.modbus import ModbusDevice, ModbusLink
from drivers.simulated.modbus import ModbusServer
from drivers.simulated.registers import Bank, SimulatedUnit
from drivers.types import Quality, Reading

DEVICES = 100
POINTS = 40
ROUNDS = 15
READS = 10
SUSTAINED_S = 10


async def requests_for_40_points() -> int:
    """Requests for one read of 40 neighbours, the worse of two wires; -1 if a value is missing."""
    counts = (await _requests_on_tcp(), await _requests_on_a_line())
    return -1 if min(counts) < 0 else max(counts)


async def _requests_on_tcp() -> int:
    """40 points of two registers each, counted by the server."""
    server = ModbusServer("127.0.0.1", 0, [SimulatedUnit(1, 3, Bank(0, range(WIDTH * POINTS)))])
    await server.start()
    link = ModbusLink(f"tcp://127.0.0.1:{server.port}", timeout_s=1.0, clock=CLOCK)
    readings = await ModbusDevice("d", link, 1, registers_profile(POINTS), CLOCK).read()
    await link.close()
    await server.stop()
    return server.requests if _all_good(readings) else -1


async def _requests_on_a_line() -> int:
    """40 points of one register each as RTU on a serial line, counted by the slave."""
    slave = LateSlave(random.Random(SEED), late_share=0.0)  # noqa: S311 - no secret
    link = ModbusLink(f"serial:{slave.path}?baudrate=115200", timeout_s=1.0, clock=CLOCK)
    profile = registers_profile(POINTS, "uint16", 1)
    readings = await ModbusDevice("d", link, 1, profile, CLOCK).read()
    await link.close()
    slave.stop()
    return slave.requests if _all_good(readings) else -1


def _all_good(readings: Sequence[Reading]) -> bool:
    return len(readings) == POINTS and all(r.quality is Quality.GOOD for r in readings)


class Ours:
    """One of our drivers and a link of its own for each device; the last readings are kept."""

    def __init__(self, port: int) -> None:
        url = f"tcp://127.0.0.1:{port}"
        profile = registers_profile(POINTS)
        self.links = [ModbusLink(url, timeout_s=2.0, clock=CLOCK) for _ in range(DEVICES)]
        self.devices = [
            ModbusDevice(f"d{unit}", link, unit, profile, CLOCK)
            for unit, link in enumerate(self.links, start=1)
        ]
        self.last: dict[int, list[Reading]] = {}

    async def read(self, index: int) -> None:
        """40 judged readings of one device."""
        self.last[index] = await self.devices[index].read()

    async def close(self) -> None:
        """Close every link."""
        for link in self.links:
            await link.close()


class Bare:
    """One pymodbus client for each device; the last registers are kept."""

    def __init__(self, port: int) -> None:
        self.clients = [
            AsyncModbusTcpClient("127.0.0.1", port=port, timeout=2, retries=0, reconnect_delay=0)
            for _ in range(DEVICES)
        ]
        self.last: dict[int, Sequence[int]] = {}

    async def read(self, index: int) -> None:
        """The registers of 40 points, as pymodbus returns them."""
        client = self.clients[index]
        reply = await client.read_holding_registers(0, count=WIDTH * POINTS, device_id=index + 1)
        self.last[index] = reply.registers

    def close(self) -> None:
        """Close every client."""
        for client in self.clients:
            client.close()


async def _cpu_s(side: Ours | Bare) -> float:
    """CPU of this process for `READS` reads of every device, all devices at once."""

    async def many(index: int) -> None:
        for _ in range(READS):
            await side.read(index)

    started_s = time.process_time()
    await asyncio.gather(*(many(index) for index in range(DEVICES)))
    return time.process_time() - started_s


async def _missed_beats(ours: Ours) -> int:
    """Beats of one second that a device's poll did not end within, over ten seconds."""
    loop = asyncio.get_running_loop()

    async def poll(index: int) -> int:
        due_s = loop.time() + index / DEVICES
        missed = 0
        for _ in range(SUSTAINED_S):
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            await ours.read(index)
            due_s += 1.0
            missed += loop.time() > due_s
        return missed

    return sum(await asyncio.gather(*(poll(index) for index in range(DEVICES))))


async def cost() -> dict[str, float]:
    """Ratio of CPU, the two costs in microseconds a read, missed beats at one read a second."""
    with serving_process("rig", DEVICES) as port:
        ours, bare = Ours(port), Bare(port)
        for client in bare.clients:
            await client.connect()
        await _cpu_s(ours)
        pairs = [(await _cpu_s(ours), await _cpu_s(bare)) for _ in range(ROUNDS)]
        missed = await _missed_beats(ours)
        await ours.close()
        bare.close()
    reads = READS * DEVICES
    return {
        "cpu_ratio_to_pymodbus": statistics.median(our / their for our, their in pairs),
        "read_us": statistics.median(our for our, _ in pairs) / reads * 1e6,
        "pymodbus_us": statistics.median(their for _, their in pairs) / reads * 1e6,
        "missed_beats": missed,
    }
