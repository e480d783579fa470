"""What a load forecast may look at: earlier days, alike days, the last hours, the temperature.

One function serves learning (many origins) and forecasting (one origin), so both see the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.forecast.calendar import SUNDAY, WORKDAY, Calendar, harmonics
from models.forecast.history import Floats, History
from models.forecast.local_time import DAY_S, Ints

HOUR_S = 3600.0
DAYS_A_WEEK = 7
ALIKE = 4
"""Earlier days of the same kind that are looked at."""
_BASE = ((7.0, 0.4), (0.0, 0.3), (0.1, 0.2), (0.2, 0.1))
_OLDER_DAYS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 14.0, 21.0)
_FURTHER_DAYS = (2.0, 14.0, 21.0, 28.0)
_HARMONICS = 4
_HEAT_BELOW_C = 12.0
_COOL_ABOVE_C = 16.0


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Windows [start, end) foreseen at `origin`, UTC seconds; nothing after it may be looked at."""

    origins_s: Floats
    starts_s: Floats
    ends_s: Floats

    @property
    def lead_h(self) -> Floats:
        """Hours from the origin to the end of the window."""
        lead: Floats = (self.ends_s - self.origins_s) / HOUR_S
        return lead

    def __len__(self) -> int:
        return len(self.starts_s)

    def before(self, back_s: float, span_s: float) -> Rows:
        """The windows of `span_s` that end `back_s` before the origins, seen at their starts."""
        ends = self.origins_s - back_s
        return Rows(ends - span_s, ends - span_s, ends)


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """The site's past; `outdoor` goes on with a weather forecast after the origin."""

    load: History
    calendar: Calendar
    outdoor: History | None = None

    def back(self, rows: Rows, days: Floats, series: History | None = None) -> Floats:
        """What was measured so many local days before; nan where that is not known at the origin.

        `days` is one number per row; not finite stands for not known.
        """
        known = np.isfinite(days)
        starts = self.calendar.clock.days_back(rows.starts_s, np.where(known, days, 0.0))
        ends = starts + (rows.ends_s - rows.starts_s)
        values = (self.load if series is None else series).means(starts, ends)
        result: Floats = np.where(known & (ends <= rows.origins_s), values, np.nan)
        return result

    def alike_days(self, rows: Rows) -> Floats:
        """How many local days before there were days of the same kind; (rows, ALIKE)."""
        days = self.calendar.clock.dates(rows.starts_s)
        least = np.maximum(1, np.ceil(rows.lead_h * HOUR_S / DAY_S)).astype(np.int64)
        found = self.calendar.earlier_alike(days, days - least, ALIKE)
        backs: Floats = np.where(found >= 0, days[:, None] - found, np.nan)
        return backs


@dataclass(frozen=True, slots=True, eq=False)
class Lags:
    """Earlier values of every row; nan where unknown."""

    week: Floats
    yesterday: Floats
    alike: Floats
    """(rows, ALIKE), newest first."""
    base: Floats
    """Weighted mean of what there is of them."""
    days: Floats
    """(rows, 1 + ALIKE): the days back of the week and of the alike days."""


def lags(past: Past, rows: Rows) -> Lags:
    """The earlier days of every row."""
    backs = past.alike_days(rows)
    week_back = np.full(len(rows), 7.0)
    week = past.back(rows, week_back)
    yesterday = past.back(rows, np.ones(len(rows)))
    alike = np.column_stack([past.back(rows, backs[:, j]) for j in range(ALIKE)])
    base = weighted(np.column_stack([week, alike[:, :3]]))
    for days in _OLDER_DAYS:
        if np.isfinite(base).all():
            break
        base = np.where(np.isfinite(base), base, past.back(rows, np.full(len(rows), days)))
    return Lags(week, yesterday, alike, base, np.column_stack([week_back, backs]))


def weighted(parts: Floats) -> Floats:
    """Mean over columns (week, three alike days) in fixed shares; nan where all are unknown."""
    shares = np.array([share for _, share in _BASE])
    known = np.isfinite(parts)
    weight = known @ shares
    total = np.where(known, parts, 0.0) @ shares
    result: Floats = np.full(len(parts), np.nan)
    result[weight > 0] = total[weight > 0] / weight[weight > 0]
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Present:
    """How the last hours went against the same rule, per row; nan where unknown."""

    last: Floats
    """Mean of the last hour."""
    error: Floats
    """Last hour minus its base."""
    error_3h: Floats
    error_24h: Floats
    week_error: Floats
    """Last hour minus the same hour a week before."""


def present(past: Past, rows: Rows) -> Present:
    """The last hours before every origin; equal origins are looked at once."""
    origins, place = np.unique(rows.origins_s, return_inverse=True)
    at = Rows(origins, origins, origins)
    hour, three, day = at.before(0, HOUR_S), at.before(0, 3 * HOUR_S), at.before(0, DAY_S)
    last = past.load.means(hour.starts_s, hour.ends_s)
    found = lags(past, hour)
    error_3h = past.load.means(three.starts_s, three.ends_s) - lags(past, three).base
    error_24h = past.load.means(day.starts_s, day.ends_s) - lags(past, day).base
    columns = (last, last - found.base, error_3h, error_24h, last - found.week)
    return Present(*(column[place] for column in columns))


def neutral(values: Floats) -> Floats:
    """Where a difference is not known it says nothing: 0."""
    result: Floats = np.where(np.isfinite(values), values, 0.0)
    return result


def features(past: Past, rows: Rows, found: Lags, now: Present) -> Floats:
    """What the ridge sees of each row, (rows, n): differences from the base, calendar, weather."""
    base, clock = found.base, past.calendar.clock
    day = clock.dates(rows.starts_s)
    kind = past.calendar.kinds(day)
    middles = (rows.starts_s + rows.ends_s) / 2
    same = (past.calendar.kinds(day - 1) == kind).astype(np.float64)
    yesterday = neutral(found.yesterday - base)
    columns = [
        neutral(found.week - base),
        *(neutral(found.alike[:, j] - base) for j in range(ALIKE)),
        yesterday * same,
        yesterday * (1 - same),
        *(neutral(past.back(rows, np.full(len(rows), d)) - base) for d in _FURTHER_DAYS),
        neutral(now.error),
        neutral(now.error_3h),
        neutral(now.error_24h),
        neutral(now.week_error),
        neutral(now.last - base),
        *_calendar_columns(
            harmonics(clock.hours(middles), _HARMONICS), kind, past.calendar.weekdays(day)
        ),
        *(neutral(column) for column in _weather_columns(past, rows, found)),
    ]
    return np.column_stack(columns)


def _calendar_columns(waves: list[Floats], kinds: Ints, weekdays: Ints) -> list[Floats]:
    """Kind of day and weekday, each with its own shape of the day."""
    kind_flags = [(kinds == kind).astype(np.float64) for kind in (WORKDAY, SUNDAY)]
    day_flags = [(weekdays == day).astype(np.float64) for day in range(DAYS_A_WEEK)]
    shapes = [wave * kind_flags[0] for wave in waves]
    slow = [wave * flag for wave in waves[:2] for flag in day_flags]
    return [np.ones(len(kinds)), *kind_flags, *day_flags, *waves, *shapes, *slow]


def _weather_columns(past: Past, rows: Rows, found: Lags) -> list[Floats]:
    """Temperature now against that of the days the base is made of."""
    outdoor = past.outdoor
    if outdoor is None:
        return []
    here = outdoor.means(rows.starts_s, rows.ends_s)
    before = np.column_stack(
        [past.back(_unbound(rows), found.days[:, j], outdoor) for j in range(len(_BASE))]
    )
    day = outdoor.means(rows.ends_s - DAY_S, rows.ends_s)
    known = past.calendar.clock.days_back(rows.ends_s, np.full(len(rows), 7.0))
    day_before = outdoor.means(known - DAY_S, known)
    columns = []
    for shape in (_plain, _heating, _cooling):
        change = shape(here) - weighted(shape(before))
        columns += [change, shape(day) - shape(day_before)]
    work = past.calendar.kinds(past.calendar.clock.dates(rows.starts_s)) == WORKDAY
    return [*columns, *(column * work for column in columns)]


def _unbound(rows: Rows) -> Rows:
    return Rows(rows.ends_s, rows.starts_s, rows.ends_s)


def _plain(temp_c: Floats) -> Floats:
    return temp_c


def _heating(temp_c: Floats) -> Floats:
    result: Floats = np.maximum(0.0, _HEAT_BELOW_C - temp_c)
    return result


def _cooling(temp_c: Floats) -> Floats:
    result: Floats = np.maximum(0.0, temp_c - _COOL_ABOVE_C)
    return result
