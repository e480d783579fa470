"""The demo: a hotel, a cloud and the real gateway, each in processes of their own, on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from edge_agent.clock import ScaledClock, SystemClock, format_origin
from edge_agent.demo.agent_process import AgentProcess
from edge_agent.demo.hotel_process import HotelPorts, HotelProcess
from edge_agent.demo.iot_core import LocalIotCore
from edge_agent.demo.ports import Ports, free_ports
from edge_agent.demo.reckoning import Reckoning, reckon
from edge_agent.demo.site_copy import write_site
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.store.location import DATABASE
from edge_agent.store.store import Store

MORNING_H = 8
FINAL_DRAIN_S = 10.0
"""Wall seconds the backlog gets at the end."""
DRAIN_POLL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What a person may choose; spans are wall time."""

    folder: Path
    speed: float = 60.0
    start: datetime | None = None
    span: timedelta | None = None
    offline_after: timedelta | None = None
    online_after: timedelta | None = None
    seed: int = 1
    web_port: int = 0
    """Taken when it is free; 0 for any."""


class Demo:
    """One run; `async with` starts and ends everything."""

    def __init__(self, options: DemoOptions) -> None:
        self.options = options
        self.ports: Ports = free_ports(options.web_port)
        for name in ("hotel", "state"):
            (options.folder / name).mkdir(parents=True, exist_ok=True)
        self.site_file = write_site(options.folder, self.ports)
        self.loaded: LoadedSite = load_site(self.site_file)
        start = options.start or _this_morning(self.loaded.zone)
        self.clock = ScaledClock(start, options.speed, time.monotonic())
        self.state_dir = options.folder / "state"
        self.cloud = LocalIotCore(
            options.folder / "cloud", self.ports.cloud_mqtt, thing=self.loaded.site.cloud.thing
        )
        self.hotel = HotelProcess(
            self.clock,
            options.folder / "hotel",
            HotelPorts(
                modbus=self.ports.modbus,
                bacnet=self.ports.bacnet_device,
                mqtt=self.ports.site_mqtt,
            ),
            seed=options.seed,
        )
        origin = format_origin(self.clock)
        self.agent = AgentProcess(self.site_file, self.state_dir, origin)

    @property
    def address(self) -> str:
        """Of the dashboard."""
        return f"http://127.0.0.1:{self.ports.web}/"

    async def __aenter__(self) -> Self:
        """Start hotel, cloud and agent; whatever has started ends when one of them does not."""
        try:
            await asyncio.gather(self.hotel.start(), self.cloud.start())
            await self.agent.start()
        except BaseException:
            await self._end_all()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything that still runs."""
        await self._end_all()

    async def outages(self) -> None:
        """Pull the cloud's plug and put it back in, as chosen."""
        if self.options.offline_after is None:
            return
        await asyncio.sleep(self.options.offline_after.total_seconds())
        await self.cloud.pull_plug()
        if self.options.online_after is not None:
            rest = self.options.online_after - self.options.offline_after
            await asyncio.sleep(max(0.0, rest.total_seconds()))
            await self.cloud.plug_in()

    async def finish(self) -> tuple[dict[str, Any], Reckoning]:
        """Last status, an orderly stop of the agent, and the books compared."""
        await self._drain()
        status = await self.agent.get("/api/status")
        await self.agent.stop()
        await self._arrival()
        reckoning = await reckon(self.state_dir / DATABASE, self.cloud.received(), self.loaded.site)
        return status, reckoning

    async def _drain(self) -> None:
        """Give the backlog its time, where there is a cloud to take it."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + FINAL_DRAIN_S
        while self.cloud.plugged_in and loop.time() < until_s:
            status = await self.agent.get("/api/status")
            live_s = self.loaded.site.cloud.live_every_s
            waiting_s = status["buffer"]["backlog_commits"] * self.loaded.site.agent.commit_s
            if status["cloud"]["connected"] and waiting_s <= live_s:
                return
            await asyncio.sleep(DRAIN_POLL_S)

    async def _arrival(self) -> None:
        """Wait for what the broker has taken and the service not yet stored."""
        store = await Store.open(self.state_dir / DATABASE, SystemClock())
        try:
            sent_seq = await store.sent_seq()
        finally:
            await store.close()
        await self.cloud.settled(sent_seq)

    async def _end_all(self) -> None:
        ends: tuple[Callable[[], Awaitable[object]], ...] = (
            self.agent.stop,
            self.cloud.stop,
            self.hotel.stop,
        )
        for end in ends:
            await end()


def _this_morning(zone: ZoneInfo) -> datetime:
    """Today at eight, local: a day with people, sun and prices ahead."""
    local = SystemClock().now().astimezone(zone)
    return local.replace(hour=MORNING_H, minute=0, second=0, microsecond=0).astimezone(UTC)


def summary(status: dict[str, Any], reckoning: Reckoning) -> dict[str, Any]:
    """The figures of a run, as `demo --json` prints them."""
    counters, plan = status["counters"], status["plan"]
    return {
        "device_types": list(reckoning.device_types),
        "readings_stored": reckoning.readings_stored,
        "readings_synced": reckoning.readings_synced,
        "lost": reckoning.lost,
        "duplicated": reckoning.duplicated,
        "plans": plan["plans"],
        "plans_solver": plan["plans_solver"],
        "writes_verified": counters["writes_verified"],
        "writes_failed": counters["writes_failed"],
        "leases_left": reckoning.leases_left,
        "ticks_missed": counters["ticks_missed"],
        "agent_rss_mb": round(counters["agent_rss_mb"], 1),
        "worker_rss_mb": round(counters["worker_rss_mb"], 1),
    }
