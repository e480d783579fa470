"""A day of 20 devices in a minute or two, everything going wrong at random: nothing may grow."""

from __future__ import annotations

import asyncio
import gc
import os
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.modbus import ModbusDevice, ModbusLink
from drivers.profile import RegisterProfile, load_profile
from drivers.types import Quality
from edge_agent.clock import SystemClock
from tests.drivers_modbus import faults
from tests.drivers_modbus.rig import Answer, RawServer, Request, Segments, honest

POLLS = 1440
"""One a minute for a day, of each device."""
PER_LINK = 5
GROWTH_KB = 3000
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
    files: int
    resident_kb: int

    @staticmethod
    def now() -> Footprint:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        files = len(list(Path("/proc/self/fd").iterdir()))
        return Footprint(
            len(asyncio.all_tasks()), files, pages * os.sysconf("SC_PAGE_SIZE") // 1024
        )


def troubled(chance: random.Random, server: RawServer) -> Answer:
    """Honest nine times in ten, else one of the faults; at times the line is cut as well."""
    wrong: list[Answer] = [
        faults.short(0),
        faults.other_function,
        faults.other_unit,
        faults.nothing,
        faults.byte_by_byte,
        faults.reset_in_the_frame,
        faults.garbage(chance.randrange(1000)),
        faults.late(0.05, addresses=frozenset({0})),
    ]

    async def answer(request: Request) -> bytes | Segments | None:
        if chance.random() < 0.002:
            server.hang_up()
            return None
        return await (honest if chance.random() < 0.9 else chance.choice(wrong))(request)

    return answer


async def a_day(device: ModbusDevice, polls: int) -> tuple[int, int]:
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


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_a_day_of_faults_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "soak.yaml").write_text(PROFILE)
    profile = load_profile("soak", tmp_path)
    assert isinstance(profile, RegisterProfile)
    chance = random.Random(20260301)  # noqa: S311 - repeatable faults, no secret
    servers = [RawServer(rtu=rtu) for rtu in (False, False, True, True)]
    clock = SystemClock()
    links, devices = [], []
    for server in servers:
        await server.start()
        server.answer = troubled(chance, server)
        scheme = "rtu+tcp" if server.rtu else "tcp"
        link = ModbusLink(f"{scheme}://127.0.0.1:{server.port}", timeout_s=0.03, clock=clock)
        links.append(link)
        for unit in range(1, PER_LINK + 1):
            devices.append(ModbusDevice(f"d{unit}", link, unit, profile, clock))
            await devices[-1].open()
    good = wrong = 0
    footprints = []
    for _ in range(4):
        days = await asyncio.gather(*(a_day(device, POLLS // 4) for device in devices))
        good += sum(day[0] for day in days)
        wrong += sum(day[1] for day in days)
        for server in servers:
            server.requests.clear()
        await asyncio.sleep(0.1)
        footprints.append(Footprint.now())
    first, last = footprints[0], footprints[-1]
    assert wrong == 0
    assert good > POLLS * len(devices) * 0.5
    assert last.tasks <= first.tasks + len(links)
    assert last.files <= first.files + len(links)
    assert last.resident_kb - first.resident_kb < GROWTH_KB
    for device in devices:
        await device.close()
    for server in servers:
        await server.stop()
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1
