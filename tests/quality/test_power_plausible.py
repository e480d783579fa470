"""Powers against voltage, current and the phases of the same device."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from field_images import NOW, reading

from drivers.mqtt_device import seed_points
from drivers.mqtt_payload import Document, number, parse_seed
from drivers.types import Point, Quality, Reading
from edge_agent.plausible import power_check
from edge_agent.site.known_points import packaged_profiles
from edge_agent.validate import DeviceRule, Judge

LUMP = tuple(
    Point(device="m", name=name, unit=unit)
    for name, unit in (("power", "kW"), ("voltage", "V"), ("current", "A"))
)
THREE = (
    Point(device="m", name="power", unit="kW"),
    Point(device="m", name="power_factor", unit="1"),
    *(
        Point(device="m", name=f"{name}_l{line}", unit=unit)
        for line in (1, 2, 3)
        for name, unit in (("power", "kW"), ("voltage", "V"), ("current", "A"))
    ),
)
UNITS = {point.name: point.unit for point in (*LUMP, *THREE)}


def judge_of(points: tuple[Point, ...]) -> Judge:
    return Judge(DeviceRule(device="m", stuck_s=None, power=power_check(points)))


def poll(values: dict[str, float], *, late: tuple[str, ...] = (), second: int = 0) -> list[Reading]:
    """One poll; the readings named in `late` came with a request of their own."""
    at = NOW + timedelta(seconds=second)
    return [
        reading(
            f"m.{name}",
            value,
            unit=UNITS[name],
            at=at + timedelta(milliseconds=50 if name in late else 0),
        )
        for name, value in values.items()
    ]


def three(total_kw: float, phase_kw: float, amps: float, factor: float = 0.95) -> dict[str, float]:
    phases = {
        f"{name}_l{line}": value
        for line in (1, 2, 3)
        for name, value in (("power", phase_kw), ("voltage", 230.0), ("current", amps))
    }
    return {"power": total_kw, "power_factor": factor, **phases}


def quality_of(judged: list[Reading], point: str = "power") -> Quality:
    return next(one.quality for one in judged if one.point == point)


def test_the_message_that_gives_watts_as_kilowatts_is_bad() -> None:
    """230.1 V and 1.96 A are 451 W: a message that says 450.2 kW is wrong by 1000."""
    payload = {
        "device_id": "m",
        "timestamp": "2026-06-01T12:00:00Z",
        "measurements": {"power": 450.2, "voltage": 230.1, "current": 1.96},
        "data_format": "semdr_v1",
    }
    document = parse_seed(json.dumps(payload).encode(), "m")
    assert isinstance(document, Document)
    points = seed_points("devices/m/electrical/measurement")
    found = {point.name: number(document, point.path) for point in points}
    values = {name: value for name, value in found.items() if isinstance(value, float)}
    assert values == {"power": 450.2, "voltage": 230.1, "current": 1.96}
    power, voltage, current = judge_of(LUMP).judge(poll(values))
    assert (power.quality, power.value) == (Quality.BAD, 450.2)
    assert power.reason.endswith("watts where kW are due?")
    assert voltage.quality is current.quality is Quality.GOOD


@pytest.mark.parametrize("power_kw", [0.4502, -0.4502, 1.3, 0.0])
def test_the_same_message_in_kilowatts_is_good(power_kw: float) -> None:
    values = {"power": power_kw, "voltage": 230.1, "current": 1.96}
    assert quality_of(judge_of(LUMP).judge(poll(values))) is Quality.GOOD


def test_readings_of_different_moments_are_given_time() -> None:
    """A battery that has just ramped up: current still of the moment before."""
    judge = judge_of(LUMP)
    values = {"power": 60.0, "voltage": 780.0, "current": 0.2}
    seen = [
        quality_of(judge.judge(poll(values, late=("power",), second=second)))
        for second in (0, 5, 10, 15)
    ]
    assert seen == ["good", "good", "bad", "bad"]
    values["current"] = 77.0
    assert quality_of(judge.judge(poll(values, second=20))) is Quality.GOOD
    values["current"] = 0.2
    again = judge.judge(poll(values, late=("power",), second=25))
    assert quality_of(again) is Quality.GOOD


@pytest.mark.parametrize(("apart_s", "expected"), [(1.9, Quality.UNCERTAIN), (2.1, Quality.GOOD)])
def test_readings_far_apart_say_nothing_about_each_other(apart_s: float, expected: Quality) -> None:
    judge = judge_of(THREE)
    for second in (0, 30, 60):
        readings = poll(three(15.0, 9.0, 40.0), second=second)
        late = readings[0].at + timedelta(seconds=apart_s)
        judged = judge.judge([replace(readings[0], at=late), *readings[1:]])
    assert quality_of(judged) is expected


def test_a_little_too_much_is_uncertain() -> None:
    values = {"power": 30.0, "voltage": 230.0, "current": 30.0}
    assert quality_of(judge_of(LUMP).judge(poll(values))) is Quality.UNCERTAIN


def test_one_phase_in_watts() -> None:
    values = three(27.0, 9.0, 40.0) | {"power_l2": 9000.0}
    judged = judge_of(THREE).judge(poll(values))
    assert quality_of(judged, "power_l2") is Quality.BAD
    assert quality_of(judged, "power_l1") is Quality.GOOD


def test_a_total_that_is_not_the_sum_is_uncertain_after_three_polls() -> None:
    judge = judge_of(THREE)
    seen = [quality_of(judge.judge(poll(three(15.0, 9.0, 40.0), second=s))) for s in (0, 5, 10)]
    assert seen == ["good", "good", "uncertain"]


def test_a_power_far_too_small_for_its_power_factor_is_bad() -> None:
    points = tuple(point for point in THREE if not point.name.startswith("power_l"))
    values = {k: v for k, v in three(0.026, 9.0, 40.0).items() if not k.startswith("power_l")}
    judge = judge_of(points)
    seen = [quality_of(judge.judge(poll(values, second=s))) for s in (0, 5, 10)]
    assert seen == ["good", "good", "bad"]


@pytest.mark.parametrize("missing", ["voltage_l1", "current_l3", "power_l2", "power_factor"])
def test_with_a_part_missing_nothing_is_invented(missing: str) -> None:
    values = three(27.0, 9.0, 40.0)
    del values[missing]
    judge = judge_of(THREE)
    for second in (0, 5, 10, 15):
        judged = judge.judge(poll(values, second=second))
        assert {one.quality for one in judged} == {Quality.GOOD}


@pytest.mark.parametrize(
    "names",
    [("power",), ("voltage", "current"), ("power", "voltage"), ("temperature",), ()],
)
def test_without_the_parts_there_is_no_check(names: tuple[str, ...]) -> None:
    points = tuple(Point(device="m", name=n, unit=UNITS.get(n, "degC")) for n in names)
    assert power_check(points) is None


def test_the_packaged_meter_can_be_checked() -> None:
    known = packaged_profiles().points("eastron_sdm630")
    assert known is not None
    points = tuple(Point(device="m", name=n, unit=p.unit or "") for n, p in known.items())
    check = power_check(points)
    assert check is not None
    assert (check.total, check.factor) == ("power", "power_factor")
    assert [phase.power for phase in check.phases] == ["power_l1", "power_l2", "power_l3"]
