"""The share of valid readings: per device and local day, across restarts, and its alarm."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge_agent.clock import ManualClock
from edge_agent.quality_days import KEEP_DAYS, QualityDays
from edge_agent.quality_kpi import QualityCounter, Recent, total_of
from edge_agent.store.store import Store

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "edge.db", ManualClock(NOON))
    yield opened
    await opened.close()


def counted(counter: QualityCounter, now: datetime) -> dict[str, tuple[int, int]]:
    return {name: (count.valid, count.total) for name, count in counter.today(now).items()}


def test_days_are_local_days() -> None:
    counter = QualityCounter(BERLIN)
    before = datetime(2026, 6, 1, 21, 59, tzinfo=UTC)
    counter.add("m", before, 9, 10)
    counter.add("m", before + 2 * MINUTE, 1, 1)
    assert {day.isoformat(): counts["m"].share for day, counts in counter.days.items()} == {
        "2026-06-01": 0.9,
        "2026-06-02": 1.0,
    }


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)]
)
def test_the_days_on_which_the_clock_is_changed_are_whole(day: date, hours: int) -> None:
    counter = QualityCounter(BERLIN)
    start = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    for minute in range(-60, 26 * 60):
        counter.add("m", start + minute * MINUTE, 1, 1)
    assert counter.days[day]["m"].total == hours * 60


def test_nothing_due_is_no_share() -> None:
    counter = QualityCounter(BERLIN)
    counter.add("m", NOON, 0, 0)
    assert counter.today(NOON) == {}
    assert total_of(counter.today(NOON)).share is None


@pytest.mark.parametrize(
    ("good_share", "minutes", "alarming"),
    [(0.0, 15, False), (0.0, 16, True), (0.85, 16, True), (0.92, 60, False), (1.0, 60, False)],
)
def test_a_low_share_alarms_after_a_quarter_of_an_hour(
    *, good_share: float, minutes: int, alarming: bool
) -> None:
    recent = Recent()
    for minute in range(minutes + 1):
        recent.add(NOON + minute * MINUTE, round(100 * good_share), 100)
    assert recent.alarming(NOON + minutes * MINUTE) is alarming


def test_the_alarm_ends_when_the_readings_are_valid_again() -> None:
    recent = Recent()
    for minute in range(30):
        recent.add(NOON + minute * MINUTE, 0, 12)
    assert recent.alarming(NOON + 30 * MINUTE)
    for minute in range(30, 36):
        recent.add(NOON + minute * MINUTE, 12, 12)
    assert not recent.alarming(NOON + 36 * MINUTE)
    assert recent.low_since is None


def test_a_short_outage_is_no_alarm() -> None:
    recent = Recent()
    for minute in range(60):
        recent.add(NOON + minute * MINUTE, 0 if 20 <= minute < 25 else 12, 12)
        assert not recent.alarming(NOON + minute * MINUTE)


def test_a_clock_that_goes_back_starts_the_quarter_of_an_hour_anew() -> None:
    recent = Recent()
    recent.add(NOON, 0, 1)
    recent.add(NOON - timedelta(days=1), 0, 1)
    assert recent.low_since == NOON - timedelta(days=1)


async def test_the_count_of_the_day_survives_restarts(store: Store) -> None:
    for restart in range(1, 4):
        counter = QualityCounter(BERLIN)
        days = QualityDays(counter, store)
        counter.add("m", NOON, 90, 100)
        await days.save(NOON)
        counter.add("m", NOON + MINUTE, 5, 10)
        await days.save(NOON + MINUTE)
        assert counted(counter, NOON) == {"m": (95 * restart, 110 * restart)}
    kept = await days.day(date(2026, 6, 1))
    assert kept is not None
    assert kept.devices == {"m": (285, 330)}


async def test_a_day_that_was_loaded_first_is_not_counted_twice(store: Store) -> None:
    counter = QualityCounter(BERLIN)
    counter.add("m", NOON, 1, 2)
    await QualityDays(counter, store).save(NOON)
    again = QualityCounter(BERLIN)
    days = QualityDays(again, store)
    await days.load(NOON)
    await days.load(NOON)
    again.add("m", NOON, 1, 1)
    await days.save(NOON)
    assert counted(again, NOON) == {"m": (2, 3)}


async def test_days_gone_by_are_kept_in_a_ring(store: Store) -> None:
    counter = QualityCounter(BERLIN)
    days = QualityDays(counter, store)
    for day in range(KEEP_DAYS + 5):
        now = NOON + timedelta(days=day)
        counter.add("m", now, day, 100)
        await days.save(now)
        assert len(counter.days) == 1
    assert await days.day(date(2026, 6, 5)) is None
    newest = await days.day((NOON + timedelta(days=KEEP_DAYS + 4)).date())
    assert newest is not None
    assert newest.devices == {"m": (KEEP_DAYS + 4, 100)}


async def test_what_a_wrong_clock_has_counted_is_dropped(store: Store) -> None:
    counter = QualityCounter(BERLIN)
    days = QualityDays(counter, store)
    counter.add("m", datetime(1970, 1, 1, tzinfo=UTC), 1, 1)
    counter.add("m", NOON, 2, 2)
    await days.save(NOON)
    assert list(counter.days) == [date(2026, 6, 1)]
    assert await days.day(date(1970, 1, 1)) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"day": 1, "devices": 2}', "\x00"])
async def test_a_spoilt_value_is_no_value(store: Store, text: str) -> None:
    day = NOON.date()
    await store.state_put(f"quality.day.{day.toordinal() % KEEP_DAYS}", text)
    assert await QualityDays(QualityCounter(BERLIN), store).day(day) is None
