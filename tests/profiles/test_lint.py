"""Lint: what a profile may not be, each with the words a person reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.profile import FOLDER, load_profile, profile_names
from drivers.profile_lint import FORBIDDEN_WORDS, Severity, lint, lint_file

METER = """
kind: registers
name: thing
manufacturer: Somebody
model: Thing
role: meter
source: https://example.org/map
hardware_tested: false
type: int16
function: holding
points:
  frequency: {address: 0, unit: Hz, alive: true}
"""
WRITE = "write: {release: 1, safe: [0, 5], limits: [0, 10]}"
BATTERY = METER.replace("role: meter", "role: battery")
AHU = """
kind: bacnet
name: thing
manufacturer: any
model: unit
role: air_handling
source: https://example.org/map
hardware_tested: false
points:
  setpoint:
    objects: [analog-value]
    unit: degC
    write: {means: setpoint, reverts: none, safe: [18, 24]}
"""
FRONIUS = (FOLDER / "fronius_gen24.yaml").read_text(encoding="utf-8")


def said(folder: Path, text: str) -> list[str]:
    (folder / "thing.yaml").write_text(text, encoding="utf-8")
    return [str(finding) for finding in lint_file(folder / "thing.yaml")]


@pytest.mark.parametrize(
    "text", [METER, AHU, METER + f"  level: {{address: 9, unit: kW, {WRITE}}}\n"]
)
def test_a_good_profile_has_no_findings(tmp_path: Path, text: str) -> None:
    assert said(tmp_path, text) == []


@pytest.mark.parametrize("name", profile_names())
def test_the_shipped_profiles_have_no_errors(name: str) -> None:
    errors = [f for f in lint(load_profile(name)) if f.severity is Severity.ERROR]
    assert errors == []
    assert not load_profile(name).hardware_tested


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (METER.replace("role: meter\n", ""), "error: role: say what the device is for"),
        (METER.replace("source: https://example.org/map\n", ""), "error: source: required"),
        (METER + "colour: red\n", "error: colour: unknown key"),
        (METER.replace("unit: Hz", "unit: hertz"), "points.frequency.unit: 'hertz' is none of"),
        (METER + "  other: {address: 0, unit: V}\n", "its registers are those of frequency too"),
        (METER.replace(", alive: true", ""), "warning: points: no point is alive"),
        (
            METER + "  level: {address: 9, unit: kW, write: {release: 0, limits: [0, 1]}}\n",
            "reverts none needs safe",
        ),
        (
            METER + "  t: {address: 9, unit: degC, write: {release: 20, safe: [5, 40], "
            "limits: [5, 40]}}\n",
            "points.t.write.safe: 5..40 degC cannot all be safe for ever",
        ),
        (
            METER + "  level: {address: 9, unit: kW, write: {release: 9, safe: [0, 5], "
            "limits: [0, 10]}}\n",
            "release 9 is outside of",
        ),
        (
            METER + "  level: {address: 9, unit: kW, write: {release: 0, limits: [0, 1], "
            "reverts: watchdog}}\n",
            "reverts watchdog and watchdog_s go together",
        ),
        (
            METER + "  level: {address: 9, unit: kW, write: {release: 0, safe: [0, 1], "
            "limits: [0, 1], kept: true}}\n",
            "points.level.write.writes_per_day: the device keeps it",
        ),
        (
            METER + "  level: {address: 9, unit: kW, write: {release: 0, safe: [0, 1], "
            "limits: [0, 1], means: impulse}}\n",
            "'setpoint', 'mode' or 'enable'",
        ),
        (
            METER.replace("points:", "forbidden: [[7, 2]]\npoints:")
            + f"  reading: {{address: 8, unit: kW, {WRITE}}}\n",
            "register 7 must never be written",
        ),
        (
            METER.replace("Somebody", "Lufft") + f"  level: {{address: 8, unit: kW, {WRITE}}}\n",
            "register 7 loses the device or its data",
        ),
        (
            METER.replace("Somebody", "Ecowitt")
            + f"  level: {{address: 0x162, unit: kW, {WRITE}}}\n",
            "register 353 loses the device or its data",
        ),
        (
            METER + "derived:\n  total: {unit: kW, sum: {nobody: 1}}\n",
            "nobody: referred to but not under points",
        ),
        (
            METER + "  level: {address: 9, unit: kW, zero_needs: nobody}\n",
            "zero_needs: nobody is not under points",
        ),
        (METER + "  level: {address: 9, unit: kW, bits: [0, 4]}\n", "points.level.bits: "),
        (BATTERY, "a battery has charge_limit_a or charge_limit_kw"),
        (BATTERY, "a battery has contactors or state"),
        (BATTERY, "a battery has alarm or alarms"),
        (AHU.replace("safe: [18, 24]", "safe: [10, 35]"), "10..35 degC cannot all be safe"),
        (AHU.replace("safe: [18, 24]", "safe: [24, 18]"), "write.safe: 24 is above 18"),
        (AHU.replace(", safe: [18, 24]", ""), "points.setpoint.write.safe: required"),
        (AHU.replace("analog-value", "analog-input"), "has no priority array"),
        (AHU.replace("  setpoint:", "  fire_damper:"), "points.fire_damper: must not be writable"),
        (
            FRONIUS.replace("name: fronius_gen24", "name: thing").replace(
                "release: {OutWRte: 100", "release: {OutWrong: 100"
            ),
            "model 124 has no field OutWrong",
        ),
    ],
)
def test_a_wrong_profile_is_told_why(tmp_path: Path, text: str, words: str) -> None:
    assert any(words in line for line in said(tmp_path, text)), said(tmp_path, text)


@pytest.mark.parametrize("word", FORBIDDEN_WORDS)
@pytest.mark.parametrize("shape", ["{}_setpoint", "main_{}", "{}", "{}s", "a_{}_b"])
def test_what_protects_people_and_food_is_never_writable(
    tmp_path: Path, word: str, shape: str
) -> None:
    name = shape.format(word)
    lines = said(tmp_path, METER + f"  {name}: {{address: 9, unit: percent, {WRITE}}}\n")
    assert lines == [f"error: points.{name}: must not be writable: {FORBIDDEN_WORDS[word]}"]
    assert said(tmp_path, METER + f"  {name}: {{address: 9, unit: percent}}\n") == []


def test_a_word_inside_another_is_no_reason(tmp_path: Path) -> None:
    for name in ("fanfare", "lifted", "firewood_heat", "infant_room"):
        line = f"  {name}: {{address: 9, unit: percent, {WRITE}}}\n"
        assert said(tmp_path, METER + line) == []


def test_harmful_registers_of_the_weather_stations_cannot_be_made_writable(tmp_path: Path) -> None:
    for name, address in (("lufft_ws_umb", 8), ("ecowitt_wn90lp", 0x161)):
        text = (
            (FOLDER / f"{name}.yaml")
            .read_text(encoding="utf-8")
            .replace(f"name: {name}", "name: thing")
        )
        line = f"points:\n  level: {{address: {address}, function: holding, unit: kW, {WRITE}}}\n"
        assert any(
            "must never be written" in x for x in said(tmp_path, text.replace("points:\n", line, 1))
        )


def test_flags_that_share_a_register_do_not_overlap(tmp_path: Path) -> None:
    text = METER.replace("type: int16", "type: uint16")
    text += "  low: {address: 9, unit: enum, bits: [0, 4]}\n"
    assert said(tmp_path, text + "  high: {address: 9, unit: enum, bits: [4, 4]}\n") == []
    assert said(tmp_path, text + "  high: {address: 9, unit: enum, bits: [3, 4]}\n") != []
