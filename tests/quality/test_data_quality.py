"""Marking, counting and telling: from the poll to the alarm."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from field_images import reading
from status_pictures import picture

from drivers.types import Quality, Reading
from edge_agent.clock import ManualClock
from edge_agent.clock_trust import ClockTrust
from edge_agent.clock_watch import ClockView
from edge_agent.conditions import conditions
from edge_agent.data_quality import DataQuality
from edge_agent.fields import build_drivers
from edge_agent.site.examples import example_path
from edge_agent.site.load import load_site
from edge_agent.snapshot import Board
from edge_agent.status import QualityView
from edge_agent.store.store import Store, StoreOptions

SITE = load_site(example_path("hotel.yaml")).site
NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)
PV = "pv_inverter_001.ac_power"
CODES = {"data_quality_low", "implausible", "clock_untrusted", "clock_stepped"}


class Refusing:
    """A disk that can be told to refuse."""

    def __init__(self) -> None:
        self.refuses = False

    def __call__(self, _db: object) -> None:
        if self.refuses:
            msg = "database or disk is full"
            raise sqlite3.OperationalError(msg)


@pytest.fixture
def disk() -> Refusing:
    return Refusing()


@pytest.fixture
async def store(tmp_path: Path, disk: Refusing) -> AsyncIterator[Store]:
    options = StoreOptions(before_write=disk)
    opened = await Store.open(tmp_path / "edge.db", ManualClock(NOON), options)
    yield opened
    await opened.close()


def quality_of(store: Store) -> DataQuality:
    return DataQuality(SITE, build_drivers(SITE, ManualClock(NOON)), store)


def polls(office: DataQuality, minutes: range, quality: Quality) -> None:
    """The battery once a minute: state of charge, and a setpoint that nobody commands."""
    for minute in minutes:
        at = NOON + timedelta(minutes=minute)
        value = 50.0 if quality.usable else None
        office.take(
            "battery_bms_001",
            [
                reading("battery_bms_001.soc", value, unit="percent", at=at, quality=quality),
                reading("battery_bms_001.power_setpoint", None, at=at, quality=Quality.MISSING),
            ],
            at,
        )


def found(view: QualityView, clock: ClockView | None = None) -> set[tuple[str, str]]:
    """Codes and subjects of what is wrong, as far as quality and clock go."""
    status = replace(picture(), quality=view, clock=clock or ClockView())
    return {(one.code, one.subject) for one in conditions(status) if one.code in CODES}


async def test_a_setpoint_nobody_commands_is_no_invalid_reading(store: Store) -> None:
    office = quality_of(store)
    polls(office, range(5), Quality.GOOD)
    view = office.view(NOON)
    assert view.site is not None
    assert (view.site.valid, view.site.readings, view.site.valid_share) == (5, 5, 1.0)


@pytest.mark.parametrize("quality", [Quality.ASLEEP, Quality.NOT_IMPLEMENTED])
async def test_what_was_not_due_is_not_counted(store: Store, quality: Quality) -> None:
    office = quality_of(store)
    polls(office, range(5), quality)
    view = office.view(NOON)
    assert view.site is not None
    assert view.site.valid_share is None
    assert view.devices == ()


@pytest.mark.parametrize(
    "quality", [Quality.UNCERTAIN, Quality.BAD, Quality.MISSING, Quality.STALE]
)
async def test_a_quarter_of_an_hour_of_doubt_raises_the_alarm(
    store: Store, quality: Quality
) -> None:
    office = quality_of(store)
    polls(office, range(60), Quality.GOOD)
    polls(office, range(60, 76), quality)
    assert found(office.view(NOON + timedelta(minutes=75))) == set()
    polls(office, range(76, 78), quality)
    assert found(office.view(NOON + timedelta(minutes=77))) == {
        ("data_quality_low", "battery_bms_001"),
        ("data_quality_low", "small_house"),
    }
    polls(office, range(78, 83), Quality.GOOD)
    assert found(office.view(NOON + timedelta(minutes=83))) == set()


async def test_a_finding_marks_the_next_poll_and_is_told(store: Store) -> None:
    office, board = quality_of(store), Board()

    def cycle(second: int) -> Reading:
        at = NOON + timedelta(seconds=second)
        (one,) = office.take("pv_inverter_001", [reading(PV, 130_000.0, at=at)], at)
        board.post([one], stale_s=30.0)
        office.watch(board.freeze(at), clock_trusted=True)
        return one

    assert [cycle(second).quality for second in (0, 5, 10)] == ["good", "bad", "bad"]
    view = office.view(NOON)
    assert found(view) == {("implausible", PV)}
    assert [(one.point, one.quality) for one in view.findings] == [(PV, "bad")]
    assert view.findings[0].since == NOON


async def test_the_day_goes_on_after_a_restart(store: Store) -> None:
    before = quality_of(store)
    polls(before, range(10), Quality.GOOD)
    await before.save(NOON, clock_trusted=True)
    polls(before, range(10, 20), Quality.MISSING)
    await before.save(NOON + timedelta(seconds=30), clock_trusted=True)
    await before.save(NOON + timedelta(seconds=31), clock_trusted=True, at_once=True)
    after = quality_of(store)
    await after.start(NOON, clock_trusted=True)
    polls(after, range(20, 21), Quality.GOOD)
    (battery,) = after.view(NOON).devices
    assert (battery.valid, battery.readings) == (11, 21)


async def test_nothing_is_kept_under_the_date_of_a_wrong_clock(store: Store) -> None:
    office = quality_of(store)
    polls(office, range(10), Quality.GOOD)
    await office.save(NOON, clock_trusted=False, at_once=True)
    after = quality_of(store)
    await after.start(NOON, clock_trusted=True)
    polls(after, range(10, 11), Quality.GOOD)
    (battery,) = after.view(NOON).devices
    assert battery.readings == 1


async def test_a_wrong_clock_at_the_start_takes_the_day_up_later(store: Store) -> None:
    before = quality_of(store)
    polls(before, range(10), Quality.GOOD)
    await before.save(NOON, clock_trusted=True)
    after = quality_of(store)
    await after.start(NOON, clock_trusted=False)
    polls(after, range(10, 11), Quality.GOOD)
    await after.save(NOON, clock_trusted=True)
    (battery,) = after.view(NOON).devices
    assert battery.readings == 11


async def test_a_full_disk_only_makes_the_counts_wait(store: Store, disk: Refusing) -> None:
    office = quality_of(store)
    polls(office, range(10), Quality.GOOD)
    disk.refuses = True
    await office.save(NOON, clock_trusted=True)
    disk.refuses = False
    await office.save(NOON + timedelta(minutes=2), clock_trusted=True)
    after = quality_of(store)
    await after.start(NOON, clock_trusted=True)
    polls(after, range(10, 11), Quality.GOOD)
    (battery,) = after.view(NOON).devices
    assert battery.readings == 11


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        (ClockView(trust=ClockTrust.SYNCHRONISED, since=NOON), set()),
        (ClockView(trust=ClockTrust.ESTIMATED, since=NOON), set()),
        (ClockView(trust=ClockTrust.UNKNOWN, since=NOON), {("clock_untrusted", "clock")}),
        (
            ClockView(trust=ClockTrust.SYNCHRONISED, since=NOON, steps=1, last_step_s=-3600.0),
            {("clock_stepped", "clock")},
        ),
        (ClockView(), set()),
    ],
)
def test_the_clock_in_the_alarms(clock: ClockView, expected: set[tuple[str, str]]) -> None:
    assert found(QualityView(), clock) == expected
