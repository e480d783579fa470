"""Profiles: the shipped ones load, a wrong one says file, key and remedy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from drivers.profile import RegisterProfile, SunSpecProfile, load_profile, profile_names
from drivers.types import ProfileError

GOOD = """
kind: registers
name: meter
manufacturer: A
model: B
source: https://example.org/map
hardware_tested: false
type: int16
function: holding
points:
  power: {address: 0x10, unit: kW}
"""
SUN = """
kind: sunspec
name: meter
manufacturer: A
model: B
source: https://example.org/map
hardware_tested: false
points:
  soc: {model: 802, field: SoC, unit: percent}
"""


def load(folder: Path, text: str) -> RegisterProfile | SunSpecProfile:
    (folder / "meter.yaml").write_text(text)
    profile = load_profile("meter", folder)
    assert isinstance(profile, RegisterProfile | SunSpecProfile)
    return profile


def test_shipped_profiles_load_and_name_their_source() -> None:
    names = [n for n in profile_names() if n.startswith(("eastron", "sunspec"))]
    assert {"eastron_sdm630", "sunspec_storage", "sunspec_inverter"} <= set(names)
    for name in names:
        profile = load_profile(name)
        assert profile.source.startswith("https://")
        assert not profile.hardware_tested


def test_addresses_may_count_from_one(tmp_path: Path) -> None:
    profile = load(tmp_path, GOOD + "base: 1\n")
    assert isinstance(profile, RegisterProfile)
    assert profile.span("power").address == 0x0F


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "colour: red\n", "meter.yaml: colour: unknown key"),
        (GOOD.replace("source: https://example.org/map\n", ""), "meter.yaml: source: required"),
        (GOOD.replace("https://example.org/map", "a book"), "meter.yaml: source: "),
        (GOOD.replace("unit: kW}", "unit: kW, skale: 2}"), "points.power.skale: unknown key"),
        (GOOD.replace("unit: kW}", "unit: kW, scale: 0}"), "points.power.scale: 0 loses"),
        (GOOD.replace("int16", "int24"), "meter.yaml: type: "),
        (GOOD.replace("kind: registers", "kind: rumour"), "kind: 'rumour'"),
        (GOOD.replace("name: meter", "name: other"), "name: 'other' differs"),
        (GOOD.replace("points:", "points: ["), "not YAML"),
        (GOOD + "name: twice\n", "not YAML"),
        ("- 1\n", "expected keys and values"),
        (
            GOOD.replace("holding", "input").replace(
                "kW}", "kW, write: {release: 0, safe: [0, 1], limits: [0, 1]}}"
            ),
            "input registers cannot be written",
        ),
        (SUN.replace("802", "999"), "model 999 is not known"),
        (SUN.replace("SoC,", "Charge,"), "model 802 has no field Charge"),
        (
            SUN + "ratios:\n  x: {numerator: a, denominator: soc, unit: percent}\n",
            "a: referred to but not under points",
        ),
        (
            SUN + "ratios:\n  soc: {numerator: soc, denominator: soc, unit: percent}\n",
            "soc: named twice",
        ),
    ],
)
def test_mistakes_name_file_key_and_remedy(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load(tmp_path, text)
    assert said in str(caught.value)
    assert "meter.yaml" in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        load(tmp_path, GOOD.replace("int16", "int24") + "colour: red\nsize: 1\n")
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize("name", ["no_such", "../eastron_sdm630", ""])
def test_a_missing_profile_lists_what_there_is(name: str) -> None:
    with pytest.raises(ProfileError, match="eastron_sdm630"):
        load_profile(name)


def test_words_and_profiles_do_not_load_pymodbus() -> None:
    code = (
        "import sys, drivers.types, drivers.codec, drivers.readplan, drivers.profile\n"
        "import drivers.simulated.modbus\n"
        "drivers.profile.load_profile('sunspec_storage')\n"
        "assert not [name for name in sys.modules if name.startswith('pymodbus')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
