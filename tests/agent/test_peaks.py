"""Billed peaks over months, restarts and a full disk."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from field_images import reading

from drivers.types import Quality
from edge_agent.notes import Notebook
from edge_agent.peaks import PeakBook
from edge_agent.site.tariff_schema import DemandCharge, Tariff
from edge_agent.store.store import Store
from tests.agent.conftest import Disk

BERLIN = ZoneInfo("Europe/Berlin")
TARIFF = Tariff(
    kind="flat",
    price_per_kwh=0.3,
    demand_charges=(
        DemandCharge(id="quarter", rate_per_kw=9.0, interval_min=15),
        DemandCharge(id="hour", rate_per_kw=2.0, interval_min=60),
    ),
)
JUNE = datetime(2026, 5, 31, 22, tzinfo=UTC)
"""Midnight of the first of June in Berlin."""
JULY = datetime(2026, 6, 30, 22, tzinfo=UTC)
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)


async def book(store: Store, now: datetime) -> PeakBook:
    opened = PeakBook(TARIFF, BERLIN, Notebook(store))
    await opened.start(now)
    return opened


def feed(peaks: PeakBook, start: datetime, minutes: float, power_kw: float) -> datetime:
    """A reading every 15 s up to the end of that time, which is returned."""
    for step in range(int(minutes * 4) + 1):
        at = start + timedelta(seconds=15 * step)
        peaks.post(reading("meter.power", power_kw, at=at))
    return start + timedelta(minutes=minutes)


async def test_each_charge_has_its_own_block(store: Store) -> None:
    peaks = await book(store, NOON)
    now = feed(peaks, NOON, 15, 100.0)
    assert peaks.peaks == {"quarter": pytest.approx(100.0), "hour": 0.0}
    feed(peaks, now, 45, 20.0)
    assert peaks.peaks["quarter"] == pytest.approx(100.0)
    assert peaks.peaks["hour"] == pytest.approx(40.0, abs=0.5)


async def test_a_restart_takes_up_the_peak_of_the_month(store: Store) -> None:
    peaks = await book(store, NOON)
    feed(peaks, NOON, 15, 100.0)
    await peaks.persist()
    reborn = await book(store, NOON + timedelta(hours=3))
    assert reborn.peaks["quarter"] == pytest.approx(100.0)
    later = await book(store, JULY)
    assert later.peaks == {"quarter": 0.0, "hour": 0.0}


async def test_the_month_changes_at_local_midnight(store: Store) -> None:
    start = JULY - timedelta(minutes=30)
    peaks = await book(store, start)
    feed(peaks, start, 29.75, 100.0)
    assert peaks.peaks["quarter"] == pytest.approx(100.0)
    peaks.post(reading("meter.power", 50.0, at=JULY))
    assert peaks.peaks["quarter"] == 0.0, "the new month's first plan knows no peak"
    feed(peaks, JULY, 15, 50.0)
    assert peaks.peaks["quarter"] == pytest.approx(50.0)
    await peaks.persist()
    assert await store.peak("quarter", JUNE) == pytest.approx(100.0)
    assert await store.peak("quarter", JULY) == pytest.approx(50.0)


async def test_the_last_block_of_a_month_counts_for_that_month(store: Store) -> None:
    start = JULY - timedelta(minutes=15)
    peaks = await book(store, start)
    feed(peaks, start, 15, 120.0)
    await peaks.persist()
    assert await store.peak("quarter", JUNE) == pytest.approx(120.0)
    assert await store.peak("quarter", JULY) is None


async def test_what_was_hardly_measured_sets_no_peak(store: Store) -> None:
    peaks = await book(store, NOON)
    feed(peaks, NOON, 5, 500.0)
    for minute in range(5, 16):
        at = NOON + timedelta(minutes=minute)
        peaks.post(reading("meter.power", None, at=at, quality=Quality.MISSING))
        peaks.post(reading("meter.power", 500.0, at=at, quality=Quality.BAD))
    feed(peaks, NOON + timedelta(minutes=15), 1, 20.0)
    assert (peaks.peaks["quarter"], peaks.unmeasured_blocks) == (0.0, 1)
    await peaks.persist()
    assert await store.peak("quarter", JUNE) is None


async def test_a_peak_that_could_not_be_saved_is_saved_later(store: Store, disk: Disk) -> None:
    peaks = await book(store, NOON)
    feed(peaks, NOON, 15, 100.0)
    disk.full = True
    await peaks.persist()
    assert await store.peak("quarter", JUNE) is None
    disk.full = False
    await peaks.persist()
    assert await store.peak("quarter", JUNE) == pytest.approx(100.0)
    writes = disk.writes
    await peaks.persist()
    assert disk.writes == writes, "once is enough"


async def test_a_restart_goes_on_with_the_open_block(store: Store) -> None:
    peaks = await book(store, NOON)
    feed(peaks, NOON, 10, 100.0)
    await peaks.persist()
    reborn = await book(store, NOON + timedelta(minutes=10, seconds=10))
    feed(reborn, NOON + timedelta(minutes=10, seconds=15), 5, 40.0)
    assert reborn.peaks["quarter"] == pytest.approx(80.0, abs=2.0)


async def test_a_block_that_was_kept_badly_or_is_over_is_not_taken_up(store: Store) -> None:
    await store.state_put("open_block:quarter", "{")
    peaks = await book(store, NOON)
    assert peaks.blocks["quarter"].measured_s == 0.0
    feed(peaks, NOON, 10, 100.0)
    await peaks.persist()
    later = await book(store, NOON + timedelta(hours=1))
    assert later.blocks["quarter"].start == NOON + timedelta(hours=1)
    assert later.blocks["quarter"].measured_s == 0.0


async def test_a_peak_that_rises_while_it_is_saved_is_saved_again(store: Store) -> None:
    peaks = await book(store, NOON)
    now = feed(peaks, NOON, 15, 100.0)
    saving = asyncio.create_task(peaks.persist())
    await asyncio.sleep(0)
    feed(peaks, now, 15, 150.0)
    await saving
    await peaks.persist()
    assert await store.peak("quarter", JUNE) == pytest.approx(150.0)


async def test_a_peak_before_our_time_is_an_assumption_until_the_month_ends(store: Store) -> None:
    peaks = await book(store, NOON)
    assert set(peaks.assumed) == {"quarter", "hour"}
    assert "is not known: it counts from then on" in peaks.assumed["quarter"]
    peaks.post(reading("meter.power", 10.0, at=JULY))
    assert peaks.assumed == {}
    assert (await book(store, JULY)).assumed == {}


async def test_every_open_block_survives_a_restart(store: Store) -> None:
    peaks = await book(store, NOON)
    now = feed(peaks, NOON, 15, 100.0)
    await peaks.persist(at_once=True)
    now = feed(peaks, now, 5, 60.0)
    await peaks.persist()
    reborn = await book(store, now)
    assert reborn.blocks["quarter"].import_kwh == pytest.approx(5.0, abs=0.3)


async def test_a_month_entered_by_a_step_of_the_clock_keeps_its_known_peak(store: Store) -> None:
    await store.peak_put("quarter", JUNE, 400.0)
    peaks = await book(store, JUNE - timedelta(days=20))
    feed(peaks, NOON, 16, 50.0)
    await peaks.persist()
    assert peaks.peaks["quarter"] == pytest.approx(400.0)
    assert await store.peak("quarter", JUNE) == pytest.approx(400.0)


HELD = Tariff(
    kind="flat",
    price_per_kwh=0.3,
    demand_charges=(
        DemandCharge(id="held", rate_per_kw=9.0, ratchet_share=0.8, ratchet_months=2),
        DemandCharge(id="year", rate_per_kw=50.0, period="year"),
    ),
)


async def held_book(store: Store, now: datetime) -> PeakBook:
    opened = PeakBook(HELD, BERLIN, Notebook(store))
    await opened.start(now)
    return opened


async def test_a_ratchet_holds_a_share_of_the_months_before(store: Store) -> None:
    peaks = await held_book(store, NOON)
    feed(peaks, NOON, 15, 100.0)
    assert peaks.peaks["held"] == pytest.approx(100.0)
    # The last block of June is higher and not yet on disk when July begins.
    feed(peaks, JULY - timedelta(minutes=15), 15.5, 200.0)
    await peaks.persist()
    assert peaks.peaks["held"] == pytest.approx(160.0)
    feed(peaks, JULY + timedelta(minutes=15), 15, 170.0)
    assert peaks.peaks["held"] == pytest.approx(170.0)
    await peaks.persist()
    august = await held_book(store, datetime(2026, 8, 2, tzinfo=UTC))
    assert august.peaks["held"] == pytest.approx(160.0)
    september = await held_book(store, datetime(2026, 9, 2, tzinfo=UTC))
    assert september.peaks["held"] == pytest.approx(0.8 * 170.0)
    october = await held_book(store, datetime(2026, 10, 2, tzinfo=UTC))
    assert october.peaks["held"] == 0.0


async def test_what_later_months_would_be_held_by_is_known_again_after_a_restart(
    store: Store,
) -> None:
    for month, kw in ((7, 100.0), (8, 90.0)):
        begin = datetime(2025, month, 1, tzinfo=BERLIN).astimezone(UTC)
        await store.peak_put("held", begin, kw)
    june = await held_book(store, NOON)
    assert june.held_from_kw == {"held": (112.5, 125.0), "year": ()}
    feed(june, NOON, 15, 130.0)
    await june.persist()
    july = await held_book(store, JULY + timedelta(hours=1))
    # September is not known: of the two months that July holds only August is.
    assert july.held_from_kw == {"held": (pytest.approx(130.0),), "year": ()}
    assert july.peaks["held"] == pytest.approx(0.8 * 130.0)


async def test_a_charge_by_the_year_keeps_its_peak_over_months(store: Store) -> None:
    peaks = await held_book(store, NOON)
    feed(peaks, NOON, 15, 100.0)
    feed(peaks, JULY + timedelta(hours=12), 15, 30.0)
    assert peaks.peaks["year"] == pytest.approx(100.0)
    await peaks.persist()
    december = await held_book(store, datetime(2026, 12, 31, 22, tzinfo=UTC))
    assert december.peaks["year"] == pytest.approx(100.0)
    assert "year" not in december.assumed
    january = await held_book(store, datetime(2026, 12, 31, 23, tzinfo=UTC))
    assert january.peaks["year"] == 0.0
