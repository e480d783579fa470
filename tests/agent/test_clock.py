"""Plant time: the wall's, a faster one shared by processes, and one moved by hand."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from field_images import NOW

from edge_agent.clock import ManualClock, ScaledClock, SystemClock, format_origin, parse_origin


async def test_real_time_is_utc_and_rises() -> None:
    clock = SystemClock()
    began_s, began = clock.monotonic_s(), clock.now()
    await clock.sleep(0.02)
    await clock.sleep(-1)
    assert clock.monotonic_s() - began_s >= 0.02
    assert clock.now() > began
    assert began.utcoffset() == timedelta(0)


async def test_a_scaled_clock_runs_faster_and_is_shared() -> None:
    origin_s = time.monotonic()
    one, other = ScaledClock(NOW, 1000.0, origin_s), ScaledClock(NOW, 1000.0, origin_s)
    began_s = time.monotonic()
    await one.sleep(20.0)
    assert 0.02 <= time.monotonic() - began_s < 1.0
    assert one.monotonic_s() >= 20.0
    assert abs(other.now() - one.now()) < timedelta(seconds=100)


@pytest.mark.parametrize("speed", [0.0, -1.0])
def test_time_does_not_stand_or_run_backwards(speed: float) -> None:
    with pytest.raises(ValueError, match="speed must be positive"):
        ScaledClock(NOW, speed, 0.0)


def test_an_origin_survives_the_command_line() -> None:
    clock = ScaledClock(datetime(2026, 6, 1, 14, tzinfo=UTC), 60.0, 1234.5678901)
    again = parse_origin(format_origin(clock))
    assert (again.start, again.speed, again.origin_s) == (clock.start, 60.0, 1234.5678901)


@pytest.mark.parametrize("text", ["", "60", "60@1", "x@1=2026-06-01T00:00:00Z", "0@1=2026-06-01"])
def test_an_origin_nobody_understands_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not SPEED@MONOTONIC_S=ISO_START"):
        parse_origin(text)


async def test_a_manual_clock_wakes_those_who_are_due() -> None:
    clock = ManualClock(NOW)
    woken: list[float] = []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.create_task(sleeper(seconds)) for seconds in (5.0, 10.0)]
    await asyncio.sleep(0)
    await clock.advance(7.0)
    await tasks[0]
    assert (woken, clock.monotonic_s(), clock.now()) == ([5.0], 7.0, NOW + timedelta(seconds=7))
    await clock.advance(3.0)
    await tasks[1]
    assert woken == [5.0, 10.0]
