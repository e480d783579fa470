"""What the price file's reader takes besides its plain form."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge_agent.feeds.price_file import PriceFile, parse_prices
from edge_agent.feeds.price_steps import PriceFault

BERLIN = ZoneInfo("Europe/Berlin")

FIRST = (datetime(2018, 10, 1, tzinfo=UTC), 0.05)
SECOND = (datetime(2018, 10, 1, 1, tzinfo=UTC), -0.0765)


def prices(parsed: PriceFile) -> tuple[tuple[datetime, float], ...]:
    return tuple((row.start, row.price_per_kwh) for row in parsed.rows)


def one_price(price: str, currency: str) -> PriceFile:
    return parse_prices(f"start,price_per_kwh\n2018-10-01T00:00Z,{price}\n", currency)


def quarters_of(day: date) -> str:
    """A price file with every quarter-hour of a local day."""
    start = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    rows = ["start,price_per_kwh"]
    while start.astimezone(BERLIN).date() == day:
        rows.append(f"{start:%Y-%m-%dT%H:%M:%SZ},0.1")
        start += timedelta(minutes=15)
    return "\n".join(rows)


@pytest.mark.parametrize(
    "text",
    [
        "start,price_per_kwh\n2018-10-01T00:00:00Z,0.05\n2018-10-01T01:00:00Z,-0.0765\n",
        "start,price_per_kwh\r\n2018-10-01T00:00:00Z,0.05\r\n2018-10-01T01:00:00Z,-0.0765",
        "# a\n\nstart, price_per_kwh\n2018-10-01T00:00Z, 0.05\n # b\n2018-10-01T01:00Z ,-0.0765\n",
        'start,price_per_kwh\n"2018-10-01T00:00:00+00:00","0.05"\n2018-10-01 01:00Z,-76.5e-3\n',
    ],
    ids=["plain", "carriage returns", "comments and spaces", "quotes and offset"],
)
def test_rows(text: str) -> None:
    parsed = parse_prices(text, "EUR")
    assert parsed.faults == ()
    assert prices(parsed) == (FIRST, SECOND)
    assert parsed.step_min == 60


def test_all_faults_of_a_row_and_the_sound_rows_beside_it() -> None:
    text = "start,price_per_kwh\n2018-10-01T00:00Z,0.05\n2018-10-01T01:00,x\n"
    parsed = parse_prices(text, "EUR")
    assert prices(parsed) == (FIRST,)
    assert [(fault.line, fault.column) for fault in parsed.faults] == [
        (3, "start"),
        (3, "price_per_kwh"),
    ]


@pytest.mark.parametrize(
    ("currency", "price"),
    [("EUR", "10.0"), ("GBP", "-10"), ("CHF", "10"), ("HUF", "10000"), ("JPY", "-60.5")],
)
def test_the_widest_price(currency: str, price: str) -> None:
    assert one_price(price, currency).faults == ()


@pytest.mark.parametrize(
    ("currency", "price"),
    [("EUR", "10.01"), ("USD", "-10.01"), ("HUF", "10001"), ("EUR", "inf"), ("JPY", "-inf")],
)
def test_beyond_the_widest_price(currency: str, price: str) -> None:
    parsed = one_price(price, currency)
    assert [(fault.line, fault.column) for fault in parsed.faults] == [(2, "price_per_kwh")]


def test_no_number_is_no_price() -> None:
    assert [fault.line for fault in one_price("nan", "EUR").faults] == [2]


@pytest.mark.parametrize(("minute", "step_min"), [(0, 60), (15, 15)])
def test_a_single_row(minute: int, step_min: int) -> None:
    parsed = parse_prices(f"start,price_per_kwh\n2026-10-01T00:{minute:02}Z,0.1\n", "EUR")
    assert (parsed.step_min, parsed.faults) == (step_min, ())


@pytest.mark.parametrize(
    ("day", "rows"),
    [(date(2026, 3, 29), 92), (date(2026, 7, 1), 96), (date(2026, 10, 25), 100)],
    ids=["23 h", "24 h", "25 h"],
)
def test_a_local_day_of_quarter_hours(day: date, rows: int) -> None:
    parsed = parse_prices(quarters_of(day), "EUR")
    assert (parsed.step_min, parsed.faults, len(parsed.rows)) == (15, (), rows)
    assert parsed.rows[0].start.astimezone(BERLIN) == datetime(
        day.year, day.month, day.day, tzinfo=BERLIN
    )


@pytest.mark.parametrize(
    ("drop", "says"),
    [
        (range(1, 2), [(3, "1 quarter-hour missing after 2026-07-01T00:00Z")]),
        (range(1, 4), [(3, "3 quarter-hours missing after 2026-07-01T00:00Z")]),
        (range(5), []),
    ],
)
def test_quarter_hours_that_are_missing(drop: range, says: list[tuple[int, str]]) -> None:
    starts = [f"2026-07-01T0{i // 4}:{i % 4 * 15:02}Z,0.1" for i in range(12) if i not in drop]
    parsed = parse_prices("\n".join(["start,price_per_kwh", *starts]), "EUR")
    assert parsed.step_min == 15
    assert [(fault.line, fault.message.split(": ")[0]) for fault in parsed.faults] == says


def test_half_hours_are_no_step() -> None:
    starts = [f"2026-07-01T0{i // 2}:{i % 2 * 30:02}Z,0.1" for i in range(6)]
    parsed = parse_prices("\n".join(["start,price_per_kwh", *starts]), "GBP")
    assert [fault.line for fault in parsed.faults] == [3, 5, 7]


def test_an_empty_text() -> None:
    assert parse_prices("", "EUR").faults == (
        PriceFault(1, "", "the first line must be start,price_per_kwh"),
    )
