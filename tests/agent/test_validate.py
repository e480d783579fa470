from __future__ import annotations

from datetime import timedelta

import pytest
from field_images import NOW, reading

from drivers.types import Point, Quality, Reading
from edge_agent.site.schema import Device, DeviceType
from edge_agent.validate import DeviceRule, Judge, device_rule

RULE = DeviceRule(device="meter", stuck_s=300.0)


def poll(second: float, **values: float | None) -> list[Reading]:
    at = NOW + timedelta(seconds=second)
    return [
        reading(f"meter.{name}", value, at=at)
        if value is not None
        else reading(f"meter.{name}", None, at=at, quality=Quality.MISSING)
        for name, value in values.items()
    ]


@pytest.mark.parametrize(
    ("value", "unit", "quality"),
    [
        (50.0, "percent", Quality.GOOD),
        (101.0, "percent", Quality.BAD),
        (-1.0, "percent", Quality.BAD),
        (21.0, "degC", Quality.GOOD),
        (900.0, "degC", Quality.BAD),
        (50.0, "Hz", Quality.GOOD),
        (0.0, "Hz", Quality.BAD),
        (1e9, "kW", Quality.BAD),
        (1e9, "furlong", Quality.GOOD),
    ],
)
def test_a_value_its_unit_does_not_allow_is_bad(value: float, unit: str, quality: Quality) -> None:
    (judged,) = Judge(RULE).judge([reading("meter.x", value, unit=unit)])
    assert judged.quality is quality
    assert judged.value == value


def test_a_frozen_device_turns_bad_and_recovers() -> None:
    judge = Judge(RULE)
    qualities = []
    for second, power in [
        (0, 10.0),
        (150, 10.0),
        (299, 10.0),
        (300, 10.0),
        (310, 10.5),
        (320, 10.5),
    ]:
        (power_kw, volts) = judge.judge(poll(second, power=power, volts=230.0))
        qualities.append((power_kw.quality, volts.quality))
    good, bad = (Quality.GOOD, Quality.GOOD), (Quality.BAD, Quality.BAD)
    assert qualities == [good, good, good, bad, good, good]


def test_one_moving_point_keeps_the_device_alive() -> None:
    judge = Judge(RULE)
    for second in range(0, 900, 60):
        judged = judge.judge(poll(second, power=0.0, hz=50.0 + second / 1000))
        assert {one.quality for one in judged} == {Quality.GOOD}


def test_the_echo_of_our_own_writes_is_no_sign_of_life() -> None:
    judge = Judge(DeviceRule(device="meter", stuck_s=300.0, echoes=frozenset({"setpoint"})))
    for second in range(0, 301, 60):
        judged = judge.judge(poll(second, power=10.0, setpoint=float(second)))
    assert {one.quality for one in judged} == {Quality.BAD}


def test_silence_is_not_called_frozen() -> None:
    judge = Judge(RULE)
    judge.judge(poll(0, power=1.0))
    (judged,) = judge.judge(poll(900, power=None))
    assert judged.quality is Quality.MISSING


def test_without_a_rule_standing_still_says_nothing() -> None:
    judge = Judge(DeviceRule(device="meter", stuck_s=None))
    judge.judge(poll(0, power=0.0))
    (judged,) = judge.judge(poll(1_000_000, power=0.0))
    assert judged.quality is Quality.GOOD


STILL = (Point(device="meter", name="power", unit="kW"),)
MOVING = (Point(device="meter", name="hz", unit="Hz", alive=True),)


@pytest.mark.parametrize(
    ("type_", "stuck_s", "points", "expected"),
    [
        (DeviceType.SMART_METER, None, MOVING, 300.0),
        (DeviceType.SMART_METER, None, STILL, None),
        (DeviceType.SMART_METER, 60.0, STILL, 60.0),
        (DeviceType.WEATHER_STATION, None, STILL, 1800.0),
        (DeviceType.TEMPERATURE_SENSOR, None, STILL, 21600.0),
        (DeviceType.CONTROLLER, None, STILL, None),
    ],
)
def test_the_rule_follows_site_file_then_points_then_type(
    type_: DeviceType, stuck_s: float | None, points: tuple[Point, ...], expected: float | None
) -> None:
    device = Device(id="meter", type=type_, link="bus", stuck_s=stuck_s)
    assert device_rule(device, points).stuck_s == expected
