"""Droop support beside the plan: when it runs, what it adds, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from dead_time_rig import METER, NOON, SETPOINT, envelope, picture

from edge_agent.arbiter import Entry, Priority
from edge_agent.fastloop.droop import DroopSettings
from edge_agent.fastloop.grid_quality import GridLimits
from edge_agent.fastloop.quality_watch import QualityWatch
from edge_agent.fastloop.response import SAMPLES, FrequencyResponse, ResponseSettings

HZ = "meter.frequency"
SETTINGS = ResponseSettings(
    point=HZ, setpoint=SETPOINT, droop=DroopSettings(reserve_kw=20.0, reserve_kwh=1.0)
)
CALM = [50.0, 50.01, 49.99, 50.0, 50.01] * 5


def claim(value: float | None = 10.0) -> Entry:
    return Entry(
        point=SETPOINT,
        value=value,
        priority=Priority.PLAN,
        owner="plan",
        reason="plan of noon",
        since=NOON,
        expires=NOON + timedelta(hours=1),
    )


class Wall:
    """Ticks of one response; keeps what left and what was told."""

    def __init__(self, every_s: float = 0.5) -> None:
        self.response = FrequencyResponse(SETTINGS)
        self.lines: list[str] = []
        self.every_s = every_s
        self._second = 0.0

    def plays(self, course: Iterable[float | None], planned_kw: float | None = 10.0) -> list[Entry]:
        """The claim of each tick."""
        found = []
        for frequency_hz in course:
            now = NOON + timedelta(seconds=self._second)
            values = {} if frequency_hz is None else {HZ: (frequency_hz, 0.0)}
            (one,) = self.response.add(
                [claim(planned_kw)], {SETPOINT: envelope()}, picture(now, values)
            )
            found.append(one)
            self.lines += self.response.lines
            self._second += self.every_s
        return found


@pytest.mark.parametrize(
    ("frequency_hz", "planned_kw", "left_kw"),
    [
        (50.0, 10.0, 10.0),
        (49.8, 10.0, -10.0),
        (49.0, 10.0, -10.0),
        (50.11, 10.0, 20.0),
        (50.2, 90.0, 100.0),
        (49.8, -95.0, -100.0),
        (None, 10.0, 10.0),
        (49.8, None, None),
    ],
)
def test_what_is_added_to_the_plan(
    frequency_hz: float | None, planned_kw: float | None, left_kw: float | None
) -> None:
    """Never beyond what the battery can do."""
    wall = Wall()
    wall.plays(CALM)
    (one,) = wall.plays([frequency_hz], planned_kw)
    assert one.value == (None if left_kw is None else pytest.approx(left_kw))
    assert ("Hz" in one.reason) is (left_kw is not None and left_kw != planned_kw)


@pytest.mark.parametrize(
    ("every_s", "course", "why"),
    [
        (0.5, [50.0] * 30, "too few different"),
        (0.5, [50.0, 50.02, 49.98, 50.0] * 8, "the meter resolves 20 mHz"),
        (1.0, CALM, "the meter is read every 1.0 s"),
    ],
)
def test_a_meter_that_is_not_good_enough_is_refused_with_the_reason(
    every_s: float, course: list[float], why: str
) -> None:
    wall = Wall(every_s)
    wall.plays(course)
    (one,) = wall.plays([49.8])
    assert one == claim()
    assert wall.response.refused is not None
    assert why in wall.response.refused
    assert wall.lines[-1] == f"droop support refused: {wall.response.refused}"
    assert len(wall.lines) == len(set(wall.lines)), "each verdict is told once"


def test_a_deviation_is_told_when_it_is_over_and_its_energy_given_back() -> None:
    wall = Wall()
    wall.plays([*CALM, *[49.8] * 20, *[50.0] * 4])
    assert wall.lines[-2] == "droop support runs"
    assert wall.lines[-1] == (
        "frequency went to 49.800 Hz for 10.0 s from 12:00:12Z: -20.0 kW at most, -0.056 kWh"
    )
    later = wall.plays([50.0] * 180)
    assert [one.value for one in later[:100]] == [10.0] * 100
    assert max(one.value or 0.0 for one in later) == pytest.approx(12.0)


def test_a_reserve_that_is_spent_is_told() -> None:
    wall = Wall()
    wall.plays([*CALM, *[49.8] * 600, 50.0])
    assert "the reserve ran out" in wall.lines[-1]


def test_a_meter_that_gets_slow_ends_it() -> None:
    wall = Wall()
    wall.plays(CALM)
    wall.every_s = 2.0
    wall.plays(CALM * (SAMPLES // len(CALM) + 1))
    assert wall.lines[-1].startswith("droop support refused: the meter is read every 2.0 s")


def test_disturbances_at_the_meter_are_told_with_their_worst() -> None:
    watch = QualityWatch(METER, GridLimits())
    lines: list[str] = []
    course = [230.0, 200.0, 190.0, 229.0, 229.0]
    for second, volts in enumerate(course):
        values = {"meter.voltage_l2": (volts, 0.0), HZ: (50.6 if second == 3 else 50.0, 0.0)}
        lines += watch.look(picture(NOON + timedelta(seconds=second), values))
        assert len(watch.lasting) == (second in {1, 2, 3})
    assert lines == [
        "meter.voltage_l2: under voltage begins at 200.00 V",
        "meter.voltage_l2: under voltage ends after 2 s, worst 190.00 V",
        "meter.frequency: over frequency begins at 50.60 Hz",
        "meter.frequency: over frequency ends after 1 s, worst 50.60 Hz",
    ]


def test_distortion_is_a_share_however_the_meter_tells_it() -> None:
    watch = QualityWatch(METER, GridLimits())
    assert watch.look(picture(NOON, {"meter.thd_voltage_l1": (0.09, 0.0)})) == (
        "meter.thd_voltage_l1: distortion begins at 9.0%",
    )


def add(wall: Wall, second: float, frequency_hz: float, age_s: float = 0.0) -> float | None:
    """What leaves at that second with a reading so old."""
    image = picture(NOON + timedelta(seconds=second), {HZ: (frequency_hz, age_s)})
    (one,) = wall.response.add([claim()], {SETPOINT: envelope()}, image)
    return one.value


def test_a_reading_is_answered_no_longer_than_it_may_stand() -> None:
    """The site's own patience with a silent meter is far longer."""
    wall = Wall()
    wall.plays([*CALM, 49.8])
    assert [add(wall, 14.0 + age_s, 49.8, age_s) for age_s in (1.9, 2.1, 60.0)] == [
        -10.0,
        10.0,
        10.0,
    ]


@pytest.mark.parametrize("frequency_hz", [45.0, 60.0])
def test_a_frequency_that_no_grid_has_is_not_answered(frequency_hz: float) -> None:
    wall = Wall()
    wall.plays(CALM)
    assert [one.value for one in wall.plays([frequency_hz, 52.4])] == [10.0, 30.0]


def test_each_line_is_told_once_also_when_no_plan_asks_any_more() -> None:
    wall = Wall()
    wall.plays(CALM)
    add(wall, 13.0, 49.8)
    add(wall, 13.5, 50.0)
    assert [len(wall.response.told()) for _ in range(3)] == [1, 0, 0]


def test_a_clock_that_steps_back_leaves_nothing_hanging_on_before() -> None:
    """What is owed is given back, and the meter is judged by what it does now."""
    wall = Wall()
    wall.plays([*CALM, *[49.8] * 20, 50.0])
    course = [50.0 + 0.01 * (tick % 3 - 1) for tick in range(300)]
    back = [add(wall, -3600.0 + 0.5 * tick, hz) for tick, hz in enumerate(course)]
    assert wall.response.refused is None
    assert max(kw or 0.0 for kw in back) == pytest.approx(12.0)
    for second, hz in enumerate(course):
        add(wall, -7200.0 + second, hz)
    assert "read every 1.0 s" in (wall.response.refused or "")
