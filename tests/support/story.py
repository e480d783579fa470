"""A story on the simulated hotel: real wires, people and trouble, and the plant as the witness."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from demo_run import amend, summer_demo

from edge_agent.demo.demo import Demo
from edge_agent.demo.reckoning import reckon
from edge_agent.store.location import DATABASE
from edge_agent.web.socket_path import SOCKET_NAME

SPEED = 60.0
BATTERY = "battery_bms_001.power_setpoint"
SETPOINT = "battery.setpoint_kw"
FLOOR_1 = "fcu_101.setpoint"
RATED_KW = 125.0
SOC_WINDOW = (0.10, 0.95)
IMPORT_KW, EXPORT_KW = 600.0, 300.0
ZONE_BAND_C = (17.0, 27.0)
WATT_KW = 0.05
"""What counts as no power at all."""
Truth = dict[str, Any]
Change = Callable[[Any], None]


def quiet(site: Any) -> None:
    """No cloud: the story plays in the house."""
    site["cloud"] = {"transport": "none"}


@asynccontextmanager
async def story(
    folder: Path, change: Change = quiet, *, speed: float = SPEED
) -> AsyncIterator[Demo]:
    """Hotel and agent, without a cloud; both end with the story."""
    demo = summer_demo(folder, speed=speed)
    amend(demo.site_file, quiet)
    amend(demo.site_file, change)
    try:
        await demo.hotel.start()
        await demo.agent.start()
        yield demo
    finally:
        await demo.agent.stop()
        await demo.hotel.stop()


async def post(demo: Demo, path: str, body: dict[str, Any]) -> Any:
    """Act as a person at the gateway's own socket."""
    transport = httpx.AsyncHTTPTransport(uds=str(demo.state_dir / SOCKET_NAME))
    async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
        response = await client.post(path, json=body)
        assert response.status_code == 200, response.text
        return response.json()


async def hold(demo: Demo, point: str, value: float, hours: float = 4.0) -> None:
    """A named person wants a value; the guard still judges it."""
    body = {"point": point, "value": value, "for_s": 3600 * hours}
    await post(demo, "/api/override", {**body, "person": "Ada", "reason": "story"})


async def plant_until(
    demo: Demo, met: Callable[[Truth], bool], what: str, *, wall_s: float = 20.0
) -> Truth:
    """The plant's first testimony that meets the condition."""
    end_s = time.monotonic() + wall_s
    while True:
        truth = await demo.hotel.look()
        if met(truth):
            return truth
        if time.monotonic() > end_s:
            rows = (await demo.agent.get("/api/status"))["controls"]
            msg = f"not within {wall_s:.0f} s: {what}; plant {truth}; agent {rows}"
            raise AssertionError(msg)
        await asyncio.sleep(0.02)


async def plant_keeps(
    demo: Demo, met: Callable[[Truth], bool], what: str, *, plant_s: float
) -> Truth:
    """The condition holds in every testimony for so many seconds of the plant."""
    truth = await demo.hotel.look()
    start = at(truth)
    while True:
        assert met(truth), f"no longer: {what}; plant {truth}"
        if (at(truth) - start).total_seconds() >= plant_s:
            return truth
        await asyncio.sleep(0.02)
        truth = await demo.hotel.look()


def at(truth: Truth) -> datetime:
    """The plant's time of a testimony."""
    return datetime.fromisoformat(truth["now"])


def took_s(since: datetime, truth: Truth) -> float:
    """Plant seconds between an act and a testimony."""
    return (at(truth) - since).total_seconds()


def power_near(wanted_kw: float, tolerance_kw: float = 1.0) -> Callable[[Truth], bool]:
    """The battery really does this."""
    return lambda truth: abs(truth["battery_kw"] - wanted_kw) <= tolerance_kw


def assert_inside(truth: Truth) -> None:
    """The plant never left its physical envelope, in no substep since it began to live."""
    far = truth["extremes"]
    assert far["battery_in_kw"] <= RATED_KW + 0.01
    assert far["battery_out_kw"] <= RATED_KW + 0.01
    assert SOC_WINDOW[0] <= far["soc_share_least"] <= far["soc_share_most"] <= SOC_WINDOW[1]
    assert far["import_kw"] <= IMPORT_KW
    assert far["export_kw"] <= EXPORT_KW
    assert ZONE_BAND_C[0] <= min(far["zone_c_least"].values())
    assert max(far["zone_c_most"].values()) <= ZONE_BAND_C[1]
    assert truth["balance_error_kwh"] < 0.001


async def assert_released(demo: Demo, kept: dict[str, float] | None = None) -> None:
    """The agent is told to stop: the plant knows of no command any more but of others' `kept`."""
    assert await demo.agent.stop() == 0
    truth = await demo.hotel.look()
    standing = {name: one for name, one in truth["commanded"].items() if one is not None}
    assert standing == (kept or {})
    assert_inside(truth)
    books = await reckon(demo.state_dir / DATABASE, [], demo.loaded.site)
    assert books.leases_left == 0
