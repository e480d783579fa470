"""Hourly energy prices from a CSV file: columns `start` (UTC), `price_per_kwh`; `#` comments."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HEADER = ["start", "price_per_kwh"]
STEP = timedelta(hours=1)
MAX_PRICE_PER_KWH = 10.0
"""Beyond this in either direction the unit is wrong (most likely per MWh)."""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """Price of the hour from `start` (UTC), money per kWh."""

    start: datetime
    price_per_kwh: float


@dataclass(frozen=True, slots=True)
class PriceFault:
    """What is wrong in a line of the file."""

    line: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class PriceFile:
    """All sound rows in the order of the file, and all that is wrong in it."""

    rows: tuple[PriceRow, ...]
    faults: tuple[PriceFault, ...]


def parse_prices(text: str) -> PriceFile:
    """Read the text of a price file; never raises."""
    rows: list[PriceRow] = []
    faults: list[PriceFault] = []
    lines = _data_lines(text)
    line, cells = next(lines, (1, []))
    if cells != HEADER:
        return PriceFile((), (PriceFault(line, "", "the first line must be start,price_per_kwh"),))
    hole = False
    for line, cells in lines:
        row = _row(line, cells)
        if isinstance(row, PriceRow):
            fault = _order(line, row, rows[-1].start if rows else None, hole=hole)
            faults += [fault] if fault is not None else []
            rows.append(row)
            hole = fault is not None
        else:
            faults += row
            hole = True
    if not rows and not faults:
        faults.append(PriceFault(line, "", "holds no price: add a line for each hour"))
    return PriceFile(tuple(rows), tuple(faults))


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


def _row(line: int, cells: list[str]) -> PriceRow | list[PriceFault]:
    if len(cells) != len(HEADER):
        return [PriceFault(line, "", f"must have two columns, not {len(cells)}")]
    start, price = _start(cells[0]), _price(cells[1])
    if isinstance(start, datetime) and isinstance(price, float):
        return PriceRow(start, price)
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
    if start.minute or start.second or start.microsecond:
        return f"{text!r} is not the start of an hour"
    return start.astimezone(UTC)


def _price(text: str) -> float | str:
    try:
        price = float(text)
    except ValueError:
        return f"{text[:40]!r} is not a number" if text else "is empty: leave no hour without price"
    if not math.isfinite(price):
        return f"{text} is not a price: must be a finite number"
    if abs(price) > MAX_PRICE_PER_KWH:
        return (
            f"{text} is not allowed: more than {MAX_PRICE_PER_KWH:g} per kWh, "
            "is it a price per MWh?"
        )
    return price


def _order(line: int, row: PriceRow, last: datetime | None, *, hole: bool) -> PriceFault | None:
    """How a row stands to the last sound one: one hour later, unless a `hole` is known already."""
    if last is None or row.start - last == STEP:
        return None
    if row.start == last:
        message = f"{_iso(row.start)} stands twice: remove one"
    elif row.start < last:
        message = f"{_iso(row.start)} comes after {_iso(last)}: sort by time"
    elif hole:
        return None
    else:
        missing = round((row.start - last) / STEP) - 1
        message = f"{missing} h missing after {_iso(last)}: add them, or split the file"
    return PriceFault(line, "start", message)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%MZ")
