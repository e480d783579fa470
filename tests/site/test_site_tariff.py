"""Prices by the local clock, over both changes of the clock, and with a feed that has holes."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge_agent.site.tariff import billing_month, days_left, import_price, price_series
from edge_agent.site.tariff_schema import PriceBlock, PricePoint, Tariff

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
TWO_HOURS = Tariff(
    kind="time_of_use",
    blocks=tuple(
        PriceBlock(start=f"{hour:02}:00", price_per_kwh=hour / 100) for hour in range(0, 24, 2)
    ),
    export_per_kwh=0.08,
)


def utc(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def local_day(day: date, step: timedelta) -> list[datetime]:
    """UTC starts of all steps of a local day."""
    start = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=BERLIN).astimezone(UTC)
    return [start + index * step for index in range((end - start) // step)]


def feed(start: datetime, *prices: float) -> tuple[PricePoint, ...]:
    return tuple(
        PricePoint(start=start + index * HOUR, price_per_kwh=price)
        for index, price in enumerate(prices)
    )


@pytest.mark.parametrize(
    ("day", "prices"),
    [
        (date(2026, 1, 15), [h // 2 * 2 / 100 for h in range(24)]),
        (date(2026, 3, 29), [h // 2 * 2 / 100 for h in range(24) if h != 2]),
        (date(2026, 10, 25), [h // 2 * 2 / 100 for h in sorted([*range(24), 2])]),
    ],
    ids=["24 h", "23 h", "25 h"],
)
def test_blocks_follow_the_local_clock(day: date, prices: list[float]) -> None:
    imports, exports, reasons = price_series(TWO_HOURS, None, local_day(day, HOUR), BERLIN)
    assert list(imports) == prices
    assert exports == (0.08,) * len(prices)
    assert reasons == ()


@pytest.mark.parametrize(
    ("moment", "price"),
    [
        (utc(2026, 7, 1, 21, 59, 59), 0.22),
        (utc(2026, 7, 1, 22, 0), 0.0),
        (utc(2026, 7, 1, 6, 0), 0.08),
        (utc(2026, 1, 1, 7, 0), 0.08),
    ],
)
def test_a_block_starts_on_its_minute(moment: datetime, price: float) -> None:
    assert import_price(TWO_HOURS, None, moment, BERLIN) == price


def test_flat_is_flat() -> None:
    flat = Tariff(kind="flat", price_per_kwh=0.3)
    assert price_series(flat, None, local_day(date(2026, 3, 29), HOUR), BERLIN) == (
        (0.3,) * 23,
        (0.0,) * 23,
        (),
    )


def test_real_time_is_feed_plus_adder_within_the_hour() -> None:
    tariff = Tariff(kind="real_time", adder_per_kwh=0.16, export_per_kwh=0.05)
    prices = feed(utc(2018, 10, 1), 0.04, -0.01)
    starts = [utc(2018, 10, 1) + index * timedelta(minutes=30) for index in range(4)]
    imports, exports, reasons = price_series(tariff, prices, starts, BERLIN)
    assert [round(price or 0, 9) for price in imports] == [0.2, 0.2, 0.15, 0.15]
    assert exports == (0.05,) * 4
    assert reasons == ()


def quarters(start: datetime, *prices: float) -> tuple[PricePoint, ...]:
    return tuple(
        PricePoint(start=start + index * QUARTER, price_per_kwh=price, step_min=15)
        for index, price in enumerate(prices)
    )


@pytest.mark.parametrize(
    ("day", "rows"),
    [(date(2026, 3, 29), 92), (date(2026, 7, 1), 96), (date(2026, 10, 25), 100)],
    ids=["23 h", "24 h", "25 h"],
)
def test_a_day_of_quarter_hours_gives_each_step_its_own_price(day: date, rows: int) -> None:
    starts = local_day(day, QUARTER)
    prices = quarters(starts[0], *(index / 1000 for index in range(rows)))
    fine = local_day(day, timedelta(minutes=5))
    imports, _, reasons = price_series(Tariff(kind="real_time"), prices, fine, BERLIN)
    assert len(starts) == rows
    assert list(imports) == [index // 3 / 1000 for index in range(3 * rows)]
    assert reasons == ()


@pytest.mark.parametrize(
    ("moment", "price"),
    [
        (utc(2026, 7, 1, 0, 14, 59), 0.1),
        (utc(2026, 7, 1, 0, 15), 0.2),
        (utc(2026, 7, 1, 0, 29, 59), 0.2),
        (utc(2026, 7, 1, 0, 30), None),
        (utc(2026, 6, 30, 23, 59), None),
    ],
)
def test_a_quarter_hour_holds_for_a_quarter_hour(moment: datetime, price: float | None) -> None:
    prices = quarters(utc(2026, 7, 1), 0.1, 0.2)
    assert import_price(Tariff(kind="real_time"), prices, moment, BERLIN) == price


@pytest.mark.parametrize(
    ("change", "rows"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)], ids=["23 h", "25 h"]
)
def test_the_same_quarter_hour_is_that_of_the_wall_clock(change: date, rows: int) -> None:
    before = local_day(change - timedelta(days=1), QUARTER)
    prices = quarters(before[0], *(index / 1000 for index in range(96)))
    starts = local_day(change, QUARTER)
    imports, _, _ = price_series(Tariff(kind="real_time"), prices, starts, BERLIN)
    clocks = [start.astimezone(BERLIN) for start in starts]
    assert len(imports) == rows
    assert list(imports) == [(4 * clock.hour + clock.minute // 15) / 1000 for clock in clocks]


def test_hours_beyond_the_feed_take_the_fallback_and_say_so() -> None:
    tariff = Tariff(kind="real_time", adder_per_kwh=0.16, fallback_per_kwh=0.05)
    prices = feed(utc(2018, 10, 1), 0.04)
    starts = [utc(2018, 9, 30, 23), utc(2018, 10, 1), utc(2018, 10, 1, 1), utc(2018, 10, 1, 2)]
    imports, _, reasons = price_series(tariff, prices, starts, BERLIN)
    assert [round(price or 0, 9) for price in imports] == [0.21, 0.2, 0.21, 0.21]
    assert reasons == (
        "3 steps from 2018-09-30T23:00Z to 2018-10-01T02:00Z: "
        "the feed has no price, the fallback of 0.05 is used",
    )


def test_without_a_fallback_the_last_known_day_stands_in() -> None:
    tariff = Tariff(kind="real_time", adder_per_kwh=0.1)
    prices = feed(utc(2018, 9, 30, 22), *(hour / 1000 for hour in range(48)))
    starts = [utc(2018, 10, 2, 22), utc(2018, 10, 4, 5), utc(2018, 10, 4, 6)]
    imports, _, reasons = price_series(tariff, prices, starts, BERLIN)
    assert [round(price or 0, 9) for price in imports] == [0.124, 0.131, 0.132]
    assert reasons == (
        "3 steps from 2018-10-02T22:00Z to 2018-10-04T06:00Z: "
        "the feed has no price, the same time of 2018-10-02 is used",
    )


def test_the_last_known_day_is_the_last_one_with_that_hour() -> None:
    tariff = Tariff(kind="real_time")
    prices = feed(utc(2018, 9, 30, 22), *(hour / 1000 for hour in range(30)))
    imports, _, reasons = price_series(
        tariff, prices, [utc(2018, 10, 3, 3), utc(2018, 10, 3, 4)], BERLIN
    )
    assert imports == (0.029, 0.006)
    assert [reason.split(": ")[0] for reason in reasons] == [
        "step of 2018-10-03T03:00Z",
        "step of 2018-10-03T04:00Z",
    ]
    assert [reason[-20:] for reason in reasons] == ["f 2018-10-02 is used", "f 2018-10-01 is used"]


@pytest.mark.parametrize(
    ("change", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)], ids=["23 h", "25 h"]
)
def test_the_same_hour_means_the_same_local_hour(change: date, hours: int) -> None:
    """Prices that count the local hours repeat by the wall clock across the change."""
    before = local_day(change - timedelta(days=1), HOUR)
    prices = feed(before[0], *(hour / 100 for hour in range(24)))
    starts = local_day(change, HOUR)
    imports, _, _ = price_series(Tariff(kind="real_time"), prices, starts, BERLIN)
    assert len(imports) == hours
    assert list(imports) == [start.astimezone(BERLIN).hour / 100 for start in starts]


def test_no_price_is_none_and_never_a_number() -> None:
    tariff = Tariff(kind="real_time", adder_per_kwh=0.16)
    assert import_price(tariff, None, utc(2026, 1, 1), BERLIN) is None
    prices = feed(utc(2026, 1, 1), 0.1)
    imports, _, reasons = price_series(tariff, prices, [utc(2025, 12, 31)], BERLIN)
    assert imports == (None,)
    assert reasons == (
        "step of 2025-12-31T00:00Z: the feed has no price and none is known from before",
    )


@pytest.mark.parametrize(
    ("moment", "start", "end", "hours"),
    [
        (utc(2026, 1, 15), utc(2025, 12, 31, 23), utc(2026, 1, 31, 23), 31 * 24),
        (utc(2026, 3, 31, 21, 59), utc(2026, 2, 28, 23), utc(2026, 3, 31, 22), 31 * 24 - 1),
        (utc(2026, 3, 31, 22), utc(2026, 3, 31, 22), utc(2026, 4, 30, 22), 30 * 24),
        (utc(2026, 10, 25, 1), utc(2026, 9, 30, 22), utc(2026, 10, 31, 23), 31 * 24 + 1),
        (utc(2026, 12, 31, 23), utc(2026, 12, 31, 23), utc(2027, 1, 31, 23), 31 * 24),
        (utc(2028, 2, 10), utc(2028, 1, 31, 23), utc(2028, 2, 29, 23), 29 * 24),
    ],
)
def test_billing_month(moment: datetime, start: datetime, end: datetime, hours: int) -> None:
    assert billing_month(moment, BERLIN) == (start, end)
    assert (end - start) / HOUR == hours
    assert math.isclose(days_left(start, BERLIN), hours / 24)


def test_days_left_shrink_to_nothing() -> None:
    assert math.isclose(days_left(utc(2026, 1, 31, 11), BERLIN), 0.5)
