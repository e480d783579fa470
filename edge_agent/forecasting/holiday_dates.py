"""The holidays of a site's country, by its own word or by its time zone. Child's side."""

from __future__ import annotations

from importlib.resources import files

import holidays

_TABLE = "zone.tab"
_COLUMNS = 3


def country_of(timezone: str) -> str:
    """Two-letter country of a time zone, empty when the zone belongs to none or is not known."""
    table = files("tzdata").joinpath("zoneinfo", _TABLE).read_text(encoding="utf-8")
    for line in table.splitlines():
        words = line.split("\t")
        if len(words) >= _COLUMNS and words[2] == timezone:
            return words[0]
    return ""


def holiday_dates(country: str, years: range) -> tuple[str, ...]:
    """ISO dates of the national holidays; () for a country without a known calendar."""
    if country not in holidays.list_supported_countries():
        return ()
    found = holidays.country_holidays(country, years=years)
    return tuple(sorted(day.isoformat() for day in found))
