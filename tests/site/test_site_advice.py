"""Warnings: allowed, but probably not meant."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge_agent.site.load import load_site

GOOD = Path(__file__).parent / "good"


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
            "  battery:\n",
            "  demand: {sheddable: [saw]}\n  battery:\n",
            "site.yaml:37: assets.demand.sheddable: has no effect yet: no load is shed by its name",
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
    ],
)
def test_warning(file: str, old: str, new: str, says: str, tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
    path = tmp_path / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert [str(warning) for warning in load_site(tmp_path / "site.yaml").warnings] == [says]


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
