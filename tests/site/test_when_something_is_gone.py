"""What docs/operations.md says of each loss, on one whole gateway with real devices and a store."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from small_house import FAN_COIL, SETPOINT, SmallHouse

from drivers.types import Clock, Quality, Reading
from edge_agent.agent import Agent
from edge_agent.clock import ManualClock, ScaledClock, SystemClock
from edge_agent.site.load import load_site
from edge_agent.store.location import DATABASE
from edge_agent.store.store import Store, StoreOptions
from tests.agent.conftest import Disk

SPEED = 30.0
NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)
Change = Callable[[dict[str, Any]], None]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


class Gateway:
    """A running agent, its house and its disk."""

    def __init__(self, agent: Agent, house: SmallHouse, disk: Disk) -> None:
        self.agent = agent
        self.house = house
        self.disk = disk

    async def until(self, met: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(60):
                while not met():  # noqa: ASYNC110 - the status has no event
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"not {what}: {self.alarms()}, {self.agent.status().plan}")

    def alarms(self) -> set[str]:
        """Those that stand."""
        return {one.code for one in self.agent.status().alerts if one.cleared is None}

    def leased(self) -> dict[str, str]:
        return {one.point: one.lease_state for one in self.agent.status().controls}

    async def works(self) -> None:
        """Everything is steered, and nothing is wrong with batteries, devices and store."""
        await self.until(lambda: self.leased().get(SETPOINT) == "active", "a lease")

    async def ticks_on(self) -> None:
        """The control cycle goes on."""
        before = self.agent.status().counters.ticks
        await self.until(lambda: self.agent.status().counters.ticks > before + 3, "ticks")


async def stirred(house: SmallHouse) -> None:
    """A plant that stands still for minutes is one whose devices have frozen."""
    calm = dict(house.plant.values)
    for beat in count():
        for name, value in calm.items():
            house.plant.values[name] = value * (1 + 0.002 * (beat % 5))
        await asyncio.sleep(0.02)


@asynccontextmanager
async def gateway(
    folder: Path, clock: Clock | None = None, change: Change | None = None
) -> AsyncIterator[Gateway]:
    clock = clock or ScaledClock(NOON, SPEED, time.monotonic())
    disk = Disk()
    async with SmallHouse(clock) as house:
        loaded = load_site(house.site_file(folder, change))
        options = StoreOptions(before_write=disk.before_write)
        store = await Store.open(folder / DATABASE, clock, options)
        agent = Agent(loaded, clock, store, folder)
        stirring = asyncio.create_task(stirred(house))
        await agent.start()
        try:
            yield Gateway(agent, house, disk)
        finally:
            stirring.cancel()
            disk.full = False
            await agent.stop()
            await store.close()


async def test_the_meter_is_gone(tmp_path: Path) -> None:
    """No power rests on it: the battery is given back, the plan says what it misses."""
    async with gateway(tmp_path) as one:
        await one.works()
        await one.house.modbus.stop()
        await one.until(lambda: "meter_silent" in one.alarms(), "the alarm")
        await one.until(lambda: "device_offline" in one.alarms(), "the devices' alarm")
        status = one.agent.status()
        battery = next(row for row in status.controls if row.point == SETPOINT)
        assert battery.value in (None, 0.0)
        assert any("meter.power" in reason for reason in status.plan.reasons)
        assert status.plan.degraded
        assert one.leased().get(FAN_COIL) in ("active", "")


async def test_one_device_is_gone(tmp_path: Path) -> None:
    """Only what depends on it is affected."""
    async with gateway(tmp_path) as one:
        await one.works()
        del one.house.modbus.units[3]
        await one.until(lambda: "device_offline" in one.alarms(), "the alarm")
        found = {row.device: row.quality for row in one.agent.status().devices}
        assert found["inverter"] != "good"
        assert (found["meter"], found["battery"], found["room"]) == ("good", "good", "good")
        assert one.leased()[SETPOINT] == "active"


async def test_the_cloud_is_gone(tmp_path: Path) -> None:
    """Nothing changes on site, and commits wait."""

    def unreachable(site: dict[str, Any]) -> None:
        site["cloud"] = {
            "transport": "mqtt",
            "endpoint": "127.0.0.1",
            "port": 9,
            "thing": "small-house",
        }

    async with gateway(tmp_path, change=unreachable) as one:
        await one.works()
        await one.until(lambda: "cloud_trouble" in one.alarms(), "the alarm")
        await one.until(lambda: one.agent.status().cloud.backlog_commits > 2, "a backlog")
        assert one.leased()[SETPOINT] == "active"


async def test_the_feed_is_gone(tmp_path: Path) -> None:
    """Plans go on with what the tariff gives."""

    def unanswered(site: dict[str, Any]) -> None:
        site["feeds"] = {
            "weather": {"format": "open_meteo", "url": "http://127.0.0.1:9/", "every_min": 5}
        }

    async with gateway(tmp_path, change=unanswered) as one:
        await one.works()
        await one.until(lambda: "feed_gone" in one.alarms(), "the alarm")
        assert one.agent.status().plan.source in ("rules", "solver", "rounded")
        await one.ticks_on()


def workers() -> list[int]:
    """Planning workers among this process's children."""
    found = []
    for tasks in Path("/proc/self/task").iterdir():
        for pid in (tasks / "children").read_text(encoding="ascii").split():
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            found += [int(pid)] if b"edge_agent.worker" in command else []
    return found


async def test_the_worker_is_gone(tmp_path: Path) -> None:
    """Rules or the last plan steer while a new one is tried again and again."""
    async with gateway(tmp_path) as one:
        await one.works()
        async with asyncio.timeout(60):
            while "worker_down" not in one.alarms():
                for pid in workers():
                    os.kill(pid, signal.SIGKILL)
                await asyncio.sleep(0.02)
        assert one.agent.status().plan.source in ("rules", "last")
        assert one.agent.status().counters.worker_starts > 1
        assert one.leased()[SETPOINT] == "active"
        await one.ticks_on()


async def test_the_store_is_gone(tmp_path: Path) -> None:
    """Control goes on with what is held; readings wait and are written later."""
    async with gateway(tmp_path) as one:
        await one.works()
        one.disk.full = True
        await one.until(lambda: {"storage_failing", "store_full"} <= one.alarms(), "the alarms")
        await one.ticks_on()
        one.disk.full = False
        await one.until(lambda: one.agent.status().buffer.state == "ok", "written again")
        await one.until(lambda: "store_full" not in one.alarms(), "the alarm's end")


async def test_the_clock_is_wrong(tmp_path: Path) -> None:
    """A clock that lies before the newest commit is not trusted; control goes on."""
    ahead = ManualClock(SystemClock().now() + timedelta(days=400))
    store = await Store.open(tmp_path / DATABASE, ahead, StoreOptions())
    reading = Reading(
        device="meter", point="power", value=1.0, unit="kW", at=ahead.now(), quality=Quality.GOOD
    )
    store.append([reading])
    await store.commit()
    await store.close()
    async with gateway(tmp_path, SystemClock()) as one:
        await one.works()
        await one.until(lambda: "clock_untrusted" in one.alarms(), "the alarm")
        await one.ticks_on()
