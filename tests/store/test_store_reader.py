from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean

import pytest

from drivers.types import Quality, Reading
from edge_agent.clock import ManualClock
from edge_agent.store.reader import QUARTER_S, HistoryReader, QuarterSeries
from edge_agent.store.store import Store
from edge_agent.store.types import StoreUnavailableError, StoreVersionError

Sweep = Callable[[int], list[Reading]]
OpenStore = Callable[..., Awaitable[Store]]

START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
QUALITIES = (Quality.GOOD, Quality.UNCERTAIN, Quality.BAD, Quality.GOOD, Quality.STALE)


def powers(first_s: int, last_s: int, step_s: int = 20, unit: str = "kW") -> list[Reading]:
    return [
        Reading(
            device="meter",
            point="power",
            value=(second * 37 % 1000) / 10,
            unit=unit,
            at=START + timedelta(seconds=second),
            quality=QUALITIES[second // step_s % len(QUALITIES)],
        )
        for second in range(first_s, last_s, step_s)
    ]


def expected(readings: Iterable[Reading]) -> QuarterSeries:
    quarters: dict[int, list[float]] = {}
    for reading in readings:
        if reading.quality.usable and reading.value is not None:
            start_s = int(reading.at.timestamp()) // QUARTER_S * QUARTER_S
            quarters.setdefault(start_s, []).append(reading.value)
    order = sorted(quarters)
    means = [fmean(quarters[start_s]) for start_s in order]
    return QuarterSeries(order, means, [len(quarters[start_s]) for start_s in order])


def assert_alike(found: QuarterSeries, wanted: QuarterSeries) -> None:
    assert found.start_epoch_s == wanted.start_epoch_s
    assert found.count == wanted.count
    assert found.mean == pytest.approx(wanted.mean)


async def write(store: Store, readings: list[Reading], per_commit: int = 7) -> None:
    for start in range(0, len(readings), per_commit):
        store.append(readings[start : start + per_commit])
        await store.commit()


async def test_means_are_those_of_what_was_written(
    open_store: OpenStore, path: Path, clock: ManualClock, sweep: Sweep
) -> None:
    store = await open_store()
    readings = powers(0, 4 * 3600)
    await write(store, readings)
    store.append(sweep(0))
    await store.commit()
    reader = HistoryReader(path)
    reader.advance(frozenset({"meter.power", "room.temp", "room.co2", "nobody.here"}), clock.now())
    assert_alike(reader.series("meter.power"), expected([*readings, sweep(0)[0]]))
    assert_alike(reader.series("room.temp"), expected(sweep(0)[1:2]))
    assert reader.series("room.co2") == QuarterSeries([], [], [])
    assert reader.series("nobody.here") == QuarterSeries([], [], [])
    assert sorted(reader.history()) == ["meter.power", "room.co2", "room.temp"]


async def test_each_commit_is_taken_once_as_the_file_grows(
    open_store: OpenStore, path: Path, clock: ManualClock
) -> None:
    store = await open_store()
    reader = HistoryReader(path)
    reader.advance(frozenset({"meter.power"}), clock.now())
    readings = powers(0, 3600)
    for start in range(0, len(readings), 30):
        await write(store, readings[start : start + 30])
        reader.advance(frozenset({"meter.power"}), clock.now())
        assert reader.last_seq == await store.last_seq()
    reader.advance(frozenset({"meter.power"}), clock.now())
    assert_alike(reader.series("meter.power"), expected(readings))


async def test_a_quarter_without_readings_stays_missing(
    open_store: OpenStore, path: Path, clock: ManualClock
) -> None:
    store = await open_store()
    await write(store, [*powers(0, 900), *powers(2700, 3600)])
    reader = HistoryReader(path)
    reader.advance(frozenset({"meter.power"}), clock.now())
    start_s = int(START.timestamp())
    assert reader.series("meter.power").start_epoch_s == [start_s, start_s + 2700]


async def test_a_point_wanted_later_is_caught_up_and_one_no_longer_wanted_forgotten(
    open_store: OpenStore, path: Path, clock: ManualClock, sweep: Sweep
) -> None:
    store = await open_store()
    readings = powers(0, 1800)
    await write(store, readings)
    await write(store, sweep(5)[1:2])
    reader = HistoryReader(path)
    reader.advance(frozenset({"room.temp"}), clock.now())
    more = powers(1800, 3600)
    await write(store, more)
    reader.advance(frozenset({"meter.power"}), clock.now())
    assert_alike(reader.series("meter.power"), expected([*readings, *more]))
    assert reader.series("room.temp") == QuarterSeries([], [], [])


async def test_only_the_last_days_are_kept(
    open_store: OpenStore, path: Path, clock: ManualClock
) -> None:
    store = await open_store()
    day_s = 86_400
    old, fresh = powers(0, 3600), powers(2 * day_s, 2 * day_s + 3600)
    await write(store, old)
    await clock.advance(3 * day_s)
    early = HistoryReader(path, days=4)
    early.advance(frozenset({"meter.power"}), clock.now())
    assert_alike(early.series("meter.power"), expected(old))
    await write(store, fresh)
    late = HistoryReader(path, days=1.5)
    await clock.advance(2 * day_s)
    early.advance(frozenset({"meter.power"}), clock.now())
    late.advance(frozenset({"meter.power"}), clock.now())
    assert_alike(early.series("meter.power"), expected(fresh))
    assert late.series("meter.power") == QuarterSeries([], [], [])


async def test_another_unit_starts_the_point_anew(
    open_store: OpenStore, path: Path, clock: ManualClock
) -> None:
    store = await open_store()
    await write(store, powers(0, 900, unit="W"))
    reader = HistoryReader(path)
    reader.advance(frozenset({"meter.power"}), clock.now())
    await write(store, powers(900, 1800))
    reader.advance(frozenset({"meter.power"}), clock.now())
    assert_alike(reader.series("meter.power"), expected(powers(900, 1800)))


async def test_what_is_no_number_is_not_averaged(
    open_store: OpenStore, path: Path, clock: ManualClock
) -> None:
    store = await open_store()
    sound = powers(0, 60)[:2]
    await write(store, [*sound, replace(sound[0], value=float("nan"))])
    reader = HistoryReader(path)
    reader.advance(frozenset({"meter.power"}), clock.now())
    assert_alike(reader.series("meter.power"), expected(sound))


async def test_a_damaged_block_is_left_out_and_counted(
    open_store: OpenStore, path: Path, clock: ManualClock
) -> None:
    store = await open_store()
    readings = powers(0, 400)
    await write(store, readings, per_commit=10)
    with sqlite3.connect(path) as db:
        db.execute(
            "UPDATE commit_block SET body = x'0100' WHERE seq = (SELECT min(seq) FROM commit_block)"
        )
    db.close()
    reader = HistoryReader(path)
    reader.advance(frozenset({"meter.power"}), clock.now())
    assert_alike(reader.series("meter.power"), expected(readings[10:]))
    assert reader.damaged_blocks == 1


async def test_a_file_that_cannot_be_read_is_an_error_and_nothing_counts_twice(
    open_store: OpenStore, path: Path, clock: ManualClock
) -> None:
    reader = HistoryReader(path)
    with pytest.raises(StoreUnavailableError, match="cannot read"):
        reader.advance(frozenset({"meter.power"}), clock.now())
    store = await open_store()
    await write(store, powers(0, 900))
    reader.advance(frozenset({"meter.power"}), clock.now())
    await store.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=9")
    db.close()
    with pytest.raises(StoreVersionError):
        reader.advance(frozenset({"meter.power"}), clock.now())
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=3")
    db.close()
    reader.advance(frozenset({"meter.power"}), clock.now())
    assert_alike(reader.series("meter.power"), expected(powers(0, 900)))
