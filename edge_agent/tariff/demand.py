"""When a demand charge is measured, in which period, and from where it cannot fall. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from edge_agent.feeds.day_class import IsHoliday
from edge_agent.tariff.calendar import inside

if TYPE_CHECKING:
    from edge_agent.site.tariff_schema import DemandCharge

DECEMBER = 12


def billing_period(
    charge: DemandCharge, moment: datetime, zone: ZoneInfo
) -> tuple[datetime, datetime]:
    """UTC start and end of the local month or year that holds `moment`."""
    first = moment.astimezone(zone).date().replace(day=1)
    if charge.period == "year":
        first = first.replace(month=1)
        return _midnight(first, zone), _midnight(first.replace(year=first.year + 1), zone)
    following = (first + timedelta(days=31)).replace(day=1)
    return _midnight(first, zone), _midnight(following, zone)


def measured(charge: DemandCharge, moment: datetime, zone: ZoneInfo, is_holiday: IsHoliday) -> bool:
    """Whether import at `moment` counts for the charge."""
    if charge.months and moment.astimezone(zone).month not in charge.months:
        return False
    if not charge.windows:
        return True
    return any(inside(window, moment, zone, is_holiday) for window in charge.windows)


def counts(
    charge: DemandCharge,
    now: datetime,
    starts: Sequence[datetime],
    zone: ZoneInfo,
    is_holiday: IsHoliday,
) -> tuple[float, ...]:
    """Per step 1 where its import counts in the period that `now` lies in; () = every step does."""
    begins, ends = billing_period(charge, now, zone)
    found = tuple(
        float(begins <= start < ends and measured(charge, start, zone, is_holiday))
        for start in starts
    )
    return () if all(found) else found


def ratchet_kw(
    charge: DemandCharge, moment: datetime, peaks: Mapping[date, float], zone: ZoneInfo
) -> float:
    """The least billed peak: a share of the highest of the months before.

    `peaks` are in kW by the first day of their local month.
    """
    if not charge.ratchet_share:
        return 0.0
    this = moment.astimezone(zone).date()
    before = [
        peak_kw
        for month, peak_kw in peaks.items()
        if _months_between(month, this) in range(1, charge.ratchet_months + 1)
    ]
    return charge.ratchet_share * max(before, default=0.0)


def _months_between(before: date, after: date) -> int:
    return (after.year - before.year) * DECEMBER + after.month - before.month


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)
