"""One device's readings: age, pace, and a state of charge that comes as a share."""

from __future__ import annotations

from datetime import timedelta

import pytest
from field_images import NOW, reading

from drivers.types import Point, Quality
from edge_agent.rates import RateLimit, rate_limit, too_fast
from edge_agent.site.schema import Device, DeviceType
from edge_agent.validate import DeviceRule, Judge, device_rule


def rule(**device: object) -> DeviceRule:
    given = {"id": "x", "type": DeviceType.TEMPERATURE_SENSOR, "link": "bus", **device}
    points = (
        Point(device="x", name="temperature", unit="degC"),
        Point(device="x", name="soc", unit="percent"),
        Point(device="x", name="setpoint", unit="degC", writable=True),
    )
    return device_rule(Device.model_validate(given), points)


@pytest.mark.parametrize(
    ("age_s", "quality"),
    [(0.0, Quality.GOOD), (180.0, Quality.GOOD), (181.0, Quality.STALE), (-60.0, Quality.GOOD)],
)
def test_an_old_value_is_stale_and_stays_as_it_was(age_s: float, quality: Quality) -> None:
    (judged,) = Judge(rule()).judge(
        [reading("x.temperature", 21.0, unit="degC", at=NOW - timedelta(seconds=age_s))], NOW
    )
    assert (judged.quality, judged.value) == (quality, 21.0)
    assert ("stale after 180 s" in judged.reason) == (quality is Quality.STALE)


@pytest.mark.parametrize(
    ("values", "qualities"),
    [
        ((20.0, 20.5, 21.0), ("good", "good", "good")),
        ((20.0, 45.0, 45.1), ("good", "uncertain", "good")),
        ((20.0, 45.0, 20.0), ("good", "uncertain", "uncertain")),
        ((20.0, 900.0, 20.2), ("good", "bad", "good")),
    ],
)
def test_a_jump_is_in_doubt(values: tuple[float, ...], qualities: tuple[str, ...]) -> None:
    judge = Judge(rule())
    seen = []
    for number, value in enumerate(values):
        at = NOW + timedelta(seconds=10 * number)
        (judged,) = judge.judge([reading("x.temperature", value, unit="degC", at=at)], at)
        seen.append(judged.quality)
        assert judged.value == value
    assert tuple(seen) == qualities


def test_a_long_pause_allows_a_large_change() -> None:
    judge = Judge(rule())
    judge.judge([reading("x.temperature", 5.0, unit="degC")], NOW)
    later = NOW + timedelta(minutes=10)
    (judged,) = judge.judge([reading("x.temperature", 30.0, unit="degC", at=later)], later)
    assert judged.quality is Quality.GOOD


def test_the_site_file_says_how_fast() -> None:
    judge = Judge(rule(max_change_per_min={"temperature": 0.5}))
    judge.judge([reading("x.temperature", 20.0, unit="degC")], NOW)
    at = NOW + timedelta(seconds=30)
    (judged,) = judge.judge([reading("x.temperature", 21.0, unit="degC", at=at)], at)
    assert judged.quality is Quality.UNCERTAIN
    assert judged.reason == "rose 1 degC in 30 s"


def test_a_setpoint_may_jump() -> None:
    judge = Judge(rule())
    judge.judge([reading("x.setpoint", 19.0, unit="degC")], NOW)
    (judged,) = judge.judge([reading("x.setpoint", 29.0, unit="degC")], NOW)
    assert judged.quality is Quality.GOOD


@pytest.mark.parametrize(
    ("point", "unit", "expected"),
    [
        ("power", "kW", None),
        ("humidity", "percent", None),
        ("soc", "percent", RateLimit(3.0, 0.15)),
        ("frequency", "Hz", RateLimit(1.0, 0.5)),
    ],
)
def test_what_has_inertia_has_a_limit(point: str, unit: str, expected: RateLimit | None) -> None:
    assert rate_limit(point, unit) == expected
    assert rate_limit(point, unit, 60.0) == RateLimit(60.0, 1.0)


def test_a_clock_that_steps_back_allows_the_jump_alone() -> None:
    late = NOW - timedelta(hours=1)
    limit = RateLimit(1.0, 10.0)
    assert too_fast(limit, (20.0, NOW), reading("x.t", 20.9, unit="degC", at=late)) is None
    assert too_fast(limit, (20.0, NOW), reading("x.t", 18.0, unit="degC", at=late)) == (
        "fell 2 degC in 0 s"
    )


def test_a_share_is_doubted_until_the_device_has_spoken_percent() -> None:
    judge = Judge(rule())

    def soc(value: float) -> str:
        (judged,) = judge.judge([reading("x.soc", value, unit="percent")], NOW)
        assert judged.value == value
        return f"{judged.quality} {judged.reason}".strip()

    assert soc(0.55) == "uncertain 0.55 percent: a share of 1 where percent is due?"
    assert soc(0.0) == "good"
    assert soc(2.0) == "good"
    assert soc(0.9) == "good"
