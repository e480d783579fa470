"""A whole simulated day with three cloud outages: `make soak`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from demo_run import summer_demo

from edge_agent.demo.demo import Demo, summary

SPEED = 120.0
HOUR_S = 3_600.0
USED_KWH = ("load_kwh", "hvac_kwh", "hot_water_kwh", "battery_in_kwh")
pytestmark = [pytest.mark.soak, pytest.mark.timeout(1_500)]


async def live_a_day(demo: Demo) -> list[dict[str, Any]]:
    """24 plant hours; the plug is out for half an hour at 4, 11 and 19 h. Pictures each hour."""
    pictures = []
    for hour in range(24):
        if hour in (4, 11, 19):
            await demo.cloud.pull_plug()
            await demo.clock.sleep(HOUR_S / 2)
            await demo.cloud.plug_in()
            await demo.clock.sleep(HOUR_S / 2)
        else:
            await demo.clock.sleep(HOUR_S)
        pictures.append(await demo.agent.get("/api/status"))
    return pictures


async def test_a_day(tmp_path: Path) -> None:
    async with summer_demo(tmp_path, speed=SPEED) as demo:
        pictures = await live_a_day(demo)
        status, reckoning = await demo.finish()
        ledger = demo.hotel.ledger()
    figures = summary(status, reckoning)
    rss_mb = [picture["counters"]["agent_rss_mb"] for picture in pictures]
    print(figures, "agent rss by hour:", [round(one, 1) for one in rss_mb])
    assert (figures["lost"], figures["duplicated"], figures["leases_left"]) == (0, 0, 0)
    assert figures["plans_solver"] >= 90
    assert figures["writes_failed"] == 0
    assert figures["ticks_missed"] <= 0.01 * status["counters"]["ticks"]
    assert figures["agent_rss_mb"] <= 80
    assert figures["worker_rss_mb"] <= 80
    assert rss_mb[-1] - rss_mb[11] < 2.0
    used_kwh = sum(ledger[name] for name in USED_KWH)
    made_kwh = ledger["pv_kwh"] + ledger["battery_out_kwh"]
    net_kwh = ledger["grid_import_kwh"] - ledger["grid_export_kwh"]
    assert net_kwh == pytest.approx(used_kwh - made_kwh, abs=0.01 * (used_kwh + made_kwh))
