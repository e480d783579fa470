"""Working days, Saturdays, and Sundays with public holidays. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from functools import lru_cache

SATURDAY, SUNDAY = 5, 6


class DayClass(StrEnum):
    """Days of one class are alike in load and price."""

    WORKDAY = "workday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


IsHoliday = Callable[[date], bool]


def no_holiday(_: date) -> bool:
    """Where no country is given."""
    return False


TOLD = range(date(2020, 1, 1).toordinal(), date(2060, 1, 1).toordinal())
"""Days of which one process can tell another the holidays; of others each asks the library."""
Told = tuple[tuple[str, str, tuple[int, ...]], ...]
"""Country, subdivision, and the ordinals of their holidays within `TOLD`."""
_HEARD: dict[tuple[str, str], frozenset[int]] = {}


def tell(*places: tuple[str, str]) -> Told:
    """The holidays of countries with subdivisions, for who is not to load the library."""
    return tuple(
        (*place, tuple(day for day in TOLD if is_holiday(date.fromordinal(day))))
        for place in dict.fromkeys(places)
        if (is_holiday := holidays_of(*place)) is not no_holiday
    )


def hear(told: Told) -> None:
    """Take what another process tells, so that `holidays_of` need not load the library."""
    _HEARD.update({(country, part): frozenset(days) for country, part, days in told})


def holidays_of(country: str, subdivision: str = "") -> IsHoliday:
    """Public holidays of an ISO country code such as DE, with BW; raises ValueError if unknown."""
    if not country:
        return no_holiday
    heard = _HEARD.get((country, subdivision))
    if heard is None:
        return _looked_up(country, subdivision)

    def is_holiday(day: date) -> bool:
        number = day.toordinal()
        return number in heard if number in TOLD else _looked_up(country, subdivision)(day)

    return is_holiday


@lru_cache(maxsize=8)
def _looked_up(country: str, subdivision: str) -> IsHoliday:
    """By the library, which weighs 16 MB."""
    import holidays

    try:
        days = holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError as error:
        msg = f"there is no calendar of public holidays for {country} {subdivision}".rstrip()
        raise ValueError(msg) from error
    return lambda day: day in days


def day_class(day: date, is_holiday: IsHoliday = no_holiday) -> DayClass:
    """The class of a local day."""
    if is_holiday(day) or day.weekday() == SUNDAY:
        return DayClass.SUNDAY
    return DayClass.SATURDAY if day.weekday() == SATURDAY else DayClass.WORKDAY
