"""Which blocks of a tariff hold on a local day. Pure; wall-clock times, so DST needs no care."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from edge_agent.feeds.day_class import DayClass, IsHoliday, day_class, holidays_of

if TYPE_CHECKING:
    from edge_agent.site.tariff_schema import Blocks, Season, Tariff, Window


def holidays_in(tariff: Tariff) -> IsHoliday:
    """The public holidays a tariff minds; raises ValueError for an unknown country."""
    return holidays_of(tariff.country, tariff.subdivision)


def season_of(tariff: Tariff, day: date) -> Season | None:
    """The season that has begun last, over the turn of the year; None without seasons."""
    if not tariff.seasons:
        return None
    ordered = sorted(tariff.seasons, key=lambda season: season.start)
    begun = [season for season in ordered if season.start <= f"{day:%m-%d}"]
    return (begun or ordered)[-1]


def blocks_on(tariff: Tariff, day: date, is_holiday: IsHoliday) -> Blocks:
    """The blocks of a local day."""
    season = season_of(tariff, day)
    if season is None:
        return tariff.blocks
    weekend = season.weekend_blocks or season.blocks
    if is_holiday(day):
        return season.holiday_blocks or weekend
    return season.blocks if day_class(day) is DayClass.WORKDAY else weekend


def block_price(blocks: Blocks, local: datetime) -> float | None:
    """Price of the last block that has begun at a local time; None before the first."""
    clock = f"{local:%H:%M}"
    begun = [block.price_per_kwh for block in blocks if block.start <= clock]
    return begun[-1] if begun else None


def inside(window: Window, moment: datetime, zone: ZoneInfo, is_holiday: IsHoliday) -> bool:
    """Whether a moment lies in a window; past midnight the day is the one it began on."""
    local = moment.astimezone(zone)
    clock, day = f"{local:%H:%M}", local.date()
    over_midnight = window.end <= window.start
    begun, over = clock >= window.start, clock >= window.end
    if not (begun or not over if over_midnight else begun and not over):
        return False
    if over_midnight and not over:
        day = date.fromordinal(day.toordinal() - 1)
    workday = day_class(day, is_holiday) is DayClass.WORKDAY
    return window.days == "all" or workday == (window.days == "workdays")
