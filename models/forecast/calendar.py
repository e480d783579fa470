"""Which days are alike: working days, Saturdays, Sundays and the holidays of the site."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from models.forecast.history import Floats
from models.forecast.local_time import Ints, LocalTime, local_time

EPOCH_DAY = date(1970, 1, 1).toordinal()
WORKDAY, SATURDAY, SUNDAY = 0, 1, 2
_FRIDAY = 4


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """Local time and day kinds; a holiday counts as a Sunday."""

    clock: LocalTime
    holidays: Ints
    """Local dates as days since 1970-01-01, sorted."""

    def kinds(self, days: Ints) -> Ints:
        """WORKDAY, SATURDAY or SUNDAY for dates as days since 1970-01-01."""
        weekday = (days + 3) % 7
        kind = np.clip(weekday - _FRIDAY, WORKDAY, SUNDAY)
        result: Ints = np.where(np.isin(days, self.holidays), SUNDAY, kind)
        return result

    def weekdays(self, days: Ints) -> Ints:
        """0 = Monday."""
        result: Ints = (days + 3) % 7
        return result

    def earlier_alike(self, days: Ints, newest: Ints, count: int) -> Ints:
        """The `count` newest dates of the same kind not after `newest`, newest first; (n, count).

        Three weeks are looked through; what is not found there is -1.
        """
        result = np.full((len(days), count), -1, dtype=np.int64)
        kinds = self.kinds(days)
        found = np.zeros(len(days), dtype=np.int64)
        for back in range(count * 7 + 7):
            candidates = newest - back
            fits = (self.kinds(candidates) == kinds) & (found < count)
            result[fits, found[fits]] = candidates[fits]
            found += fits
        return result


def calendar(zone: ZoneInfo, first_s: float, last_s: float, holidays: tuple[str, ...]) -> Calendar:
    """The calendar of `zone` over a span; `holidays` are ISO dates."""
    days = sorted(date.fromisoformat(text).toordinal() - EPOCH_DAY for text in holidays)
    return Calendar(local_time(zone, first_s, last_s), np.array(days, dtype=np.int64))


def harmonics(hours: Floats, count: int) -> list[Floats]:
    """Sine and cosine of the first `count` multiples of the day."""
    angle = 2 * np.pi * hours / 24.0
    return [wave(k * angle) for k in range(1, count + 1) for wave in (np.sin, np.cos)]
