"""A sensor that is missing or frozen: the plan says so, and no number is invented for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from demo_run import Picture, amend, solver_plan, summer_demo, until

from edge_agent.demo.demo import Demo
from edge_agent.demo.hotel_faults import Fault, PartKind

SPEED = 120.0
STUCK_S = 600
METER, BATTERY = (PartKind.UNIT, 1), (PartKind.UNIT, 2)
ZONE, WEATHER = (PartKind.ZONE, 1), (PartKind.WEATHER, 1)
POINTS = {
    METER: "smart_meter_001.power",
    BATTERY: "battery_bms_001.soc",
    ZONE: "temp_001.temperature",
    WEATHER: "weather_001.temperature",
}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.asyncio(loop_scope="module"),
]


def quick_to_call_frozen(site: Any) -> None:
    """Ten minutes without a move instead of hours, so that the test need not wait for them."""
    for device in site["devices"]:
        if device["id"] in ("temp_001", "weather_001", "battery_bms_001"):
            device["stuck_s"] = STUCK_S


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """One hotel for all faults: each test ends with a full plan again."""
    hotel = summer_demo(tmp_path_factory.mktemp("hotel"), speed=SPEED)
    amend(hotel.site_file, quick_to_call_frozen)
    async with hotel:
        await until(hotel, solver_plan, "a first solver plan", wall_s=60)
        yield hotel


def degraded_by(point: str) -> Any:
    def met(status: Picture) -> bool:
        plan = status["plan"]
        return plan["degraded"] and any(reason.startswith(point) for reason in plan["reasons"])

    return met


async def assert_degraded_without_numbers(demo: Demo, part: tuple[PartKind, int]) -> None:
    """The plan names the point, and shows nothing for what it cannot know."""
    point = POINTS[part]
    status = await until(demo, degraded_by(point), f"a plan degraded by {point}")
    plan = await demo.agent.get("/api/plan")
    if part == BATTERY:
        assert plan["batteries"] == []
        (row,) = [r for r in status["controls"] if r["point"] == "battery_bms_001.power_setpoint"]
        assert row["value"] is None
    if part == ZONE:
        assert "floor_1" not in [zone["id"] for zone in plan["zones"]]
        (row,) = [r for r in status["controls"] if r["point"] == "fcu_101.setpoint"]
        assert row["value"] is None
    if part == METER:
        assert status["flow"]["grid_kw"] is None
        assert status["flow"]["load_kw"] is None
        assert any("load comes from history alone" in text for text in status["plan"]["reasons"])
    if part == WEATHER:
        assert any("weather comes from history" in text for text in status["plan"]["reasons"])
    device = next(d for d in status["devices"] if d["device"] == point.split(".")[0])
    assert device["quality"] in ("bad", "missing", "stale")


@pytest.mark.parametrize("fault", [Fault.SILENCE, Fault.FREEZE])
@pytest.mark.parametrize("part", list(POINTS), ids=lambda part: f"{part[0]}{part[1]}")
async def test_one_sensor(demo: Demo, part: tuple[PartKind, int], fault: Fault) -> None:
    await demo.hotel.command(fault, *part)
    await assert_degraded_without_numbers(demo, part)
    await demo.hotel.command(Fault.RESTORE, *part)
    await until(demo, solver_plan, "a full plan again")


async def test_a_meter_that_never_answered(tmp_path: Path) -> None:
    """Nothing was ever measured: safe values, and the reason."""
    hotel = summer_demo(tmp_path, speed=SPEED)
    await hotel.hotel.start()
    try:
        await hotel.hotel.command(Fault.SILENCE, *METER)
        await hotel.agent.start()
        status = await until(hotel, degraded_by(POINTS[METER]), "a degraded plan")
        assert status["plan"]["source"] == "safe"
        later = await until(hotel, lambda s: s["plan"]["plans"] >= 3, "further plans")
        assert later["plan"]["source"] == "safe"
        assert any("no load has been measured" in text for text in later["plan"]["reasons"])
    finally:
        await hotel.agent.stop()
        await hotel.hotel.stop()
