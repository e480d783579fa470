"""Rows of a price file in time: which step they go by, and where they leave it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class PriceRow:
    """Price from `start` (UTC) for one step, money per kWh; `line` is where it stands."""

    start: datetime
    price_per_kwh: float
    line: int


@dataclass(frozen=True, slots=True)
class PriceFault:
    """What is wrong in a line of the file."""

    line: int
    column: str
    message: str


def step_of(starts: Sequence[datetime]) -> Literal[15, 60]:
    """Minutes between most rows; where no two are a step apart, the first one's minute says."""
    apart = [after - before for before, after in pairwise(starts)]
    quarters, hours = apart.count(QUARTER), apart.count(HOUR)
    if quarters == hours == 0:
        return 15 if starts and starts[0].minute else 60
    return 15 if quarters > hours else 60


def in_order(
    read: Sequence[PriceRow | list[PriceFault]], step_min: Literal[15, 60]
) -> tuple[tuple[PriceRow, ...], tuple[PriceFault, ...]]:
    """The rows on the step, and the faults of the others and of the order, as they come."""
    rows: list[PriceRow] = []
    faults: list[PriceFault] = []
    hole = False
    for row in read:
        if not isinstance(row, PriceRow):
            faults += row
            hole = True
        elif row.start.minute % step_min:
            faults.append(_between(row))
            hole = True
        else:
            fault = _order(row, rows[-1].start if rows else None, step_min, hole=hole)
            faults += [fault] if fault is not None else []
            rows.append(row)
            hole = fault is not None
    return tuple(rows), tuple(faults)


def _between(row: PriceRow) -> PriceFault:
    message = (
        f"{_iso(row.start)} is no full hour, and most rows are not 15 min apart: "
        "hourly or quarter-hourly, one file has one step"
    )
    return PriceFault(row.line, "start", message)


def _order(
    row: PriceRow, last: datetime | None, step_min: Literal[15, 60], *, hole: bool
) -> PriceFault | None:
    """How a row stands to the last sound one: a step later, unless a `hole` is known already."""
    step = timedelta(minutes=step_min)
    if last is None or row.start - last == step:
        return None
    if row.start == last:
        message = f"{_iso(row.start)} stands twice: remove one"
    elif row.start < last:
        message = f"{_iso(row.start)} comes after {_iso(last)}: sort by time"
    elif hole:
        return None
    else:
        missing = round((row.start - last) / step) - 1
        quarters = "quarter-hour" if missing == 1 else "quarter-hours"
        what = "h" if step == HOUR else quarters
        message = f"{missing} {what} missing after {_iso(last)}: add them, or split the file"
    return PriceFault(row.line, "start", message)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%MZ")
