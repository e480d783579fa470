"""A reference year of hourly values, read once and laid over any other time."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_HOUR_S = 3600
_WEEKS_OF_YEAR_S = 364 * 24 * _HOUR_S
"""Whole weeks, so that a Monday meets a Monday."""


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceYear:
    """Hourly columns from `start_s` [s since the epoch]."""

    start_s: int
    columns: dict[str, Floats]

    def at(self, column: str, times_s: Floats) -> Floats:
        """The value of the hour each UTC time falls in; other years by the same weekday.

        Times outside the file are moved into it by whole multiples of 52 weeks.
        """
        values = self.columns[column]
        offset = np.asarray(times_s) - self.start_s
        span = len(values) * _HOUR_S
        inside = (offset >= 0) & (offset < span)
        moved = np.where(inside, offset, np.mod(offset, _WEEKS_OF_YEAR_S))
        result: Floats = values[(moved // _HOUR_S).astype(np.int64)]
        return result

    def mean(self, column: str) -> float:
        """Mean of the year."""
        return float(self.columns[column].mean())


def day_ahead() -> ReferenceYear:
    """Day-ahead prices of 2018, `DE` and `AT` [EUR/kWh]."""
    read = _read("dayahead_2018.csv.gz")
    columns = {name[:2]: values / 1000.0 for name, values in read.columns.items()}
    return ReferenceYear(read.start_s, columns)


def bedford_weather() -> ReferenceYear:
    """Weather of 2018, `temp_c` [degC] and `ghi_w_per_m2` [W/m2]."""
    return _read("weather_bedford_2018.csv.gz")


@cache
def _read(name: str) -> ReferenceYear:
    """One file of this package; the first column is the UTC start of the hour."""
    path = Path(__file__).parent / "data" / name
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    head, body = rows[0], rows[1:]
    table = np.array([row[1:] for row in body], dtype=np.float64)
    start = datetime.fromisoformat(body[0][0])
    columns = {name: table[:, place].copy() for place, name in enumerate(head[1:])}
    return ReferenceYear(int(start.timestamp()), columns)
