"""BDEW standard load profiles from the tables of demandlib, on any local time axis."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import holidays

PROFILES = ("H0", "G0", "G1", "G2", "G3", "G4", "G5", "G6", "L0", "L1", "L2")
_QUARTERS = 96
_SUNDAY = 7

Table = dict[tuple[str, int], tuple[float, ...]]
"""96 values by season and ISO weekday."""


class NoTablesError(LookupError):
    """demandlib is not installed."""


@dataclass(frozen=True, slots=True)
class StandardLoad:
    """One profile of one country's calendar, scaled to a year's energy."""

    profile: str
    annual_kwh: float
    country: str = "DE"

    def power_kw(self, local: datetime) -> float:
        """Mean power [kW] of the quarter hour that holds a local time."""
        scale = self.annual_kwh / _year_sum(self.profile, local.year, self.country)
        quarter = local.hour * 4 + local.minute // 15
        day = _day(self.profile, local.date(), self.country)
        return day[quarter] * scale


@cache
def _tables() -> dict[str, Table]:
    """Every profile's values; NoTablesError without demandlib."""
    found = find_spec("demandlib")
    if found is None or found.origin is None:
        raise NoTablesError("demandlib")
    path = Path(found.origin).parent / "bdew" / "bdew_data" / "selp_series.csv"
    lists: dict[str, dict[tuple[str, int], list[float]]] = {name: {} for name in PROFILES}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = (row["period"], int(row["weekday"]))
            for name in PROFILES:
                lists[name].setdefault(key, []).append(float(row[name.lower()]))
    return {
        name: {key: tuple(values) for key, values in table.items()} for name, table in lists.items()
    }


@cache
def _day(profile: str, day: date, country: str) -> tuple[float, ...]:
    """The 96 values of a date; a public holiday counts as a Sunday."""
    weekday = _SUNDAY if day in _holidays(country, day.year) else day.isoweekday()
    values = _tables()[profile][_season(day), weekday]
    if profile != "H0":
        return values
    factor = _household_factor(day.timetuple().tm_yday)
    return tuple(factor * value for value in values)


@cache
def _year_sum(profile: str, year: int, country: str) -> float:
    """Sum of the year's quarter hours, as hours."""
    first = date(year, 1, 1)
    days = (date(year + 1, 1, 1) - first).days
    dates = (first + timedelta(days=number) for number in range(days))
    return sum(sum(_day(profile, each, country)) for each in dates) / 4.0


@cache
def _holidays(country: str, year: int) -> frozenset[date]:
    """Public holidays; none where the country's calendar is not known."""
    if country not in holidays.list_supported_countries():
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=year))


def _season(day: date) -> str:
    """BDEW's seasons: summer 15 May .. 14 Sep, winter 1 Nov .. 20 Mar, transition between."""
    place = (day.month, day.day)
    if (5, 15) <= place <= (9, 14):
        return "summer"
    if place >= (11, 1) or place <= (3, 20):
        return "winter"
    return "transition"


def _household_factor(day: int) -> float:
    """BDEW's smoothing of H0 over the days of the year, from 1."""
    return -3.92e-10 * day**4 + 3.2e-7 * day**3 - 7.02e-5 * day**2 + 2.1e-3 * day + 1.24
