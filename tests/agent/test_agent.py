"""One whole gateway in this process: real devices, real store, real worker, real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from small_house import FAN_COIL, FAN_COIL_OBJECT, SETPOINT, WRITE_SLOT, SmallHouse, furnished

from drivers.types import WriteResult
from edge_agent.agent import Agent
from edge_agent.clock import SystemClock
from edge_agent.site.load import load_site
from edge_agent.store.location import DATABASE
from edge_agent.store.store import Store, StoreOptions
from edge_agent.web.socket_path import SOCKET_NAME
from tests.agent.conftest import Disk, Until

Start = Callable[..., Awaitable[Agent]]


@pytest.fixture
def live() -> SystemClock:
    return SystemClock()


@pytest.fixture
async def place(live: SystemClock) -> AsyncIterator[SmallHouse]:
    async with SmallHouse(live) as opened:
        yield opened


@pytest.fixture
async def start(
    place: SmallHouse, live: SystemClock, tmp_path: Path, disk: Disk
) -> AsyncIterator[Start]:
    """Starts gateways one after the other over the same state directory."""
    running: list[tuple[Agent, Store]] = []

    async def begin(change: Callable[[dict[str, object]], None] | None = None) -> Agent:
        loaded = load_site(place.site_file(tmp_path, change))
        options = StoreOptions(before_write=disk.before_write)
        store = await Store.open(tmp_path / DATABASE, live, options)
        agent = Agent(loaded, live, store, tmp_path)
        running.append((agent, store))
        await agent.start()
        return agent

    yield begin
    for agent, store in running:
        await agent.stop()
        await store.close()


def leased(agent: Agent) -> dict[str, str]:
    return {row.point: row.lease_state for row in agent.status().controls if row.lease_state}


async def test_a_site_is_read_planned_and_steered_and_let_go(
    start: Start, place: SmallHouse, until: Until, tmp_path: Path
) -> None:
    agent = await start()
    await until(lambda: leased(agent).get(SETPOINT) == "active")
    status = agent.status()
    assert {device.device: device.quality for device in status.devices} == {
        "meter": "good",
        "battery": "good",
        "inverter": "good",
        "room": "good",
        "fcu": "good",
    }
    assert (status.healthy, status.plan.source in ("rules", "solver")) == (True, True)
    assert status.flow is not None
    assert (status.flow.grid_kw, status.flow.load_kw) == (60.0, 80.0)
    assert place.plant.commands["battery.setpoint_kw"] is not None
    await until(lambda: agent.status().buffer.readings > 0)
    await until(lambda: bool(agent.flows()))

    began_s = time.monotonic()
    assert await agent.stop() == 0
    assert time.monotonic() - began_s < 5.0
    assert place.plant.commands["battery.setpoint_kw"] is None
    assert place.bacnet.slot(FAN_COIL_OBJECT, WRITE_SLOT) is None


async def test_the_local_socket_shows_and_acts(
    start: Start, place: SmallHouse, until: Until, tmp_path: Path
) -> None:
    agent = await start()
    await until(lambda: leased(agent).get(SETPOINT) == "active")
    transport = httpx.AsyncHTTPTransport(uds=str(tmp_path / SOCKET_NAME))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        assert (await client.get("/healthz")).json() == {"healthy": True}
        body = {"point": SETPOINT, "for_s": 600, "person": "porter", "reason": "noise"}
        answer = await client.post("/api/release", json=body)
        assert answer.status_code == 200
        rows = (await client.get("/api/audit?count=20")).json()
    assert any(
        "released by porter until" in row["text"] and row["text"].endswith(": noise")
        for row in rows
    )
    await until(lambda: SETPOINT not in leased(agent))
    assert place.plant.commands["battery.setpoint_kw"] is None
    ticks = agent.status().counters.ticks
    await until(lambda: agent.status().counters.ticks > ticks + 1)
    (row,) = [one for one in agent.status().controls if one.point == SETPOINT]
    assert (row.value, row.claims[0].priority, row.claims[0].owner) == (None, "manual", "porter")


async def test_a_release_survives_a_restart(start: Start, place: SmallHouse, until: Until) -> None:
    agent = await start()
    await until(lambda: leased(agent).get(SETPOINT) == "active")
    outcome = await agent.hold_released(SETPOINT, timedelta(hours=1), "porter", "noise")
    assert outcome is not None
    assert outcome.result is WriteResult.VERIFIED
    with pytest.raises(KeyError):
        await agent.hold_released("nobody.knows", timedelta(hours=1), "porter", "noise")
    await agent.stop()
    again = await start()
    await until(lambda: again.status().counters.ticks > 1)
    (row,) = [one for one in again.status().controls if one.point == SETPOINT]
    assert row.why.startswith("manual (porter)")
    assert leased(again).get(SETPOINT) is None


async def test_silent_devices_are_seen_and_nothing_is_invented(
    start: Start, place: SmallHouse, until: Until
) -> None:
    await place.modbus.stop()
    agent = await start(furnished)
    await until(lambda: agent.status().counters.ticks > 1)
    status = agent.status()
    assert status.plan.degraded
    assert any("meter.power" in reason for reason in status.plan.reasons)
    assert status.flow is not None
    assert (status.flow.grid_kw, status.flow.battery_kw, status.flow.load_kw) == (None, None, None)
    found = {device.device: device.quality for device in status.devices}
    assert (found["meter"], found["battery"], found["room"]) == ("missing", "missing", "good")
    assert SETPOINT not in leased(agent)


async def test_a_full_disk_is_seen_and_steering_of_what_is_held_goes_on(
    start: Start, until: Until, disk: Disk
) -> None:
    agent = await start()
    await until(lambda: leased(agent).get(SETPOINT) == "active")
    disk.full = True
    await until(lambda: agent.status().buffer.state != "ok")
    ticks = agent.status().counters.ticks
    await until(lambda: agent.status().counters.ticks > ticks + 1)
    assert not agent.status().healthy
    assert FAN_COIL not in leased(agent) or leased(agent)[FAN_COIL] == "active"
    disk.full = False
    await until(lambda: agent.status().buffer.state == "ok")


async def test_a_start_that_fails_leaves_nothing_running(
    start: Start, place: SmallHouse, live: SystemClock
) -> None:
    taken = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]

    def same_port(site: dict[str, object]) -> None:
        agent = site["agent"]
        assert isinstance(agent, dict)
        agent["web_port"] = port

    with pytest.raises(Exception, match=f"127.0.0.1:{port} cannot be used"):
        await start(same_port)
    taken.close()
    await taken.wait_closed()
    assert place.modbus.write_frames == 0


@pytest.mark.slow
async def test_the_worker_takes_over_from_the_rules(start: Start, until: Until) -> None:
    agent = await start()
    async with asyncio.timeout(100):
        while agent.status().plan.plans_solver == 0:  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(0.1)
    status = agent.status()
    assert status.plan.source in ("solver", "rounded")
    assert status.counters.worker_starts == 1
    assert status.counters.worker_rss_mb > 20
