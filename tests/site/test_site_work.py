"""Tanks, work and shedding in a site file: what is said of sound ones, and what stands for them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge_agent.site.load import load_site

GOOD = Path(__file__).parent / "good"
POINTS = "limits: [15, 30]}\n"
FAN = '      fan: {object: "binary-output,1", access: rw, safe: [0, 1]}\n'
WATER = '      water: {object: "analog-value,2", unit: degC, access: rw, safe: [40, 80]}\n'
TANK = "{id: tank, temperature: room.temperature, setpoint: room.water"


def said(folder: Path, assets: str) -> list[str]:
    """The warnings about the good site with a fan, a tank's setpoint and these assets."""
    shutil.copytree(GOOD, folder, dirs_exist_ok=True)
    path = folder / "site.yaml"
    text = path.read_text(encoding="utf-8").replace(POINTS, POINTS + FAN + WATER)
    path.write_text(text.replace("  weather: {", f"{assets}  weather: {{"), encoding="utf-8")
    return [f"{one.key}: {one.message}" for one in load_site(path).warnings]


@pytest.mark.parametrize(
    ("keys", "assumed"),
    [
        (
            "volume_l: 800",
            "low_c 45, high_c 75, loss_w_per_k 3, heater_kw 6, cop 1, daily_draw_kwh 41.868",
        ),
        (
            "low_c: 50, high_c: 70, volume_l: 300, loss_w_per_k: 2, heater_kw: 6, cop: 1",
            "daily_draw_kwh 15.7005",
        ),
        (
            "low_c: 50, high_c: 70, volume_l: 300, loss_w_per_k: 2, heater_kw: 6, cop: 3,"
            " daily_draw_kwh: 20",
            None,
        ),
    ],
)
def test_what_is_assumed_of_a_tank_is_said(keys: str, assumed: str | None, tmp_path: Path) -> None:
    found = said(tmp_path, f"  thermal_stores: [{TANK}, {keys}}}]\n")
    line = f"assets.thermal_stores[0]: tank tank: not given, so assumed: {assumed}"
    assert found == ([] if assumed is None else [line])


def test_a_group_that_nothing_sheds_is_told(tmp_path: Path) -> None:
    switches = "  switches: [{id: fan, point: room.fan, power_kw: 2}]\n"
    group = "{id: air, switches: [fan], share: 0.1}"
    assert said(tmp_path, f"  demand: {{sheddable: [{group}]}}\n{switches}") == [
        "assets.demand.sheddable[0]: has no price_threshold_per_kwh, so nothing sheds it yet"
    ]


def test_a_switch_with_work_is_all_right(tmp_path: Path) -> None:
    switches = "  switches: [{id: fan, point: room.fan, power_kw: 2}]\n"
    work = '  shiftable: [{id: air, switch: fan, run_h_per_day: 4, deadline: "06:00"}]\n'
    assert said(tmp_path, switches + work) == []
