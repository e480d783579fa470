"""The connection point: an overloaded phase, the grid operator's relay, a meter that freezes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from demo_run import until
from story import (
    BATTERY,
    IMPORT_KW,
    Truth,
    assert_inside,
    assert_released,
    at,
    hold,
    plant_keeps,
    plant_until,
    power_near,
    story,
    took_s,
)

from edge_agent.demo.demo import Demo
from edge_agent.demo.hotel_faults import Fault, PartKind

FUSE_A = 400.0
LIMIT_KW = 20.0
RESTORE_KW_PER_S = 0.5
FALLBACK_KW = 15.0
REACTION_S = 60.0
"""Poll, tick and write at 60 times the speed, with room for a loaded machine."""
METER = (PartKind.UNIT, 1)
pytestmark = [pytest.mark.soak, pytest.mark.timeout(120)]


def small_fuse(site: Any) -> None:
    site["assets"]["grid"]["max_current_a"] = FUSE_A


def worst_a(truth: Truth) -> float:
    return float(max(truth["phase_current_a"]))


async def test_one_phase_overloads_while_the_sum_is_fine(tmp_path: Path) -> None:
    async with story(tmp_path, small_fuse) as demo:
        await hold(demo, BATTERY, 60.0)
        before = await plant_until(demo, power_near(60.0), "charging as asked")
        assert worst_a(before) < FUSE_A

        # What a kitchen on one phase takes: more than the fuse leaves beside the charging.
        room_kw = (FUSE_A - worst_a(before)) * 0.23
        began = await demo.hotel.set("around.single_phase_kw", room_kw + 12.0)
        await plant_until(demo, lambda t: worst_a(t) > FUSE_A, "one phase is overloaded")
        eased = await plant_until(demo, lambda t: worst_a(t) <= FUSE_A, "the battery backs off")
        assert took_s(began, eased) <= REACTION_S
        assert eased["battery_kw"] < 45.0
        assert eased["extremes"]["import_kw"] < IMPORT_KW / 2
        await assert_phase_kept(demo, plant_s=150)

        await demo.hotel.set("around.single_phase_kw", None)
        await plant_until(demo, power_near(60.0), "charging again")
        await assert_released(demo)


async def assert_phase_kept(demo: Demo, plant_s: float) -> None:
    """Machines start and stop: what exceeds the fuse is small, short, and nothing on the whole."""
    first = over_since = last = await demo.hotel.look()
    seen = [worst_a(first)]
    while took_s(at(first), last) < plant_s:
        await asyncio.sleep(0.02)
        last = await demo.hotel.look()
        seen.append(worst_a(last))
        if seen[-1] <= FUSE_A * 1.02:
            over_since = last
        assert took_s(at(over_since), last) <= REACTION_S, f"{seen[-1]:.0f} A for too long"
    assert max(seen) <= FUSE_A * 1.1
    assert fmean(seen) <= FUSE_A * 1.01


def dimmed(site: Any) -> None:
    site["devices"].append(
        {
            "id": "operator_box",
            "type": "controller",
            "link": "bms",
            "address": next(d["address"] for d in site["devices"] if d["id"] == "temp_001"),
            "poll_s": 5,
            "points": {"relay": {"object": "binary-input,41"}},
        }
    )
    site["assets"]["grid"]["operator_signals"] = [
        {
            "id": "dimming",
            "point": "operator_box.relay",
            "limit_on": "consumption",
            "full_kw": 125,
            "default_kw": LIMIT_KW,
            "levels": [[0, None], [1, LIMIT_KW]],
            "restore_kw_per_s": RESTORE_KW_PER_S,
        }
    ]


async def test_the_grid_operator_closes_a_relay(tmp_path: Path) -> None:
    async with story(tmp_path, dimmed) as demo:
        await hold(demo, BATTERY, 80.0)
        await plant_until(demo, power_near(80.0), "charging as asked")

        closed = await demo.hotel.set("operator.dimming", 1.0)
        capped = await plant_until(demo, is_capped, "charging is capped")
        assert took_s(closed, capped) <= REACTION_S
        await hold(demo, BATTERY, 100.0)
        await plant_keeps(demo, is_capped, "nobody opts out", plant_s=120)

        opened = await demo.hotel.set("operator.dimming", 0.0)
        restored = await plant_until(demo, power_near(100.0), "restored")
        rise_s = (100.0 - LIMIT_KW) / RESTORE_KW_PER_S
        assert took_s(opened, restored) >= rise_s * 0.9
        assert took_s(opened, restored) <= rise_s + 2 * REACTION_S
        await assert_released(demo)


def is_capped(truth: Truth) -> bool:
    return bool(truth["battery_kw"] <= LIMIT_KW + 0.5)


def with_fallback(site: Any) -> None:
    site["assets"]["battery"][0]["fallback_kw"] = [-FALLBACK_KW, FALLBACK_KW]
    site["devices"][0]["stuck_s"] = 60


@pytest.mark.parametrize("fault", [Fault.FREEZE, Fault.SILENCE])
@pytest.mark.parametrize("wish_kw", [70.0, -70.0], ids=["charging", "discharging"])
async def test_the_meter_freezes(tmp_path: Path, fault: Fault, wish_kw: float) -> None:
    async with story(tmp_path, with_fallback) as demo:
        await hold(demo, BATTERY, wish_kw)
        began = await plant_until(demo, power_near(wish_kw), "as asked")

        await demo.hotel.command(fault, *METER)
        blind = await plant_until(demo, is_fallback, "the static fallback holds")
        # What is stuck for a minute, or silent for 25 s, and the cycle.
        assert took_s(at(began), blind) <= 90 + REACTION_S
        await plant_keeps(demo, is_fallback, "the fallback stays", plant_s=120)
        await until(demo, meter_gone, "the agent says why")

        await demo.hotel.command(Fault.RESTORE, *METER)
        seen = await plant_until(demo, power_near(wish_kw), "as asked again")
        assert_inside(seen)
        await assert_released(demo)


def is_fallback(truth: Truth) -> bool:
    return bool(abs(truth["battery_kw"]) <= FALLBACK_KW + 0.1)


def meter_gone(status: dict[str, Any]) -> bool:
    (row,) = [one for one in status["controls"] if one["point"] == BATTERY]
    return any("static limit" in cut for cut in row["cuts"])
