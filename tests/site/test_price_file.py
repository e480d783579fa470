"""What the price file's reader takes besides its plain form."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edge_agent.feeds.price_file import PriceFault, PriceRow, parse_prices

FIRST = PriceRow(datetime(2018, 10, 1, tzinfo=UTC), 0.05)
SECOND = PriceRow(datetime(2018, 10, 1, 1, tzinfo=UTC), -0.0765)


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
    parsed = parse_prices(text)
    assert parsed.faults == ()
    assert parsed.rows == (FIRST, SECOND)


def test_all_faults_of_a_row_and_the_sound_rows_beside_it() -> None:
    parsed = parse_prices("start,price_per_kwh\n2018-10-01T00:00Z,0.05\n2018-10-01T01:00,x\n")
    assert parsed.rows == (FIRST,)
    assert [(fault.line, fault.column) for fault in parsed.faults] == [
        (3, "start"),
        (3, "price_per_kwh"),
    ]


@pytest.mark.parametrize("price", ["10.0", "-10"])
def test_the_widest_price(price: str) -> None:
    assert parse_prices(f"start,price_per_kwh\n2018-10-01T00:00Z,{price}\n").faults == ()


@pytest.mark.parametrize("price", ["10.01", "-10.01", "inf", "-inf", "nan"])
def test_beyond_the_widest_price(price: str) -> None:
    parsed = parse_prices(f"start,price_per_kwh\n2018-10-01T00:00Z,{price}\n")
    assert [(fault.line, fault.column) for fault in parsed.faults] == [(2, "price_per_kwh")]


def test_an_empty_text() -> None:
    assert parse_prices("").faults == (
        PriceFault(1, "", "the first line must be start,price_per_kwh"),
    )
