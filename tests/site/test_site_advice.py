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
            "site.yaml:53: feeds.price: is not used: the tariff is flat, not real_time",
        ),
        (
            "tariff.yaml",
            "fallback_per_kwh: 0.05\n",
            "",
            "site.yaml:35: assets.grid.tariff: has no fallback_per_kwh: "
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
            "site.yaml:54: planning.step_min: is not used with grid: graded; "
            "set grid: even to use it",
        ),
        (
            "site.yaml",
            "safe: [19, 25]",
            "safe: [21, 25]",
            "site.yaml:50: assets.hvac.zones[0].comfort: [20, 24] reaches beyond the safe band "
            "[21, 25] of room.setpoint: values outside it are never set",
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
