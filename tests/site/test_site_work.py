"""Tanks, work and shedding in a site file: what is said of sound ones, and what stands for them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge_agent.site.load import load_site
from edge_agent.site.mistakes import SiteError

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


FAN_RUNS = "  switches: [{{id: fan, point: room.fan, power_kw: 2, min_on_s: {min_on_s}}}]\n"
CAP = '      cap: {{object: "analog-value,3", unit: kW, access: rw, safe: [{low}, 11]}}\n'


def refused(folder: Path, assets: str, planning: str = "grid: graded", points: str = "") -> str:
    """The one mistake in the good site with a fan and these assets; nothing when it is sound."""
    shutil.copytree(GOOD, folder, dirs_exist_ok=True)
    path = folder / "site.yaml"
    text = path.read_text(encoding="utf-8").replace(POINTS, POINTS + FAN + points)
    text = text.replace("grid: even, step_min: 15", planning)
    path.write_text(text.replace("  weather: {", f"{assets}  weather: {{"), encoding="utf-8")
    try:
        load_site(path)
    except SiteError as error:
        (one,) = error.mistakes
        return f"{one.key}: {one.message}"
    return ""


@pytest.mark.parametrize(
    ("window", "run", "min_on_s", "planning", "run_min"),
    [
        ('"10:00", deadline: "10:15"', "0.25", 0, "grid: graded", None),
        ('"10:02", deadline: "10:17"', "0.25", 0, "grid: graded", "15"),
        ('"10:02", deadline: "10:20"', "0.25", 0, "grid: graded", None),
        ('"10:02", deadline: "10:06"', "0.05", 0, "grid: graded", "3"),
        ('"10:00", deadline: "10:15"', "0.1", 1200, "grid: graded", "20"),
        ('"10:05", deadline: "10:25"', "0.1", 1200, "grid: even, step_min: 15", "20"),
        ('"10:00", deadline: "10:30"', "0.1", 1200, "grid: even, step_min: 15", None),
        ('"10:00", deadline: "10:50"', "0.5", 0, "grid: even, step_min: 60", "30"),
        ('"10:30", deadline: "11:30"', "0.5", 0, "grid: even, step_min: 60", None),
        ('"23:50", deadline: "00:10"', "0.3", 0, "grid: even, step_min: 15", "18"),
    ],
)
def test_a_run_that_no_plan_finds_room_for_is_refused(
    window: str, run: str, min_on_s: int, planning: str, run_min: str | None, tmp_path: Path
) -> None:
    job = f"{{id: air, switch: fan, run_h_per_day: {run}, earliest: {window}}}"
    assets = FAN_RUNS.format(min_on_s=min_on_s) + f"  shiftable: [{job}]\n"
    found = refused(tmp_path, assets, planning)
    if run_min is None:
        assert found == ""
    else:
        assert found.startswith(f"assets.shiftable[0].deadline: {run_min} min of run never find")
        assert ("planning.step_min" in found) is planning.startswith("grid: even")


@pytest.mark.parametrize(
    ("low", "floor_kw", "window_min", "says"),
    [
        (0, 4.2, 30, ""),
        (0, 0, 14, ""),
        (0, 4.2, 14, "assets.shiftable[0].deadline: 12 min of run never find"),
        (4.2, 4.2, 30, "assets.shiftable[0].cap: room.cap is safe [4.2, 11]: a cap of 0"),
    ],
)
def test_a_load_whose_cap_is_set_must_be_able_to_stop(
    low: float, floor_kw: float, window_min: int, says: str, tmp_path: Path
) -> None:
    car = f'earliest: "10:00", deadline: "10:{window_min}", energy_kwh_per_day: 2.2'
    assets = (
        f"  heat_pumps: [{{id: box, cap: room.cap, rated_kw: 11, floor_kw: {floor_kw}}}]\n"
        f"  shiftable: [{{id: car, cap: box, {car}}}]\n"
    )
    found = refused(tmp_path, assets, points=CAP.format(low=low))
    assert found.startswith(says) if says else found == ""


@pytest.mark.parametrize(
    ("limit_on", "poll_s", "told"),
    [("site_import", 15, True), ("site_import", 10, False), ("consumption", 60, False)],
)
def test_a_heat_pump_read_too_rarely_for_the_operators_limit_is_told(
    limit_on: str, poll_s: int, tmp_path: Path, *, told: bool
) -> None:
    shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "site.yaml"
    more = '      power: {object: "analog-input,2", unit: kW}\n' + CAP.format(low=0)
    signal = f"{{id: box, point: room.temperature, limit_on: {limit_on}, full_kw: 100, "
    grid = f"    operator_signals: [{signal}default_kw: null, scale_kw: 1}}]\n    tariff:"
    pump = "  heat_pumps: [{id: heat, cap: room.cap, rated_kw: 11, power: room.power}]\n"
    text = path.read_text(encoding="utf-8").replace("    tariff:", grid)
    text = text.replace(POINTS, f"{POINTS}{more}    poll_s: {poll_s}\n")
    path.write_text(text.replace("  weather: {", f"{pump}  weather: {{"), encoding="utf-8")
    keys = [one.key for one in load_site(path).warnings]
    assert keys == (["devices[2].poll_s"] if told else [])
