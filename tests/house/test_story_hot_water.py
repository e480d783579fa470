"""Hot water meets a peak: an anti-legionella cycle is never interrupted for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from demo_run import until
from story import (
    BATTERY,
    IMPORT_KW,
    Truth,
    assert_inside,
    assert_released,
    hold,
    plant_keeps,
    plant_until,
    power_near,
    story,
)

from edge_agent.demo.demo import Demo

SPEED = 120.0
BOILER = "boiler_001.setpoint"
TANK = "tank.setpoint_c"
WISH_C, CYCLE_C = 63.0, 70.0
TANKS_HOLD_S, OUR_HOLD_S = 600.0, 240.0
PEAK_KW = 150.0
STALE_S = 1800
"""At this speed a stall of the machine of seconds is no silence of the controller."""
WALL_S = 45.0
pytestmark = [pytest.mark.soak, pytest.mark.timeout(120)]


def with_hot_water(site: Any) -> None:
    """The tank of the hotel, with its hygiene, and a controller that runs cycles of its own."""
    boiler = next(device for device in site["devices"] if device["id"] == "boiler_001")
    boiler["poll_s"], boiler["stale_s"] = 5, STALE_S
    (tank,) = site["assets"]["thermal_stores"]
    assert (tank["setpoint"], tank["cycle_running"]) == (BOILER, "boiler_001.cycle")


def commanded(truth: Truth) -> float | None:
    value: float | None = truth["commanded"][TANK]
    return value


async def test_a_cycle_of_the_tank_meets_a_peak(tmp_path: Path) -> None:
    async with story(tmp_path, with_hot_water, speed=SPEED) as demo:
        await hold(demo, BOILER, WISH_C)
        await plant_until(demo, lambda t: commanded(t) == WISH_C, "the tank's setpoint")
        await until(demo, tank_active, "verified")

        await demo.hotel.set("tank.cycle", 1.0)
        await demo.hotel.set("around.three_phase_kw", PEAK_KW)
        alone = await plant_until(demo, lambda t: commanded(t) is None, "the tank is left alone")
        assert alone["tank"]["cycle_running"]
        await hold(demo, BOILER, 56.0)
        await hold(demo, BATTERY, -90.0)
        await plant_until(demo, power_near(-90.0), "the battery takes the peak")
        hot = await through_the_cycle(demo)
        assert hot["tank"]["longest_hot_s"] >= TANKS_HOLD_S
        assert hot["grid_kw"] < IMPORT_KW
        assert_inside(hot)

        await plant_until(demo, lambda t: commanded(t) is not None, "ours again after the cycle")
        await demo.hotel.set("around.three_phase_kw", None)
        await assert_released(demo)


def tank_active(status: dict[str, Any]) -> bool:
    return any(
        row["point"] == BOILER and row["lease_state"] == "active" for row in status["controls"]
    )


async def through_the_cycle(demo: Demo) -> Truth:
    """No command stands at the tank in any testimony from here to the end of the cycle."""
    while True:
        truth = await plant_keeps(
            demo,
            lambda t: commanded(t) is None or not t["tank"]["cycle_running"],
            "the tank is left alone",
            plant_s=5,
        )
        if not truth["tank"]["cycle_running"]:
            return truth


def by_the_gateway(site: Any) -> None:
    """The gateway itself sees to the cycle, which has never been seen yet: it is due."""
    with_hot_water(site)
    store = site["assets"]["thermal_stores"][0]
    del store["cycle_running"]
    store["legionella"] = {"every_days": 7, "temperature_c": CYCLE_C, "hold_min": OUR_HOLD_S / 60}


async def test_a_cycle_of_ours_meets_a_peak(tmp_path: Path) -> None:
    async with story(tmp_path, by_the_gateway, speed=SPEED) as demo:
        await demo.hotel.set("around.three_phase_kw", PEAK_KW)
        await plant_until(demo, lambda t: (commanded(t) or 0.0) > CYCLE_C, "the cycle begins")
        await hold(demo, BOILER, 56.0)
        hot = await plant_until(
            demo,
            lambda t: t["tank"]["longest_hot_s"] >= OUR_HOLD_S or (commanded(t) or 0.0) < CYCLE_C,
            "hot long enough",
            wall_s=WALL_S,
        )
        assert hot["tank"]["longest_hot_s"] >= OUR_HOLD_S
        await plant_until(demo, lambda t: commanded(t) == 56.0, "the person's wish after it")
        await assert_released(demo)
