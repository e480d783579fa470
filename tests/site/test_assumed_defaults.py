"""No value of physics or money is a default in silence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge_agent.site.assumed import assumed_defaults
from edge_agent.site.load import load_site

GOOD = Path(__file__).parent / "good"
BATTERY = {
    "charge_efficiency: 0.95": "charge_efficiency 0.95",
    "discharge_efficiency: 0.95": "discharge_efficiency 0.95",
    "soc_min_percent: 10": "soc_min_percent 10",
    "soc_max_percent: 95": "soc_max_percent 95",
    "wear_cost_per_kwh: 0.03": "wear_cost_per_kwh 0.03",
}
ZONE = {
    "resistance_k_per_kw: 1.2": "resistance_k_per_kw 2",
    "capacity_kwh_per_k: 25": "capacity_kwh_per_k 10",
    "gains_kw: 4": "gains_kw 0",
    "heat_kw: 60": "heat_kw 20",
    "cool_kw: 50": "cool_kw 20",
    "cop_heating: 3.5": "cop_heating 3.5",
    "cop_cooling: 3.0": "cop_cooling 3",
}
TARIFF = {"adder_per_kwh: 0.16": "adder_per_kwh 0", "export_per_kwh: 0.08": "export_per_kwh 0"}


def without(lines: dict[str, str], file: str, folder: Path) -> None:
    """Take whole lines out of a file of the good site."""
    path = folder / file
    kept = path.read_text(encoding="utf-8").splitlines()
    for line in lines:
        kept.remove(next(one for one in kept if one.strip() == line))
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
    return tmp_path


def assumed(folder: Path) -> tuple[str, ...]:
    loaded = load_site(folder / "site.yaml")
    return assumed_defaults(loaded.site, loaded.tariff)


def test_nothing_is_assumed_where_everything_is_given(folder: Path) -> None:
    assert assumed(folder) == ()


@pytest.mark.parametrize(("line", "says"), [*BATTERY.items(), *ZONE.items()])
def test_one_value(line: str, says: str, folder: Path) -> None:
    without({line: says}, "site.yaml", folder)
    name = "battery bat" if line in BATTERY else "zone floor"
    assert assumed(folder) == (f"{name}: not given, so assumed: {says}",)


@pytest.mark.parametrize(("line", "says"), TARIFF.items())
def test_one_price(line: str, says: str, folder: Path) -> None:
    without({line: says}, "tariff.yaml", folder)
    assert assumed(folder) == (f"tariff: not given, so assumed: {says}",)


def test_what_cannot_be_fed_in_needs_no_price(folder: Path) -> None:
    without({"export_per_kwh: 0.08": ""}, "tariff.yaml", folder)
    path = folder / "site.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("export_limit_kw: 300", "export_limit_kw: 0"), encoding="utf-8")
    assert assumed(folder) == ()


def test_one_sentence_per_asset_and_one_warning_each(folder: Path) -> None:
    without(BATTERY | ZONE, "site.yaml", folder)
    without(TARIFF, "tariff.yaml", folder)
    sentences = (
        "tariff: not given, so assumed: adder_per_kwh 0, export_per_kwh 0",
        f"battery bat: not given, so assumed: {', '.join(BATTERY.values())}",
        f"zone floor: not given, so assumed: {', '.join(ZONE.values())}",
    )
    assert assumed(folder) == sentences
    warnings = load_site(folder / "site.yaml").warnings
    assert [(warning.key, warning.message) for warning in warnings] == [
        ("assets.grid.tariff", sentences[0]),
        ("assets.battery[0]", sentences[1]),
        ("assets.hvac.zones[0]", sentences[2]),
    ]
