"""People at the devices win: a guest at the knob, an operator at the panel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bacnet_peek import priority_array
from bacnet_person import write_slot
from demo_run import until
from story import (
    FLOOR_1,
    assert_inside,
    assert_released,
    hold,
    plant_keeps,
    plant_until,
    story,
)

from edge_agent.demo.demo import Demo

SPEED = 120.0
"""Who holds a standing point is looked at every quarter of an hour."""
KNOB, OURS, OPERATOR = 10, 13, 8
FLOOR = "zone_1.setpoint_c"
OBJECT = "analog-value,1"
pytestmark = [pytest.mark.soak, pytest.mark.timeout(120)]


def plans_often(site: Any) -> None:
    """Who holds a point is told to the next plan: not a quarter of an hour later."""
    site["planning"]["every_min"] = 5


def floor_row(status: dict[str, Any]) -> dict[str, Any]:
    """How the first floor's setpoint is controlled."""
    (one,) = [row for row in status["controls"] if row["point"] == FLOOR_1]
    return dict(one)


def held_at_device(status: dict[str, Any]) -> bool:
    return any(claim["priority"] == "local_override" for claim in floor_row(status)["claims"])


async def ours_stands(demo: Demo, value_c: float) -> None:
    """A person's wish at the gateway is carried out at the device."""
    await hold(demo, FLOOR_1, value_c)
    await plant_until(demo, lambda t: t["commanded"][FLOOR] == value_c, "our setpoint")
    await until(demo, lambda s: floor_row(s)["lease_state"] == "active", "our value is verified")
    assert (await slots(demo))[OURS - 1] == value_c


async def slots(demo: Demo) -> list[float | None]:
    return await priority_array(demo.ports.bacnet_device, OBJECT)


@pytest.mark.parametrize("slot", [KNOB, OURS], ids=["above_ours", "in_ours"])
async def test_a_guest_turns_the_knob(tmp_path: Path, slot: int) -> None:
    async with story(tmp_path, plans_often, speed=SPEED) as demo:
        await ours_stands(demo, 23.0)

        await write_slot(demo.ports.bacnet_device, OBJECT, slot, 20.5)
        status = await until(demo, held_at_device, "the guest is seen")
        (claim,) = [c for c in floor_row(status)["claims"] if c["priority"] == "local_override"]
        since, expires = (datetime.fromisoformat(claim[key]) for key in ("since", "expires"))
        assert expires - since >= timedelta(hours=24)
        await until(demo, lambda s: floor_row(s)["held"] is None, "our lease is given up")
        truth = await plant_keeps(
            demo, lambda t: t["commanded"][FLOOR] == 20.5, "the guest's value", plant_s=120
        )
        assert_inside(truth)
        standing = await slots(demo)
        assert standing[slot - 1] == 20.5
        if slot != OURS:
            assert standing[OURS - 1] is None
        await until(demo, plan_knows(f"slot {slot}"), "the plan is told")
        await assert_released(demo, {FLOOR: 20.5})
        assert (await slots(demo))[slot - 1] == 20.5


def plan_knows(who: str) -> Callable[[dict[str, Any]], bool]:
    """The plan in force says that the floor is left to its own thermostat, and to whom."""
    told = f"{FLOOR_1} is held at the device"

    def met(status: dict[str, Any]) -> bool:
        reasons = status["plan"]["reasons"]
        return any(text.startswith(told) and who in text for text in reasons)

    return met


async def test_an_operator_writes_slot_8(tmp_path: Path) -> None:
    async with story(tmp_path, speed=SPEED) as demo:
        await ours_stands(demo, 23.0)
        await write_slot(demo.ports.bacnet_device, OBJECT, OPERATOR, 21.0)
        await until(demo, held_at_device, "the operator is seen")
        await until(demo, lambda s: floor_row(s)["held"] is None, "our lease is given up")
        await hold(demo, FLOOR_1, 24.0)
        await plant_keeps(
            demo, lambda t: t["commanded"][FLOOR] == 21.0, "the operator's value", plant_s=120
        )
        standing = await slots(demo)
        assert standing[OPERATOR - 1] == 21.0
        assert standing[OURS - 1] is None
        await assert_released(demo, {FLOOR: 21.0})
        assert [one for one in await slots(demo) if one is not None] == [21.0]
