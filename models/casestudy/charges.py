"""Demand charges of a study: one per calendar month and year its horizon touches."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from models.casestudy.axis import Axis
from models.casestudy.parts import SEMDRGrid
from models.casestudy.standing import Standing
from models.conditions import DemandTerm

BLOCK_S = 900
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Period:
    """One billing period as far as a horizon reaches into it."""

    key: Hashable
    first: datetime
    """Local time of the first step inside."""
    seconds: float
    days_left: int
    """From the first step's date to the period's end."""
    counts: tuple[float, ...]

    @property
    def share(self) -> float:
        """Part of the period's charge that belongs to the horizon: days covered / days left."""
        return min(1.0, max(1.0, self.seconds / _DAY_S) / self.days_left)


def months(axis: Axis) -> list[Period]:
    """Local calendar months of the horizon, in order."""
    keys: list[Hashable] = [(moment.year, moment.month) for moment in axis.local]
    return _periods(axis, keys, _days_left_of_month)


def years(axis: Axis) -> list[Period]:
    """Local calendar years of the horizon, in order."""
    keys: list[Hashable] = [moment.year for moment in axis.local]
    return _periods(axis, keys, _days_left_of_year)


def charge_ids(count_months: int, count_years: int, grid: SEMDRGrid) -> tuple[str, ...]:
    """Ids of the charges that cost something."""
    monthly = [f"month_{number}" for number in range(count_months)] if grid.demand_charge else []
    yearly = [f"year_{number}" for number in range(count_years)] if grid.c_buyPeak else []
    return (*monthly, *yearly)


def demand_terms(
    axis: Axis, grid: SEMDRGrid, standing: Standing, ids: tuple[str, ...]
) -> tuple[DemandTerm, ...]:
    """The terms of `ids` for one horizon; a charge whose period is not reached is worth nothing."""
    known = dict(
        zip((each for each in ids if each.startswith("month")), months(axis), strict=False)
    )
    known |= dict(zip((each for each in ids if each.startswith("year")), years(axis), strict=False))
    return tuple(_term(each, known.get(each), axis, grid, standing) for each in ids)


def _term(
    each: str, period: Period | None, axis: Axis, grid: SEMDRGrid, standing: Standing
) -> DemandTerm:
    """One charge."""
    if period is None:
        nothing = (0.0,) * axis.steps
        return DemandTerm(id=each, price_per_kw=0.0, peak_so_far_kw=0.0, counts=nothing)
    monthly = each.startswith("month")
    rate = grid.demand_charge if monthly else grid.c_buyPeak
    peaks: Mapping[Hashable, float] = dict(standing.month_peak_kw.items())
    if not monthly:
        peaks = dict(standing.year_peak_kw.items())
    return DemandTerm(
        id=each,
        price_per_kw=rate * period.share,
        peak_so_far_kw=peaks.get(period.key, 0.0),
        block_s=BLOCK_S,
        open_block_kwh=standing.open_block_kwh if period.counts[0] else 0.0,
        open_block_elapsed_s=standing.open_block_s if period.counts[0] else 0.0,
        counts=period.counts,
    )


def _periods(axis: Axis, keys: list[Hashable], days_left: Callable[[date], int]) -> list[Period]:
    """Steps grouped by their period."""
    found = []
    local = axis.local
    for key in dict.fromkeys(keys):
        counts = tuple(float(each == key) for each in keys)
        first = local[keys.index(key)]
        found.append(
            Period(
                key=key,
                first=first,
                seconds=axis.step_s * sum(counts),
                days_left=days_left(first.date()),
                counts=counts,
            )
        )
    return found


def _days_left_of_month(day: date) -> int:
    """With the day itself."""
    return monthrange(day.year, day.month)[1] - day.day + 1


def _days_left_of_year(day: date) -> int:
    """With the day itself."""
    return (date(day.year + 1, 1, 1) - day).days
