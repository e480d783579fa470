"""Hot water and a pool pump wait for the cheap hours, and nobody has cold water for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from story import Truth, assert_released, at, story

from edge_agent.demo.demo import Demo

SPEED = 360.0
BOILER, PUMP = "boiler_001.setpoint", "pool_001.pump"
HYGIENE_C, THERMOSTAT_K = 60.0, 1.5
"""The tank's own controller lets the water fall so far below its setpoint at full power."""
TARIFF = {
    "kind": "time_of_use",
    "blocks": [
        {"start": "00:00", "price_per_kwh": 0.35},
        {"start": "09:00", "price_per_kwh": 0.10},
        {"start": "11:00", "price_per_kwh": 0.35},
        {"start": "13:00", "price_per_kwh": 0.15},
        {"start": "15:00", "price_per_kwh": 0.60},
        {"start": "18:00", "price_per_kwh": 0.35},
    ],
    "export_per_kwh": 0.05,
}
CHEAP_HOURS = ((9, 11), (13, 15))
"""Local; the demo begins at 8:00."""
pytestmark = [pytest.mark.soak, pytest.mark.timeout(240)]


def water_and_pool(site: Any) -> None:
    """The hotel without battery, looked at so often as is needed at this speed."""
    site["agent"]["tick_s"] = 20
    site["agent"]["commit_s"] = 60
    site["assets"]["grid"]["tariff"] = "cheap_hours.yaml"
    site["assets"]["battery"] = []
    site["assets"]["grid"]["silent_s"] = 60
    for device in site["devices"]:
        device["poll_s"], device["stale_s"] = 60, 600
    work = {"id": "pool", "switch": "pool_pump", "run_h_per_day": 4, "min_block_min": 30}
    site["assets"]["shiftable"] = [work | {"earliest": "08:00", "deadline": "16:00"}]


@dataclass
class Seen:
    """What the plant testified, local hour by local hour."""

    run_h: dict[int, float] = field(default_factory=dict)
    heat_kwh: dict[int, float] = field(default_factory=dict)
    coldest_c: float = 99.0
    setpoints_c: dict[int, float] = field(default_factory=dict)
    last: Truth | None = None

    def look(self, truth: Truth) -> None:
        """One more testimony."""
        before, self.last = self.last, truth
        hour = local(truth).hour
        self.coldest_c = min(self.coldest_c, truth["tank"]["temperature_c"])
        commanded = truth["commanded"]["tank.setpoint_c"]
        if commanded is not None:
            self.setpoints_c[hour] = max(commanded, self.setpoints_c.get(hour, 0.0))
        if before is None:
            return
        ran = truth["pool_pump"]["run_h"] - before["pool_pump"]["run_h"]
        self.run_h[hour] = self.run_h.get(hour, 0.0) + ran
        span_h = (at(truth) - at(before)).total_seconds() / 3600
        power_kw = (truth["tank"]["power_kw"] + before["tank"]["power_kw"]) / 2
        self.heat_kwh[hour] = self.heat_kwh.get(hour, 0.0) + power_kw * span_h


def local(truth: Truth) -> datetime:
    """June in Berlin is two hours ahead."""
    return at(truth) + timedelta(hours=2)


async def watched(demo: Demo, until_hour: int) -> Seen:
    """Every testimony until a local hour."""
    seen = Seen()
    while True:
        truth = await demo.hotel.look()
        seen.look(truth)
        if local(truth).hour >= until_hour:
            return seen
        await asyncio.sleep(0.05)


async def test_water_and_pool_take_the_cheap_hours(tmp_path: Path) -> None:
    with (tmp_path / "cheap_hours.yaml").open("w", encoding="utf-8") as out:
        YAML().dump(TARIFF, out)
    async with story(tmp_path, water_and_pool, speed=SPEED) as demo:
        seen = await watched(demo, until_hour=16)
        rows = {row["point"]: row for row in (await demo.agent.get("/api/status"))["controls"]}
        cheap = [hour for first, last in CHEAP_HOURS for hour in range(first, last)]
        worked_h = sum(seen.run_h.values())
        assert worked_h == pytest.approx(4.0, abs=0.3)
        assert sum(seen.run_h.get(hour, 0.0) for hour in cheap) >= 0.9 * worked_h
        assert seen.coldest_c >= HYGIENE_C - THERMOSTAT_K
        assert max(seen.setpoints_c[hour] for hour in cheap) > HYGIENE_C + 5
        assert min(seen.setpoints_c.values()) >= HYGIENE_C
        between_kwh = seen.heat_kwh[11] + seen.heat_kwh[12]
        assert between_kwh < 0.1 * sum(seen.heat_kwh[hour] for hour in cheap)
        assert rows[BOILER]["last_result"] == rows[PUMP]["last_result"] == "verified"
        await assert_released(demo)
