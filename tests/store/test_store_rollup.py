from __future__ import annotations

import math
import random
import sqlite3
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean

import pytest

from drivers.types import Quality, Reading
from edge_agent.clock import ManualClock
from edge_agent.store.reader import HistoryReader
from edge_agent.store.retention import Upkeep
from edge_agent.store.store import Store

OpenStore = Callable[..., Awaitable[Store]]

START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
VIEWS = {"rollup_5min": 300, "rollup_15min": 900, "rollup_hour": 3600}
POWER = Reading(device="meter", point="power", value=0.0, unit="kW", at=START, quality=Quality.GOOD)
ENERGY = replace(POWER, point="energy", unit="kWh")

Row = tuple[object, ...]


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def powers(first_s: int, last_s: int, step_s: int = 10) -> list[Reading]:
    """Two points whose values and qualities wander."""
    chance = random.Random(first_s)  # noqa: S311 - a wander, no secret
    kinds = [Quality.GOOD] * 8 + [Quality.UNCERTAIN, Quality.MISSING]
    found = []
    for second in range(first_s, last_s, step_s):
        quality = chance.choice(kinds)
        value = round(chance.uniform(-50, 400), 2) if quality.usable else None
        found.append(replace(POWER, value=value, at=at(second), quality=quality))
        found.append(replace(POWER, point="float", value=chance.gauss(), at=at(second)))
    return found


async def write(store: Store, readings: Iterable[Reading], per_commit: int = 6) -> None:
    gathered = list(readings)
    for start in range(0, len(gathered), per_commit):
        store.append(gathered[start : start + per_commit])
        await store.commit()


async def settle(store: Store) -> list[Upkeep]:
    """Maintain until there is nothing more to do."""
    done = [await store.maintain()]
    while done[-1].more:
        done.append(await store.maintain())
    assert [upkeep.error for upkeep in done if upkeep.error] == []
    return done


def rows(path: Path, query: str, *values: object) -> list[Row]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute(query, values).fetchall()


def expected(readings: Iterable[Reading], span_s: int) -> dict[tuple[str, str], Row]:
    """By point and start: mean, min, max, last, count, share good."""
    spans: dict[tuple[str, str], list[Reading]] = defaultdict(list)
    for reading in readings:
        epoch_s = int(reading.at.timestamp()) // span_s * span_s
        start = datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        spans[reading.point, start].append(reading)
    found: dict[tuple[str, str], Row] = {}
    for key, part in spans.items():
        usable = sorted((r.at, r.value) for r in part if r.quality.usable)
        values = [value for _, value in usable if value is not None]
        good = sum(r.quality is Quality.GOOD for r in part) / len(part)
        figures = (fmean(values), min(values), max(values), values[-1]) if values else (None,) * 4
        found[key] = (*figures, len(part), good)
    return found


def assert_rolled_up(path: Path, readings: list[Reading], before: str = "9") -> None:
    """Each view holds what the readings come to, of the spans that start before that time."""
    for view, span_s in VIEWS.items():
        query = f"SELECT point, start, mean, min, max, last, count, share_good FROM {view}"  # noqa: S608 - names are ours
        found = {(row[0], row[1]): row[2:] for row in rows(path, query)}
        wanted = {key: row for key, row in expected(readings, span_s).items() if key[1] < before}
        assert found.keys() == wanted.keys()
        for key, row in wanted.items():
            assert found[key] == tuple(
                pytest.approx(number, rel=1e-6, abs=1e-6) for number in row
            ), key


async def test_views_show_what_was_read(open_store: OpenStore, path: Path) -> None:
    store = await open_store()
    readings = powers(0, 3 * 3600)
    await write(store, readings)
    end = [replace(POWER, value=1.0, at=at(4 * 3600))]
    await write(store, end)
    done = await settle(store)
    assert sum(upkeep.rolled_blocks for upkeep in done) == len(readings) // 6 + 1
    assert_rolled_up(path, readings)
    query = "SELECT DISTINCT device, unit, energy_kwh FROM rollup_hour WHERE point = 'power'"
    [row] = rows(path, query)
    assert row == ("meter", "kW", None)


async def test_decimals_are_kept_exactly_and_others_to_seven_digits(
    open_store: OpenStore, path: Path
) -> None:
    store = await open_store()
    values = {"a": [230.1, 230.2, 229.9], "b": [1 / 3, 2 / 3, 1 / 7], "c": [0.0, 1.0, 1.0]}
    values |= {"d": [1e-9, 2e-9, 3e-9], "e": [1234567.89, 1234567.9, 1234568.0], "f": [-5.0] * 3}
    values |= {"g": [1e11 + 0.5, 3.0, 1e11], "h": [1e13, 1.0, math.inf]}
    for second in range(3):
        store.append(
            [replace(POWER, point=p, value=v[second], at=at(second)) for p, v in values.items()]
        )
    await store.commit()
    await write(store, [replace(POWER, at=at(4000))])
    await settle(store)
    query = "SELECT point, mean, min, max, last, count FROM rollup_hour WHERE point <> 'power'"
    found = {str(point): figures for point, *figures in rows(path, query)}
    assert found.pop("h") == [1.0, 1.0, 1.0, 1.0, 3]
    for point, figures in found.items():
        given = values[point]
        wanted = [fmean(given), min(given), max(given), given[-1], 3]
        assert figures == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    for point in "acef":
        assert found[point][1:] == [min(values[point]), max(values[point]), values[point][-1], 3]
    assert found["a"][0] == pytest.approx(fmean(values["a"]), rel=1e-14)


async def test_a_restart_in_between_counts_every_reading_once(
    open_store: OpenStore, path: Path
) -> None:
    readings = powers(0, 2 * 3600)
    third = len(readings) // 3
    for start in range(0, len(readings), third):
        store = await open_store()
        await write(store, readings[start : start + third])
        for _ in range(start % 5):
            await store.maintain()
        await store.close()
    store = await open_store()
    await write(store, [replace(POWER, value=1.0, at=at(9000))])
    await settle(store)
    assert_rolled_up(path, readings)


async def test_late_readings_are_merged_and_do_not_become_the_last(
    open_store: OpenStore, path: Path
) -> None:
    store = await open_store()
    readings = powers(0, 3600)
    late = [replace(POWER, value=999.0, at=at(second)) for second in range(5, 3600, 300)]
    await write(store, readings)
    await write(store, late)
    await write(store, [replace(POWER, value=1.0, at=at(5000))])
    await settle(store)
    assert_rolled_up(path, [*readings, *late])


async def test_nothing_is_rolled_up_when_the_disk_refuses_and_all_of_it_later(
    open_store: OpenStore, path: Path
) -> None:
    full = False

    def disk(_db: sqlite3.Connection) -> None:
        if full:
            raise sqlite3.OperationalError("database or disk is full")

    store = await open_store(before_write=disk)
    readings = powers(0, 3600)
    await write(store, readings)
    full = True
    refused = [await store.maintain() for _ in range(5)]
    assert any("full" in upkeep.error for upkeep in refused)
    assert rows(path, "SELECT * FROM rollup_hour") == []
    full = False
    await write(store, [replace(POWER, value=1.0, at=at(5000))])
    await settle(store)
    assert_rolled_up(path, readings)


async def test_energy_is_counted_across_wraps_resets_and_other_meters(
    open_store: OpenStore, path: Path
) -> None:
    store = await open_store()
    shown = [99990.0, 99995.5, 0.5, 2.5, 1.0, 53000.0, 53001.25, 52000.0, 52000.5]
    shown[4] = 0.02
    await write(
        store,
        [replace(ENERGY, value=kwh, at=at(60 * minute)) for minute, kwh in enumerate(shown)],
        per_commit=1,
    )
    await write(store, [replace(POWER, value=1.0, at=at(3600))])
    await settle(store)
    [(hour,)] = rows(path, "SELECT energy_kwh FROM rollup_hour WHERE point = 'energy'")
    assert hour == pytest.approx(5.5 + 5.0 + 2.0 + 0.02 + 1.25 + 0.5)
    fives = rows(path, "SELECT start, energy_kwh FROM rollup_5min WHERE point = 'energy'")
    assert [start for start, _ in fives] == ["2026-01-15T12:00:00Z", "2026-01-15T12:05:00Z"]
    assert sum(float(str(kwh)) for _, kwh in fives) == pytest.approx(hour)
    notes = [str(text) for (text,) in rows(path, "SELECT text FROM events WHERE kind = 'meter'")]
    assert [note.rsplit(" ", 1)[1] for note in notes] == ["wrap", "reset", "swap", "swap"]
    assert "meter.energy went from 99995.5 to 0.5 kWh" in notes[0]


async def test_a_counter_goes_on_over_a_restart(open_store: OpenStore, path: Path) -> None:
    for hour in range(3):
        store = await open_store()
        readings = [
            replace(ENERGY, value=100.0 + hour * 12 + k, at=at(3600 * hour + 300 * k))
            for k in range(12)
        ]
        await write(store, readings)
        await settle(store)
        await store.close()
    store = await open_store()
    await write(store, [replace(POWER, value=1.0, at=at(4 * 3600))])
    await settle(store)
    query = "SELECT energy_kwh FROM rollup_hour WHERE point = 'energy' ORDER BY start"
    assert rows(path, query) == [(11.0,), (12.0,), (12.0,)]


async def test_a_point_left_out_has_no_roll_up(open_store: OpenStore, path: Path) -> None:
    store = await open_store(left_out=frozenset({"meter.float"}))
    await write(store, powers(0, 600))
    await settle(store)
    assert rows(path, "SELECT DISTINCT point FROM rollup_5min") == [("power",)]


async def test_the_reader_takes_roll_ups_and_the_newer_blocks(
    open_store: OpenStore, path: Path, clock: ManualClock
) -> None:
    store = await open_store()
    readings = powers(0, 5 * 3600)
    wanted = frozenset({"meter.power", "meter.float"})
    reader = HistoryReader(path)
    half = len(readings) // 2
    await write(store, readings[:half])
    await settle(store)
    reader.advance(frozenset({"meter.float"}), clock.now())
    await write(store, readings[half:])
    await store.maintain()
    reader.advance(wanted, clock.now())
    await settle(store)
    fresh = HistoryReader(path)
    fresh.advance(wanted, clock.now())
    for point in ("power", "float"):
        means = {s: row for (p, s), row in expected(readings, 900).items() if p == point and row[0]}
        for followed in (reader, fresh):
            series = followed.series(f"meter.{point}")
            starts = [datetime.fromtimestamp(s, UTC) for s in series.start_epoch_s]
            assert [f"{s:%Y-%m-%dT%H:%M:%SZ}" for s in starts] == sorted(means)
            assert series.mean == pytest.approx(
                [means[s][0] for s in sorted(means)], rel=1e-6, abs=1e-6
            )


async def test_a_reader_that_missed_deleted_blocks_begins_anew(
    open_store: OpenStore, path: Path, clock: ManualClock
) -> None:
    store = await open_store()
    readings = powers(0, 3 * 3600)
    wanted = frozenset({"meter.float"})
    reader = HistoryReader(path)
    await write(store, readings[:60])
    reader.advance(wanted, clock.now())
    await write(store, readings[60:])
    await settle(store)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM commit_block WHERE seq < (SELECT max(seq) - 60 FROM commit_block)")
    reader.advance(wanted, clock.now())
    means = {s: row[0] for (p, s), row in expected(readings, 900).items() if p == "float"}
    series = reader.series("meter.float")
    assert series.mean == pytest.approx([means[s] for s in sorted(means)], rel=1e-6, abs=1e-6)
