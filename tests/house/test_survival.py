"""The agent is killed, its worker is killed, it is told to stop: nothing is lost, nothing held."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from bacnet_peek import priority_array
from counting_proxy import CountingProxy
from demo_run import amend, solver_plan, summer_demo, until

from edge_agent.clock import SystemClock
from edge_agent.demo.demo import Demo
from edge_agent.demo.reckoning import reckon
from edge_agent.store.location import DATABASE
from edge_agent.store.store import Store

SPEED = 60.0
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


async def start_hotel(demo: Demo) -> None:
    await asyncio.gather(demo.hotel.start(), demo.cloud.start())


def children(pid: int) -> list[int]:
    """Process ids of the children of `pid`."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def leased(status: dict[str, Any]) -> bool:
    return bool(status["counters"]["leases"] >= 3)


async def test_kill_and_restart_resumes(tmp_path: Path) -> None:
    async with summer_demo(tmp_path, speed=SPEED) as demo:
        await until(demo, solver_plan, "a solver plan")
        seen = await until(demo, leased, "leases")
        committed_before = seen["buffer"]["last_seq"]
        await demo.agent.kill()

        store = await Store.open(demo.state_dir / DATABASE, SystemClock())
        seqs = [commit.seq for commit in await store.commits_after(0, 100_000)]
        orphans = {f"{lease.device}.{lease.point}" for lease in await store.leases()}
        await store.close()
        assert seqs == list(range(seqs[0], seqs[-1] + 1))
        assert seqs[-1] >= committed_before
        assert len(orphans) >= 3

        await demo.agent.start()
        status = await until(demo, lambda s: s["plan"]["plans_solver"] > 0, "planning again")
        status = await until(demo, settled(orphans), "every orphan renewed or released")
        assert status["buffer"]["last_seq"] > seqs[-1]
        audit = await demo.agent.get("/api/audit?count=200")
        assert any(f"{len(orphans)} leases in the journal" in row["text"] for row in audit)
        _, reckoning = await demo.finish()
    assert (reckoning.lost, reckoning.duplicated, reckoning.leases_left) == (0, 0, 0)


def settled(orphans: set[str]) -> Any:
    """Every lease of the dead agent is active again or gone."""

    def met(status: dict[str, Any]) -> bool:
        rows = [row for row in status["controls"] if row["point"] in orphans]
        return len(rows) == len(orphans) and all(
            row["lease_state"] in ("active", "") for row in rows
        )

    return met


async def test_an_agent_that_never_returns_leaves_no_battery_setpoint(tmp_path: Path) -> None:
    async with summer_demo(tmp_path, speed=SPEED) as demo:
        await until(demo, solver_plan, "a solver plan")
        await until(demo, leased, "leases")
        await demo.agent.kill()
        await demo.clock.sleep(180)
        at_rest = demo.hotel.ledger()
        await demo.clock.sleep(300)
        later = demo.hotel.ledger()
        assert later["now"] > at_rest["now"]
        for flow in ("battery_in_kwh", "battery_out_kwh"):
            assert later[flow] == pytest.approx(at_rest[flow], abs=0.01)
        slots = await priority_array(demo.ports.bacnet_device, "analog-value,1")
        assert slots[12] is None or 19 <= slots[12] <= 25
        await demo.cloud.stop()
        received = demo.cloud.received()
        reckoning = await reckon(demo.state_dir / DATABASE, received, demo.loaded.site)
        assert reckoning.duplicated == 0


async def test_a_stop_releases_everything_in_time(tmp_path: Path) -> None:
    async with summer_demo(tmp_path, speed=SPEED) as demo:
        await until(demo, solver_plan, "a solver plan")
        await until(demo, leased, "leases")
        began_s = time.monotonic()
        assert await demo.agent.stop() == 0
        assert time.monotonic() - began_s < 5.0
        for instance in (1, 2, 3):
            slots = await priority_array(demo.ports.bacnet_device, f"analog-value,{instance}")
            assert slots == [None] * 16
        reckoning = await reckon(demo.state_dir / DATABASE, [], demo.loaded.site)
        assert reckoning.leases_left == 0


def plans_often(site: Any) -> None:
    """The next plan is then five minutes away and not a quarter of an hour."""
    site["planning"]["every_min"] = 5


async def test_a_dead_worker_is_replaced(tmp_path: Path) -> None:
    demo = summer_demo(tmp_path, speed=SPEED)
    amend(demo.site_file, plans_often)
    async with demo:
        before = await until(demo, solver_plan, "a solver plan")
        for pid in children(demo.agent.pid):
            os.kill(pid, signal.SIGKILL)
        after = await until(demo, lambda s: s["counters"]["worker_starts"] == 2, "a new worker")
        made = before["plan"]["plans_solver"]
        await until(demo, lambda s: s["plan"]["plans_solver"] > made, "a further solver plan")
        assert after["plan"]["source"] in ("solver", "rounded")


async def test_a_hanging_worker_is_replaced_and_the_last_plan_goes_on(tmp_path: Path) -> None:
    demo = summer_demo(tmp_path, speed=SPEED)

    def little_patience(site: Any) -> None:
        plans_often(site)
        site["planning"]["time_limit_s"] = 1

    amend(demo.site_file, little_patience)
    async with demo:
        await until(demo, solver_plan, "a solver plan")
        for pid in children(demo.agent.pid):
            os.kill(pid, signal.SIGSTOP)
        fell_back = await until(demo, lambda s: s["plan"]["source"] == "last", "the last plan")
        assert fell_back["plan"]["degraded"]
        assert any("planning worker" in reason for reason in fell_back["plan"]["reasons"])
        recovered = await until(demo, solver_plan, "a solver plan again")
        assert recovered["counters"]["worker_starts"] == 2


@pytest.mark.parametrize("control", ["off", "shadow"])
async def test_without_control_no_write_frame_leaves(tmp_path: Path, control: str) -> None:
    demo = summer_demo(tmp_path, speed=SPEED)
    await start_hotel(demo)
    try:
        async with CountingProxy(demo.ports.modbus) as proxy:

            def through_proxy(site: Any) -> None:
                site["agent"]["control"] = control
                site["links"]["plant_room"]["url"] = f"tcp://127.0.0.1:{proxy.port}"

            amend(demo.site_file, through_proxy)
            await demo.agent.start()
            status = await until(demo, solver_plan, "a solver plan")
            await demo.clock.sleep(300)
            assert proxy.reads > 50
            assert proxy.writes == 0
            slots = await priority_array(demo.ports.bacnet_device, "analog-value,1")
            assert slots == [None] * 16
            wishes = [row["wish"] for row in status["controls"]]
            assert any(wish is not None for wish in wishes)
            audit = await demo.agent.get("/api/audit?count=200")
            recorded = [row for row in audit if row["kind"] == "shadow"]
            assert bool(recorded) == (control == "shadow")
    finally:
        await demo.agent.stop()
        await demo.cloud.stop()
        await demo.hotel.stop()
