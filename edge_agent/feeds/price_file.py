"""Energy prices from a CSV file: columns `start` (UTC), `price_per_kwh`; `#` comments.

One file has one step, an hour or a quarter of it, recognised from its rows.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from edge_agent.feeds.price_steps import PriceFault, PriceRow, in_order, step_of

HEADER = ["start", "price_per_kwh"]
QUARTER_MIN = 15
MAX_PRICE_PER_KWH = {"EUR": 10.0, "GBP": 10.0, "USD": 10.0, "CHF": 10.0}
"""Beyond this in either direction the unit is wrong (most likely per MWh), by currency."""
MAX_OTHER_PRICE_PER_KWH = 10_000.0
"""The same in currencies of which a coin may be worth a thousandth."""


@dataclass(frozen=True, slots=True)
class PriceFile:
    """All sound rows in the order of the file, how long each holds, and all that is wrong."""

    rows: tuple[PriceRow, ...]
    faults: tuple[PriceFault, ...]
    step_min: Literal[15, 60] = 60


def parse_prices(text: str, currency: str) -> PriceFile:
    """Read the text of a price file in a currency such as EUR; never raises."""
    lines = _data_lines(text)
    line, cells = next(lines, (1, []))
    if cells != HEADER:
        return PriceFile((), (PriceFault(line, "", "the first line must be start,price_per_kwh"),))
    limit = MAX_PRICE_PER_KWH.get(currency, MAX_OTHER_PRICE_PER_KWH)
    read: list[PriceRow | list[PriceFault]] = []
    for line, cells in lines:
        read.append(_row(line, cells, limit))
    if not read:
        nothing = "holds no price: add a line for each hour or quarter-hour"
        return PriceFile((), (PriceFault(line, "", nothing),))
    step_min = step_of([one.start for one in read if isinstance(one, PriceRow)])
    rows, faults = in_order(read, step_min)
    return PriceFile(rows, faults, step_min)


def _data_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every line that is neither empty nor a comment."""
    for number, line in enumerate(text.replace("\0", "").splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, [cell.strip() for cell in _cells(line)]


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return [line]


def _row(line: int, cells: list[str], limit: float) -> PriceRow | list[PriceFault]:
    if len(cells) != len(HEADER):
        return [PriceFault(line, "", f"must have two columns, not {len(cells)}")]
    start, price = _start(cells[0]), _price(cells[1], limit)
    if isinstance(start, datetime) and isinstance(price, float):
        return PriceRow(start, price, line)
    texts = zip(HEADER, (start, price), strict=True)
    return [PriceFault(line, column, fault) for column, fault in texts if isinstance(fault, str)]


def _start(text: str) -> datetime | str:
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        return f"{text[:40]!r} is not a time: write it like 2018-01-01T00:00:00Z"
    if start.utcoffset() is None:
        return f"{text!r} does not say that it is UTC: write a Z at its end"
    if start.utcoffset() != timedelta(0):
        return f"{text!r} is not UTC: convert it, and write a Z at its end"
    if start.minute % QUARTER_MIN or start.second or start.microsecond:
        return f"{text!r} is not the start of an hour or a quarter-hour"
    return start.astimezone(UTC)


def _price(text: str, limit: float) -> float | str:
    try:
        price = float(text)
    except ValueError:
        return f"{text[:40]!r} is not a number" if text else "is empty: leave no line without price"
    if not math.isfinite(price):
        return f"{text} is not a price: must be a finite number"
    if abs(price) > limit:
        return f"{text} is not allowed: more than {limit:g} per kWh, is it a price per MWh?"
    return price
