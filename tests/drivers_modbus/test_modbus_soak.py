"""A day of 20 devices in minutes, everything going wrong at random: nothing may grow."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.modbus import ModbusDevice, ModbusLink
from drivers.profile import RegisterProfile, load_profile
from drivers.types import Quality
from edge_agent.clock import SystemClock
from tests.drivers_modbus import faults
from tests.drivers_modbus.rig import Answer, RawServer, Request, Segments, honest

DAY_POLLS = 1440
"""One a minute for a day, of each device."""
PER_LINK = 5
TIMEOUT_S = 0.03
GROWTH_KB = 2000
RECOVERY_S = 120.0
PROFILE = """
kind: registers
name: soak
manufacturer: Test
model: Soak
source: https://example.org/soak
hardware_tested: false
type: uint16
function: holding
max_gap: 0
points:
  a: {address: 0, unit: kW}
  b: {address: 1, unit: kW}
  c: {address: 40, unit: kW}
"""
OWN = {"a": 0.0, "b": 1.0, "c": 40.0}


@dataclass(frozen=True)
class Footprint:
    """What the process holds."""

    tasks: int
    threads: int
    files: int
    resident_kb: int

    @staticmethod
    def now() -> Footprint:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return Footprint(
            len(asyncio.all_tasks()),
            threading.active_count(),
            len(list(Path("/proc/self/fd").iterdir())),
            pages * os.sysconf("SC_PAGE_SIZE") // 1024,
        )

    @property
    def counts(self) -> tuple[int, int, int]:
        """What can be counted exactly."""
        return self.tasks, self.threads, self.files


class Troubled:
    """Honest nine times in ten, else a fault; now and then a unit is dumb or the line is cut."""

    def __init__(self, chance: random.Random, server: RawServer) -> None:
        self._chance = chance
        self._server = server
        self._dumb: dict[int, int] = {}

    async def answer(self, request: Request) -> bytes | Segments | None:
        """What this request gets."""
        if self._chance.random() < 0.002:
            self._server.hang_up()
            return None
        if self._chance.random() < 0.0005:
            self._dumb[request.unit] = 3
        if self._dumb.get(request.unit, 0) > 0:
            self._dumb[request.unit] -= 1
            return None
        fine = self._chance.random() < 0.9
        return await (honest if fine else self._chance.choice(self._faults()))(request)

    def _faults(self) -> list[Answer]:
        common: list[Answer] = [
            faults.short(0),
            faults.other_function,
            faults.other_unit,
            faults.nothing,
            faults.byte_by_byte,
            faults.reset_in_the_frame,
            faults.garbage(self._chance.randrange(1000)),
            faults.late(2 * TIMEOUT_S, addresses=frozenset({0})),
            refused,
            busy,
        ]
        if self._server.rtu:
            return [*common, faults.wrong_crc, faults.two_replies, faults.noise_behind]
        return [*common, faults.other_tid]


async def refused(request: Request) -> bytes:
    return request.refusal(4)


async def busy(request: Request) -> bytes:
    return request.refusal(6)


async def outage(server: RawServer) -> None:
    """The peer is gone for a while and comes back at its place."""
    await asyncio.sleep(0.2)
    await server.stop()
    await asyncio.sleep(0.3)
    await server.start(server.port)


async def polled(device: ModbusDevice, polls: int) -> tuple[int, int]:
    """(good readings, values that belong elsewhere) of so many polls."""
    good = wrong = 0
    for _ in range(polls):
        readings = await device.read()
        assert len(readings) == len(OWN)
        usable = [reading for reading in readings if reading.quality is Quality.GOOD]
        good += len(usable)
        wrong += sum(reading.value != OWN[reading.point] for reading in usable)
        await asyncio.sleep(0.002 if usable else 0.02)
    return good, wrong


async def recovered(device: ModbusDevice) -> None:
    """Until every point of the device is there again."""
    while True:
        readings = await device.read()
        if all(reading.quality is Quality.GOOD for reading in readings):
            return
        await asyncio.sleep(0.05)


async def at_rest(counts: tuple[int, int, int]) -> Footprint:
    """The footprint once it has come down to these counts, or what it is after ten seconds."""
    for _ in range(200):
        footprint = Footprint.now()
        if footprint.counts == counts:
            break
        await asyncio.sleep(0.05)
    return footprint


async def a_day(
    servers: list[RawServer], devices: list[ModbusDevice], parts: int, polls: int
) -> tuple[int, list[Footprint]]:
    """(good readings, footprints at rest) of a day in so many parts of so many polls."""
    chance = random.Random(20260301)  # noqa: S311 - repeatable faults, no secret
    before = Footprint.now()
    held = (before.tasks + len(servers), before.threads, before.files + 2 * len(servers))
    total = 0
    footprints = []
    for part in range(parts):
        for server in servers:
            server.answer = Troubled(chance, server).answer
        away = asyncio.create_task(outage(servers[part % len(servers)]))
        results = await asyncio.gather(*(polled(device, polls) for device in devices))
        await away
        assert sum(wrong for _, wrong in results) == 0
        total += sum(good for good, _ in results)
        for server in servers:
            server.answer = honest
        async with asyncio.timeout(RECOVERY_S):
            await asyncio.gather(*(recovered(device) for device in devices))
        for server in servers:
            server.requests.clear()
        footprints.append(await at_rest(held))
        assert footprints[-1].counts == held
    return total, footprints


@pytest.mark.parametrize(
    ("parts", "polls"),
    [
        pytest.param(2, 40, id="some hours", marks=pytest.mark.slow),
        pytest.param(4, DAY_POLLS // 4, id="day", marks=pytest.mark.soak),
    ],
)
@pytest.mark.timeout(1200)
async def test_faults_all_day_leave_nothing_behind(tmp_path: Path, parts: int, polls: int) -> None:
    (tmp_path / "soak.yaml").write_text(PROFILE)
    profile = load_profile("soak", tmp_path)
    assert isinstance(profile, RegisterProfile)
    servers = [RawServer(rtu=rtu) for rtu in (False, False, True, True)]
    clock = SystemClock()
    devices = []
    for server in servers:
        await server.start()
        scheme = "rtu+tcp" if server.rtu else "tcp"
        link = ModbusLink(f"{scheme}://127.0.0.1:{server.port}", timeout_s=TIMEOUT_S, clock=clock)
        for unit in range(1, PER_LINK + 1):
            devices.append(ModbusDevice(f"d{unit}", link, unit, profile, clock))
            await devices[-1].open()
    good, footprints = await a_day(servers, devices, parts, polls)
    print(good, footprints)
    assert len(devices) == 20
    assert good > 0.5 * parts * polls * len(devices) * len(OWN)
    assert footprints[-1].resident_kb - footprints[0].resident_kb < GROWTH_KB
    for device in devices:
        await device.close()
    for server in servers:
        await server.stop()
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1
