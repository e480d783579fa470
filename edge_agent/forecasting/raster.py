"""Quarter-hour series of the store on one even raster; nan where nothing was measured."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from edge_agent.store.reader import QUARTER_S, QuarterSeries
from models.forecast.clean import Flags
from models.forecast.history import Floats, History
from models.forecast.local_time import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Quarter-hour means in a tenth of the memory that lists of numbers take."""

    starts_s: Ints
    mean: Floats


def packed(series: QuarterSeries) -> Packed:
    """As it was read."""
    return Packed(
        np.array(series.start_epoch_s, dtype=np.int64), np.array(series.mean, dtype=np.float64)
    )


@dataclass(frozen=True, slots=True)
class Raster:
    """Even quarters from `first_s` (UTC seconds since 1970) on."""

    first_s: int
    count: int

    def values(self, series: Packed) -> Floats:
        """One number per quarter; what lies outside is left out."""
        found: Floats = np.full(self.count, np.nan)
        places = (series.starts_s - self.first_s) // QUARTER_S
        inside = (places >= 0) & (places < self.count)
        found[places[inside]] = series.mean[inside]
        return found

    @property
    def middles_s(self) -> Floats:
        """Middle of every quarter."""
        middles: Floats = self.first_s + QUARTER_S * (np.arange(self.count, dtype=np.float64) + 0.5)
        return middles

    def at_starts(self, values: Floats) -> Floats:
        """What a slowly changing quantity was at the start of every quarter, from their means."""
        before = np.concatenate(([np.nan], values[:-1]))
        found: Floats = (before + values) / 2
        return found

    def history(self, values: Floats) -> History:
        """As a forecast wants it."""
        return History(datetime.fromtimestamp(self.first_s, UTC), QUARTER_S, values)

    def touched(self, spans: Iterable[tuple[datetime, datetime]]) -> Flags:
        """The quarters that a span [start, end) touches."""
        flags: Flags = np.zeros(self.count, dtype=np.bool_)
        for start, end in spans:
            first = math.floor((start.timestamp() - self.first_s) / QUARTER_S)
            last = math.ceil((end.timestamp() - self.first_s) / QUARTER_S)
            if start < end:
                flags[max(0, first) : max(0, last)] = True
        return flags


def raster_over(series: Iterable[Packed], until: datetime | None = None) -> Raster | None:
    """The raster that holds everything measured, the open quarter too; None when nothing was.

    What is dated later than `until` was measured before the clock was set back: it is left out.
    """
    ends = [(int(one.starts_s[0]), int(one.starts_s[-1])) for one in series if len(one.starts_s)]
    if not ends:
        return None
    first, last = min(first for first, _ in ends), max(last for _, last in ends)
    if until is not None:
        last = min(last, int(until.timestamp()) // QUARTER_S * QUARTER_S)
    return None if last < first else Raster(first, (last - first) // QUARTER_S + 1)


def raster_of(series: Iterable[Packed], until: datetime) -> Raster | None:
    """The raster that holds everything measured before `until`; None when nothing was."""
    last = int(until.timestamp()) // QUARTER_S * QUARTER_S
    firsts = [int(one.starts_s[0]) for one in series if len(one.starts_s)]
    if not firsts or min(firsts) >= last:
        return None
    return Raster(min(firsts), (last - min(firsts)) // QUARTER_S)
