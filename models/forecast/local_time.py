"""Wall-clock time of a zone for arrays of UTC seconds; summer time is minded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from models.forecast.history import Floats

DAY_S = 86_400
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LocalTime:
    """UTC offsets of a zone over a span; before and after it the nearest known offset holds."""

    changes_s: Floats
    """UTC seconds since the epoch from which each further offset holds."""
    offsets_s: Floats
    """One more than changes: the offset before the first change comes first."""

    def wall_s(self, times_s: Floats) -> Floats:
        """Seconds that the zone's wall clock shows, counted as if they were UTC."""
        wall: Floats = times_s + self.offsets_s[np.searchsorted(self.changes_s, times_s, "right")]
        return wall

    def days_back(self, times_s: Floats, days: Floats) -> Floats:
        """UTC seconds at which the wall clock showed the same time so many local days before."""
        wall = self.wall_s(times_s) - days * DAY_S
        guess = times_s - days * DAY_S
        # A wall time that does not exist or exists twice lands on one side of the change.
        offset = self.wall_s(guess) - guess
        earlier: Floats = wall - (self.wall_s(wall - offset) - (wall - offset))
        return earlier

    def dates(self, times_s: Floats) -> Ints:
        """Local date as days since 1970-01-01."""
        found: Ints = np.floor_divide(self.wall_s(times_s), DAY_S).astype(np.int64)
        return found

    def hours(self, times_s: Floats) -> Floats:
        """Local hour of the day, 0 <= hour < 24."""
        found: Floats = np.mod(self.wall_s(times_s), DAY_S) / 3600.0
        return found


def local_time(zone: ZoneInfo, first_s: float, last_s: float) -> LocalTime:
    """The offsets of `zone` over [first_s, last_s] with a fortnight on either side."""
    days = range(int(first_s // DAY_S) - 15, int(last_s // DAY_S) + 16)
    changes: list[float] = []
    offsets = [_offset_s(zone, days[0] * DAY_S)]
    for day in days:
        after = _offset_s(zone, (day + 1) * DAY_S)
        if after != offsets[-1]:
            changes.append(_change_s(zone, day * DAY_S, (day + 1) * DAY_S))
            offsets.append(after)
    return LocalTime(np.array(changes, dtype=np.float64), np.array(offsets, dtype=np.float64))


def _offset_s(zone: ZoneInfo, time_s: int) -> float:
    offset = datetime.fromtimestamp(time_s, UTC).astimezone(zone).utcoffset()
    return 0.0 if offset is None else offset.total_seconds()


def _change_s(zone: ZoneInfo, before_s: int, after_s: int) -> float:
    """The first second of the new offset between two times whose offsets differ."""
    old = _offset_s(zone, before_s)
    while after_s - before_s > 1:
        middle = (before_s + after_s) // 2
        if _offset_s(zone, middle) == old:
            before_s = middle
        else:
            after_s = middle
    return float(after_s)
