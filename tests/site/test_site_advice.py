"""Warnings: allowed, but probably not meant."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge_agent.site.load import load_site
from edge_agent.site.mistakes import SiteError

GOOD = Path(__file__).parent / "good"
TANK = (
    "low_c: 45, high_c: 75, volume_l: 500, loss_w_per_k: 3, heater_kw: 6, cop: 1, "
    "daily_draw_kwh: 20"
)


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "tariff.yaml",
            "kind: real_time\nadder_per_kwh: 0.16\nfallback_per_kwh: 0.05\n",
            "kind: flat\nprice_per_kwh: 0.3\n",
            "site.yaml:65: feeds.price: is not used: the tariff is flat, not real_time",
        ),
        (
            "tariff.yaml",
            "fallback_per_kwh: 0.05\n",
            "",
            "site.yaml:36: assets.grid.tariff: has no fallback_per_kwh: "
            "hours without a price take that of the last known day",
        ),
        (
            "site.yaml",
            "latitude: 49.0, longitude: 8.4",
            "latitude: 0, longitude: 0",
            "site.yaml:1: site.latitude: 0, 0 lies in the sea: is the place right?",
        ),
        (
            "site.yaml",
            "price: {file: prices.csv}",
            "price: {file: prices.csv}\n  carbon: {format: shadow}",
            "site.yaml:66: feeds.carbon.format: shadow stays empty: cloud.transport is none",
        ),
        (
            "site.yaml",
            "grid: even",
            "grid: graded",
            "site.yaml:66: planning.step_min: is not used with grid: graded; "
            "set grid: even to use it",
        ),
        (
            "site.yaml",
            "safe: [19, 25]",
            "safe: [21, 25]",
            "site.yaml:55: assets.hvac.zones[0].comfort: [20, 24] reaches beyond the safe band "
            "[21, 25] of room.setpoint: values outside it are never set",
        ),
        (
            "site.yaml",
            "longitude: 8.4}",
            "longitude: 8.4, building_id: mill_1}",
            "site.yaml:1: site.building_id: has no effect yet: nothing sends it along",
        ),
        (
            "site.yaml",
            "    unit: 2\n    poll_s: 5\n",
            "    unit: 2\n",
            "site.yaml:15: devices[1].poll_s: 60 s (the default) is too slow for bat_bms, "
            "which battery bat is commanded by: a setpoint may only rest on readings "
            "of the last seconds; set poll_s: 5",
        ),
        (
            "site.yaml",
            "    unit: 1\n",
            "    unit: 1\n    stale_s: 90\n",
            "site.yaml:14: devices[0].stale_s: 90 s is too long for meter, "
            "which battery bat is commanded by: a setpoint may only rest on readings "
            "of the last seconds; set stale_s: 60 or less",
        ),
        (
            "site.yaml",
            "    tariff: tariff.yaml\n",
            "    tariff: tariff.yaml\n    silent_s: 26\n",
            "site.yaml:37: assets.grid.silent_s: 26 s after a poll every 5 s readings of meter are "
            "stale (30 s): batteries are released before the fallback holds",
        ),
        (
            "site.yaml",
            "  weather: {",
            "  thermal_stores: [{id: tank, temperature: room.temperature, volume_l: 800}]\n"
            "  weather: {",
            "site.yaml:63: assets.thermal_stores[0].volume_l: has no effect without setpoint: "
            "the tank is only watched",
        ),
    ],
)
def test_warning(file: str, old: str, new: str, says: str, tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
    path = tmp_path / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert [str(warning) for warning in load_site(tmp_path / "site.yaml").warnings] == [says]


@pytest.mark.parametrize(
    ("high_c", "keys", "wanted"),
    [
        (70, "", None),
        (60, "", None),
        (59, "", "60"),
        (70, ", legionella: {}", "71"),
        (71, ", legionella: {}", None),
        (45, ", hygiene_c: null", None),
        (50, ", hygiene_c: 50", None),
    ],
)
def test_hygiene_beyond_what_may_stand_for_ever_is_refused(
    high_c: int, keys: str, wanted: str | None, tmp_path: Path
) -> None:
    shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "site.yaml"
    text = path.read_text(encoding="utf-8")
    water = f'{{object: "analog-value,2", access: rw, safe: [40, {high_c}]}}'
    text = text.replace("limits: [15, 30]}\n", f"limits: [15, 30]}}\n      water: {water}\n")
    tank = f"{{id: tank, temperature: room.temperature, setpoint: room.water, {TANK}{keys}}}"
    path.write_text(
        text.replace("  weather: {", f"  thermal_stores: [{tank}]\n  weather: {{"), encoding="utf-8"
    )
    if wanted is None:
        assert load_site(path).warnings == ()
        return
    with pytest.raises(SiteError) as caught:
        load_site(path)
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        f"site.yaml:64: assets.thermal_stores[0].setpoint: room.water is safe up to {high_c} "
        f"degC, and hygiene asks for {wanted}, which is never set: let safe reach so high, or set "
        "hygiene_c and legionella to what holds for this tank (null where something else sees to "
        "it)"
    ]


@pytest.mark.parametrize(
    ("powers", "missing"),
    [
        ("l1 kW, l2 kW, l3 kW", None),
        ("l1 kW, l3 W", "power_l2, power_l3"),
        ("", "power_l1, power_l2, power_l3"),
    ],
)
def test_a_fuse_whose_meter_does_not_tell_which_way_a_phase_flows(
    powers: str, missing: str | None, tmp_path: Path
) -> None:
    shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
    named = [f"current_l{line} A" for line in (1, 2, 3)] + [
        f"power_{one}" for one in powers.split(", ") if one
    ]
    points = "".join(
        f'      {name}: {{object: "analog-input,{index}", unit: {unit}}}\n'
        for index, (name, unit) in enumerate((one.split() for one in ["power kW", *named]), start=2)
    )
    path = tmp_path / "site.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("limits: [15, 30]}\n", f"limits: [15, 30]}}\n{points}    poll_s: 5\n")
    grid = "    meter: room.power\n    max_current_a: 100\n"
    path.write_text(text.replace("    meter: meter.power\n", grid), encoding="utf-8")
    said = [(warning.key, warning.message) for warning in load_site(path).warnings]
    if missing is None:
        assert said == []
        return
    assert said == [
        (
            "assets.grid.max_current_a",
            f"room has no {missing} in kW, and a current does not tell whether its phase imports "
            "or exports: where the sum leaves that open, batteries only use the room that is sure "
            "and relieve no overload; add the points, or take a meter that has them",
        )
    ]


@pytest.mark.parametrize(
    "steered",
    [
        "  thermal_stores:\n  - {id: tank, temperature: room.temperature, setpoint: room.setpoint, "
        f"{TANK}}}",
        "  heat_pumps: [{id: pump, cap: room.setpoint, rated_kw: 5}]",
        "  switches: [{id: relay, point: room.setpoint, on_value: 20, off_value: 19}]",
        "",
    ],
    ids=["tank", "heat pump", "switch", "nothing"],
)
def test_something_to_steer(steered: str, tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "site.yaml"
    text = path.read_text(encoding="utf-8").replace(
        "safe: [19, 25], limits: [15, 30]", "safe: [19, 75]"
    )
    start, end = text.index("  battery:\n"), text.index("  weather: {")
    path.write_text(f"{text[:start]}{steered}\n{text[end:]}", encoding="utf-8")
    said = [warning.key for warning in load_site(path).warnings]
    assert said == ([] if steered else ["assets"])


@pytest.mark.parametrize(
    "keys", ["circuits: [annex]", "alarms: room.alarms", "contactor: room.alarms"]
)
def test_everything_a_battery_rests_on_is_read_often(keys: str, tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "site.yaml"
    text = path.read_text(encoding="utf-8")
    more = '      alarms: {object: "binary-input,1"}\n      power: {object: "analog-input,2"}\n'
    circuit = "{name: annex, meter: room.power, import_limit_kw: 50, export_limit_kw: 0}"
    text = text.replace("limits: [15, 30]}\n", f"limits: [15, 30]}}\n{more}")
    text = text.replace("    tariff:", f"    circuits: [{circuit}]\n    tariff:")
    path.write_text(text, encoding="utf-8")
    assert load_site(path).warnings == ()
    path.write_text(text.replace("    - id: bat\n", f"    - id: bat\n      {keys}\n"), "utf-8")
    assert [str(warning) for warning in load_site(path).warnings] == [
        "site.yaml:21: devices[2].poll_s: 60 s (the default) is too slow for room, which battery "
        "bat is commanded by: a setpoint may only rest on readings of the last seconds; "
        "set poll_s: 5"
    ]


def test_nothing_is_said_of_the_pace_where_no_battery_is_commanded(tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "site.yaml"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("  battery:\n"), text.index("  hvac:\n")
    text = (text[:start] + text[end:]).replace("poll_s: 5\n", "poll_s: 900\n")
    path.write_text(text.replace("control: off", "control: shadow"), encoding="utf-8")
    assert load_site(path).warnings == ()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", '"::1"'])
def test_the_page_may_stand_on_any_address_of_this_machine(host: str, tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "site.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("control: off", f"web_host: {host}"), encoding="utf-8")
    assert load_site(path).warnings == ()
