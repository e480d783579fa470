"""The daily work of a shiftable load as jobs in UTC, and the local days of a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from models.types import Job, TimeGrid

if TYPE_CHECKING:
    from edge_agent.site.work_schema import ShiftableAsset

ONE_DAY = timedelta(days=1)


def work_kwh(asset: ShiftableAsset, power_kw: float) -> float:
    """What is to be done in a day, by a load of this full power."""
    if asset.energy_kwh_per_day is not None:
        return asset.energy_kwh_per_day
    return (asset.run_h_per_day or 0.0) * power_kw


def jobs(
    asset: ShiftableAsset, energy_kwh: float, zone: ZoneInfo, span: tuple[datetime, datetime]
) -> tuple[Job, ...]:
    """The jobs whose windows touch `span`, in their order; nothing done yet."""
    first, last = (moment.astimezone(zone).date() for moment in span)
    found = []
    day = first - ONE_DAY
    while day <= last:
        opens = datetime.combine(day, time.fromisoformat(asset.earliest), zone)
        closes = datetime.combine(day, time.fromisoformat(asset.deadline), zone)
        if closes <= opens:
            closes += ONE_DAY
        job = Job(
            earliest=opens.astimezone(UTC), deadline=closes.astimezone(UTC), energy_kwh=energy_kwh
        )
        if job.deadline > span[0] and job.earliest < span[1] and job.earliest < job.deadline:
            found.append(job)
        day += ONE_DAY
    return tuple(found)


def midnights(grid: TimeGrid, zone: ZoneInfo) -> tuple[datetime, ...]:
    """UTC moments at which the local days of the grid begin, that of its first step included."""
    return tuple(_midnights(grid, zone))


def _midnights(grid: TimeGrid, zone: ZoneInfo) -> Iterator[datetime]:
    day = grid.start.astimezone(zone).date()
    while (begins := datetime.combine(day, time(), zone).astimezone(UTC)) < grid.end:
        yield begins
        day += ONE_DAY
