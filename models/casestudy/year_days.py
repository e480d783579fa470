"""A year as a few days with weights: what sizing is solved over.

Each month gives up to three days: the working day and the day off that come nearest their month's
mean, scaled to keep its energies and mean price, and the day of the highest load as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.casestudy.axis import Floats

HOURS = 24
_SATURDAY = 5


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """24 hourly values per column, standing for `weight` days of `month`."""

    month: int
    weight: float
    columns: dict[str, Floats]


def representative_days(year: pd.DataFrame, peak_of: str, energies: frozenset[str]) -> list[Day]:
    """Days for an hourly year in local time.

    `peak_of` is the column whose highest hour picks each month's peak day; `energies` are the
    columns scaled to their mean, the others are shifted to it.
    """
    found: list[Day] = []
    for (_, month), part in year.groupby([year.index.year, year.index.month]):
        whole = _whole_days(part)
        if not whole:
            continue
        highest = max(range(len(whole)), key=lambda place: float(whole[place][peak_of].max()))
        peak = whole.pop(highest)
        found.append(Day(int(month), 1.0, _columns(peak)))
        days = part.index.normalize().nunique()
        found += _typical(int(month), whole, (days - 1) / max(1, len(whole)), energies)
    return found


def _whole_days(part: pd.DataFrame) -> list[pd.DataFrame]:
    """Local days of 24 hours; for those of the clock change the others stand in."""
    days = [day for _, day in part.groupby(part.index.normalize())]
    return [day for day in days if len(day) == HOURS]


def _typical(
    month: int, days: list[pd.DataFrame], weight: float, energies: frozenset[str]
) -> Iterator[Day]:
    """Nearest to the mean of the working days, and of the days off; each stands for `weight`."""
    for free in (False, True):
        group = [day for day in days if (day.index[0].day_of_week >= _SATURDAY) == free]
        if not group:
            continue
        stack = np.stack([day.to_numpy(dtype=np.float64) for day in group])
        mean = stack.mean(axis=0)
        spread = stack.std(axis=(0, 1)) + 1e-9
        distance = (((stack - mean) / spread) ** 2).sum(axis=(1, 2))
        nearest = group[int(np.argmin(distance))]
        columns = _columns(nearest)
        for place, name in enumerate(nearest.columns):
            columns[name] = _to_mean(columns[name], float(mean[:, place].mean()), name in energies)
        yield Day(month, weight * len(group), columns)


def _columns(day: pd.DataFrame) -> dict[str, Floats]:
    return {name: day[name].to_numpy(dtype=np.float64) for name in day.columns}


def _to_mean(values: Floats, mean: float, scaled: bool) -> Floats:  # noqa: FBT001 - a property of the column
    """Scaled or shifted so that the mean is `mean`."""
    own = float(values.mean())
    if scaled:
        return values * (mean / own) if own > 0 else values
    return values + (mean - own)
