from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.types import Quality, Reading
from edge_agent.store.block import (
    Column,
    PointName,
    by_point,
    decode,
    encode,
    readings_of,
)
from edge_agent.store.types import DamagedBlockError

START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)

TIMES = st.integers(min_value=-5_000_000_000, max_value=32_503_680_000_000).map(
    lambda at_ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
)
NEAR_TIMES = st.integers(-4_000_000, 4_000_000).map(lambda ms: START + timedelta(milliseconds=ms))
VALUES = st.one_of(
    st.floats(allow_nan=False),
    st.floats(width=32, allow_nan=False),
    st.integers(-(10**6), 10**6).map(lambda raw: raw / 10),
)


@st.composite
def a_reading(draw: st.DrawFn) -> Reading:
    quality = draw(st.sampled_from(Quality))
    value = draw(VALUES if quality.usable else st.none() | VALUES)
    return Reading(
        device=draw(st.sampled_from(["meter", "battery", "zähler"])),
        point=draw(st.sampled_from(["power", "soc", "state"])),
        value=value,
        unit=draw(st.sampled_from(["kW", ""])),
        at=draw(NEAR_TIMES | TIMES),
        quality=quality,
        reason=draw(st.sampled_from(["", "no answer", "frozen for 600 s"]) | st.text(max_size=8)),
    )


def numbered(readings: Iterable[Reading]) -> tuple[dict[int, list[Reading]], dict[int, PointName]]:
    series = by_point(readings)
    names = dict(enumerate(series, start=3))
    return {number: series[name] for number, name in names.items()}, names


def sweeps(seconds: int, devices: int = 2, points: int = 10) -> list[Reading]:
    return [
        Reading(
            device=f"device_{device}",
            point=f"point_{point}",
            value=230 + (second * 7 + point) % 20 / 10,
            unit="V",
            at=START + timedelta(seconds=second, milliseconds=device),
            quality=Quality.GOOD,
        )
        for second in range(seconds)
        for device in range(devices)
        for point in range(points)
    ]


def flat(series: Mapping[int, list[Reading]]) -> list[Reading]:
    return [reading for number in sorted(series) for reading in series[number]]


@given(st.lists(a_reading(), min_size=1, max_size=60))
def test_readings_come_back_point_by_point(readings: list[Reading]) -> None:
    series, names = numbered(readings)
    assert readings_of(decode(encode(series), names)) == flat(series)


@given(st.lists(a_reading(), min_size=1, max_size=40), st.data())
def test_wanted_points_come_back_alone(readings: list[Reading], data: st.DataObject) -> None:
    series, names = numbered(readings)
    wanted = data.draw(st.sets(st.sampled_from(sorted(names))))
    known = {number: names[number] for number in wanted}
    columns = decode(encode(series), known, wanted)
    assert readings_of(columns) == flat({number: series[number] for number in wanted})


@given(st.lists(a_reading(), min_size=1, max_size=30), st.data())
def test_a_damaged_block_is_refused_and_nothing_else(
    readings: list[Reading], data: st.DataObject
) -> None:
    series, names = numbered(readings)
    block = bytearray(encode(series))
    place = data.draw(st.integers(0, len(block) - 1))
    block[place] ^= data.draw(st.integers(1, 255))
    try:
        assert readings_of(decode(bytes(block), names)) == flat(series)
    except DamagedBlockError:
        return


def test_an_unknown_format_and_an_empty_block_are_named() -> None:
    with pytest.raises(DamagedBlockError, match="format 63"):
        decode(b"c2", {})
    with pytest.raises(DamagedBlockError, match="missing"):
        decode(b"", {})


def test_times_are_kept_to_the_millisecond_below() -> None:
    at = START + timedelta(microseconds=1999)
    reading = replace(sweeps(1)[0], at=at, raw=(1, 2))
    series, names = numbered([reading])
    kept = replace(reading, at=START + timedelta(milliseconds=1), raw=())
    assert readings_of(decode(encode(series), names)) == [kept]


def test_points_read_together_share_one_time_column() -> None:
    series, names = numbered(sweeps(10))
    columns = decode(encode(series), names)
    assert len({id(column.at_ms) for column in columns}) == 2
    assert len(columns) == 20


def test_a_site_of_800_points_takes_less_than_a_byte_a_reading() -> None:
    readings = sweeps(10, devices=20, points=40)
    assert len(encode(numbered(readings)[0])) < len(readings)


def test_usable_runs_leave_out_the_rest() -> None:
    qualities = [Quality.GOOD, Quality.BAD, Quality.UNCERTAIN, Quality.UNCERTAIN, Quality.MISSING]
    readings = [
        Reading(
            device="d",
            point="p",
            value=None if quality is Quality.MISSING else float(second),
            unit="kW",
            at=START + timedelta(seconds=second),
            quality=quality,
        )
        for second, quality in enumerate(qualities)
    ]
    series, names = numbered(readings)
    column: Column = decode(encode(series), names)[0]
    assert [list(values) for _, values in column.usable()] == [[0.0], [2.0, 3.0]]
