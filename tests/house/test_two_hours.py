"""Two hours of the simulated hotel over real wires, with half an hour of cloud outage."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bacnet_peek import priority_array
from demo_run import summer_demo, until

from drivers.types import Reading
from edge_agent.clock import SystemClock
from edge_agent.demo.demo import Demo, summary
from edge_agent.store.location import DATABASE
from edge_agent.store.store import Store

SPEED = 90.0
USED_KWH = ("load_kwh", "hvac_kwh", "hot_water_kwh", "battery_in_kwh")
SIX_TYPES = {
    "smart_meter",
    "temperature_sensor",
    "occupancy_sensor",
    "battery_bms",
    "weather_station",
    "pv_inverter",
}
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


async def plant_time(demo: Demo, span: timedelta) -> None:
    """Let so much plant time pass since the start."""
    await demo.clock.sleep((demo.clock.start + span - demo.clock.now()).total_seconds())


async def stored_readings(folder: Path) -> list[Reading]:
    store = await Store.open(folder / DATABASE, SystemClock())
    try:
        commits = await store.commits_after(0, 100_000)
        return [reading for commit in commits for reading in commit.readings]
    finally:
        await store.close()


def value_at(readings: list[Reading], key: str, moment: str) -> float:
    """The stored value of `device.point` at an ISO time, interpolated."""
    wanted_s = datetime.fromisoformat(moment).timestamp()
    stored = sorted((r.at.timestamp(), r.value) for r in readings if r.key == key and r.value)
    times_s, values = zip(*stored, strict=True)
    assert times_s[0] <= wanted_s <= times_s[-1]
    return float(np.interp(wanted_s, times_s, values))


async def test_two_hours_with_an_outage(tmp_path: Path) -> None:
    demo = summer_demo(tmp_path, speed=SPEED)
    async with demo:
        await plant_time(demo, timedelta(minutes=40))
        slots = await priority_array(demo.ports.bacnet_device, "analog-value,1")
        before = await demo.agent.get("/api/status")
        early_ledger = demo.hotel.ledger()
        await demo.cloud.pull_plug()
        await plant_time(demo, timedelta(minutes=70))
        during = await demo.agent.get("/api/status")
        await demo.cloud.plug_in()
        await plant_time(demo, timedelta(minutes=120))
        await until(demo, lambda s: s["buffer"]["backlog_commits"] < 12, "backlog drained")
        late_ledger = demo.hotel.ledger()
        status, reckoning = await demo.finish()
        readings = await stored_readings(demo.state_dir)
    figures = summary(status, reckoning)

    assert set(figures["device_types"]) >= SIX_TYPES
    assert figures["plans_solver"] >= 6
    assert (figures["lost"], figures["duplicated"], figures["leases_left"]) == (0, 0, 0)
    assert figures["readings_synced"] == figures["readings_stored"] > 10_000
    assert figures["writes_failed"] == 0
    assert figures["agent_rss_mb"] <= 80
    assert figures["worker_rss_mb"] <= 80
    assert figures["ticks_missed"] <= 0.01 * status["counters"]["ticks"]
    _assert_setpoints_arrived(before, slots, readings)
    _assert_outage_was_one(before, during)
    _assert_energy_balances(readings, early_ledger, late_ledger)


def _assert_setpoints_arrived(
    status: dict[str, Any], slots: list[float | None], readings: list[Reading]
) -> None:
    """Battery by Modbus with readback, zones by BACnet in slot 13 and nowhere else."""
    controls = {row["point"]: row for row in status["controls"]}
    battery = controls["battery_bms_001.power_setpoint"]
    assert battery["last_result"].startswith("verified")
    setpoint = controls["fcu_101.setpoint"]
    assert [index for index, slot in enumerate(slots, 1) if slot is not None] == [13]
    assert slots[12] == pytest.approx(setpoint["held"], abs=0.11)
    echoed = [r.value for r in readings if r.key == "battery_bms_001.power" and r.value]
    assert max(map(abs, echoed)) > 10.0


def _assert_outage_was_one(before: dict[str, Any], during: dict[str, Any]) -> None:
    assert before["cloud"]["connected"]
    assert not during["cloud"]["connected"]
    assert during["buffer"]["backlog_commits"] > 100
    assert during["plan"]["plans_solver"] > before["plan"]["plans_solver"]
    assert during["counters"]["writes_verified"] > before["counters"]["writes_verified"]


def _assert_energy_balances(
    readings: list[Reading], early: dict[str, Any], late: dict[str, Any]
) -> None:
    """The plant's own books close, and what the gateway stored says the same."""
    grew = {name: late[name] - early[name] for name in late if name.endswith("_kwh")}
    net_kwh = grew["grid_import_kwh"] - grew["grid_export_kwh"]
    used_kwh = sum(grew[name] for name in USED_KWH)
    made_kwh = grew["pv_kwh"] + grew["battery_out_kwh"]
    turned_over_kwh = used_kwh + made_kwh
    assert net_kwh == pytest.approx(used_kwh - made_kwh, abs=0.01 * turned_over_kwh)

    def stored(key: str) -> float:
        return value_at(readings, key, late["now"]) - value_at(readings, key, early["now"])

    metered_kwh = stored("smart_meter_001.energy_import") - stored("smart_meter_001.energy_export")
    assert metered_kwh == pytest.approx(net_kwh, abs=0.01 * turned_over_kwh)
    in_store_kwh = stored("battery_bms_001.soc") / 100 * 250
    assert in_store_kwh == pytest.approx(grew["battery_stored_kwh"], abs=0.01 * 250)
