"""The battery's own management has the last word, and the guard follows it."""

from __future__ import annotations

from pathlib import Path

import pytest
from demo_run import until
from story import (
    BATTERY,
    SETPOINT,
    WATT_KW,
    Truth,
    assert_released,
    hold,
    plant_keeps,
    plant_until,
    power_near,
    story,
    took_s,
)

TICKS_S = 30.0
"""Poll, tick and write of a battery read every 5 s, with room for a loaded machine."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


async def test_the_bms_lowers_its_limit_in_mid_discharge(tmp_path: Path) -> None:
    async with story(tmp_path) as demo:
        await hold(demo, BATTERY, -80.0)
        await plant_until(demo, power_near(-80.0), "discharging as asked")

        lowered = await demo.hotel.set("battery.bms_discharge_cap_kw", 0.0)
        still = await plant_until(demo, lambda t: abs(t["battery_kw"]) < WATT_KW, "no power")
        assert took_s(lowered, still) <= TICKS_S
        followed = await plant_until(demo, nothing_asked, "the setpoint follows the BMS")
        assert took_s(lowered, followed) <= 2 * TICKS_S
        await plant_keeps(demo, nothing_asked, "no discharge asked", plant_s=60)
        status = await until(demo, lambda s: bool(row(s)["cuts"]), "the agent says why")
        assert any("BMS" in cut or "battery takes" in cut for cut in row(status)["cuts"])

        await hold(demo, BATTERY, 60.0)
        await plant_until(demo, power_near(60.0), "charging as before")
        await hold(demo, BATTERY, -50.0)
        await plant_until(demo, nothing_asked, "still no discharging")

        await demo.hotel.set("battery.bms_discharge_cap_kw", None)
        await plant_until(demo, power_near(-50.0), "discharging again")
        await assert_released(demo)


def nothing_asked(truth: Truth) -> bool:
    """Neither power nor a setpoint for it stands at the battery."""
    asked_kw = float(truth["commanded"][SETPOINT] or 0.0)
    return abs(asked_kw) < WATT_KW and abs(float(truth["battery_kw"])) < WATT_KW


def row(status: dict[str, object]) -> dict[str, list[str]]:
    """How the battery's setpoint is controlled."""
    controls = status["controls"]
    assert isinstance(controls, list)
    (one,) = [control for control in controls if control["point"] == BATTERY]
    return dict(one)
