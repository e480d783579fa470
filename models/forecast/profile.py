"""The usual course of a day: people in a zone, hot water drawn. Learnt and looked up."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from models.forecast.calendar import SATURDAY, SUNDAY, WORKDAY, Calendar
from models.forecast.history import Floats, History, windows
from models.forecast.learnt import Basis, LearntProfile
from models.forecast.local_time import DAY_S, Ints
from models.types import Series, TimeGrid

QUARTERS = 96
_HALF_LIFE_DAYS = 28.0
_LEAST_DAYS = 1.0


def fit_profile(name: str, history: History, calendar: Calendar) -> LearntProfile | None:
    """Mean per quarter of the day and kind of day, recent weeks counting more; None before a day.

    A quarter never measured on a kind of day stays None.
    """
    known = np.isfinite(history.values)
    if known.sum() * history.step_s < _LEAST_DAYS * DAY_S:
        return None
    middles = history.middles_s()
    kinds = calendar.kinds(calendar.clock.dates(middles))
    places = (calendar.clock.hours(middles) * 4).astype(np.int64)
    weight = 0.5 ** ((middles[-1] - middles) / DAY_S / _HALF_LIFE_DAYS)
    tables = {}
    errors = np.full(len(known), np.nan)
    for kind in (WORKDAY, SATURDAY, SUNDAY):
        here = known & (kinds == kind)
        table = _means(history, places, np.where(here, weight, 0.0))
        tables[kind] = tuple(None if np.isnan(value) else float(value) for value in table)
        errors[here] = np.abs(history.values - table[places])[here]
    first, last = middles[known][[0, -1]]
    half = history.step_s / 2
    return LearntProfile(
        id=name,
        basis=Basis(
            first=datetime.fromtimestamp(first - half, UTC),
            last=datetime.fromtimestamp(last + half, UTC),
            count=int(known.sum()),
            error=float(np.nanmean(errors)),
        ),
        workday=tables[WORKDAY],
        saturday=tables[SATURDAY],
        sunday=tables[SUNDAY],
    )


def _means(history: History, places: Ints, weight: Floats) -> Floats:
    """Weighted mean per quarter of the day; an hourly history fills its four quarters alike."""
    span = max(1, history.step_s * QUARTERS // DAY_S)
    total, weights = np.zeros(QUARTERS), np.zeros(QUARTERS)
    values = np.where(weight > 0, history.values, 0.0)
    first = places - span // 2
    for shift in range(span):
        at = (first + shift) % QUARTERS
        np.add.at(total, at, weight * values)
        np.add.at(weights, at, weight)
    result: Floats = np.full(QUARTERS, np.nan)
    result[weights > 0] = total[weights > 0] / weights[weights > 0]
    return result


def forecast_profile(learnt: LearntProfile, calendar: Calendar, grid: TimeGrid) -> Series | None:
    """The usual value per step; another kind of day stands in for one never measured.

    None when some step's quarter was never measured on any day.
    """
    starts, ends = windows(grid)
    middles = (starts + ends) / 2
    kinds = calendar.kinds(calendar.clock.dates(middles))
    places = (calendar.clock.hours(middles) * 4).astype(np.int64)
    tables = (learnt.workday, learnt.saturday, learnt.sunday)
    found = []
    for kind, place in zip(kinds.tolist(), places.tolist(), strict=True):
        order = (tables[kind], tables[SUNDAY], tables[SATURDAY], tables[WORKDAY])
        known = [table[place] for table in order if table[place] is not None]
        found.append(known[0] if known else None)
    usable = tuple(value for value in found if value is not None)
    return usable if len(usable) == len(grid) else None
