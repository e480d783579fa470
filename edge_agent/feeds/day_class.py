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


@lru_cache(maxsize=8)
def holidays_of(country: str, subdivision: str = "") -> IsHoliday:
    """Public holidays of an ISO country code such as DE, with BW; raises ValueError if unknown."""
    if not country:
        return no_holiday
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
