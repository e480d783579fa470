"""The gateway dies for good, or the power goes: nothing stale is left commanded."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from bacnet_peek import priority_array
from demo_run import until
from story import (
    BATTERY,
    FLOOR_1,
    SETPOINT,
    WATT_KW,
    assert_inside,
    assert_released,
    hold,
    plant_keeps,
    plant_until,
    power_near,
    story,
    took_s,
)
from story import at as plant_time

FLOOR = "zone_1.setpoint_c"
SAFE_C = (19.0, 25.0)
COOL_C = 19.5
"""Cooler than any plan wants it with guests in."""
TIMER_S = 120.0
"""What the battery's own revert timer is set to."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


async def test_the_agent_is_killed_for_good(tmp_path: Path) -> None:
    async with story(tmp_path) as demo:
        await hold(demo, BATTERY, -70.0)
        await hold(demo, FLOOR_1, 23.0)
        await plant_until(demo, power_near(-70.0), "discharging as asked")
        await plant_until(demo, lambda t: t["commanded"][FLOOR] == 23.0, "the floor as asked")

        await demo.agent.kill()
        killed = await demo.hotel.look()
        rest = await plant_until_alone(demo)
        assert took_s(plant_time(killed), rest) <= TIMER_S + 30.0
        end = await plant_keeps(
            demo, lambda t: t["commanded"][SETPOINT] is None, "the battery is alone", plant_s=180
        )
        assert abs(end["battery_kw"]) < WATT_KW
        commanded = dict(end["commanded"])
        assert commanded.pop("pv.limit_kw") is None
        assert commanded.pop(SETPOINT) is None
        standing = {name: value for name, value in commanded.items() if value is not None}
        assert standing.pop(FLOOR) == 23.0
        assert all(SAFE_C[0] <= value <= SAFE_C[1] for value in standing.values())
        assert_inside(end)


async def plant_until_alone(demo: Any) -> dict[str, Any]:
    """No agent answers any more: the plant alone is asked."""
    while True:
        truth: dict[str, Any] = await demo.hotel.look()
        if truth["commanded"][SETPOINT] is None and abs(truth["battery_kw"]) < WATT_KW:
            return truth
        await asyncio.sleep(0.02)


async def test_the_power_is_cut(tmp_path: Path) -> None:
    async with story(tmp_path) as demo:
        await hold(demo, BATTERY, -70.0, hours=0.1)
        await hold(demo, FLOOR_1, COOL_C, hours=0.1)
        await plant_until(demo, power_near(-70.0), "discharging as asked")
        await plant_until(demo, lambda t: t["commanded"][FLOOR] == COOL_C, "the floor as asked")

        before = await demo.hotel.look()
        await asyncio.gather(demo.agent.kill(), demo.hotel.kill())
        # Dark for longer than what people wanted: nobody wants it any more.
        await demo.clock.sleep(420)
        await demo.hotel.start()
        dark = await demo.hotel.look()
        assert took_s(plant_time(before), dark) >= 360
        assert set(dark["commanded"].values()) == {None}

        await demo.agent.start()
        end = await plant_keeps(
            demo,
            lambda t: t["commanded"][SETPOINT] != -70.0 and t["commanded"][FLOOR] != COOL_C,
            "nothing stale is commanded",
            plant_s=180,
        )
        assert_inside(end)
        await until(demo, no_orphans, "every lease is renewed or released")
        await assert_released(demo)
        for instance in (1, 2, 3):
            slots = await priority_array(demo.ports.bacnet_device, f"analog-value,{instance}")
            assert slots == [None] * 16


def no_orphans(status: dict[str, Any]) -> bool:
    return all(row["lease_state"] in ("active", "") for row in status["controls"])
