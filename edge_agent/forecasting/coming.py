"""The weather forecast of a site's feed, ready for the forecasts of one plan. Worker's side."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from edge_agent.feeds.outlook import Outlook
from edge_agent.feeds.quantity import QUANTITIES, FeedKind, Quantity
from edge_agent.feeds.reader import BookReader
from edge_agent.forecasting.sights import Weather
from models.forecast.history import History
from models.forecast.sky import Sky
from models.types import Reason, ReasonCode, TimeGrid, floor_time

STEP_S = 3600
BACK_H = 24
"""So far back the forecast is held against what was measured since."""


def coming_weather(
    books: BookReader, grid: TimeGrid, now: datetime
) -> tuple[Weather | None, tuple[Reason, ...]]:
    """Temperature and sky from a day before now to the grid's end, and every doubt about them.

    None where the site has no such feed, or the feed knows nothing of what is ahead.
    """
    found: dict[Quantity, History] = {}
    reasons: list[Reason] = []
    for quantity in QUANTITIES[FeedKind.WEATHER]:
        outlook = books.outlook(FeedKind.WEATHER, quantity)
        if outlook is None:
            return None, ()
        series, notes = _series(outlook, grid, now)
        if series is not None:
            found[quantity] = series
        reasons += [_reason(f"{quantity} {note}") for note in notes]
    if not found:
        return None, (_reason("the feed knows nothing of the hours ahead, planned without"),)
    light = found.get(Quantity.IRRADIANCE)
    sky = None if light is None else Sky(irradiance_w_per_m2=light)
    return Weather(temperature_c=found.get(Quantity.TEMPERATURE), sky=sky), tuple(reasons)


def _series(
    outlook: Outlook, grid: TimeGrid, now: datetime
) -> tuple[History | None, tuple[str, ...]]:
    """Hour by hour, nan where nothing is known; hours that are past count only without a doubt."""
    first = floor_time(grid.start, STEP_S)
    hours = -(-round((grid.end - first).total_seconds()) // STEP_S)
    ahead = outlook.over([_hour(first, h) for h in range(hours)], [STEP_S] * hours, now)
    if all(value is None for value in ahead.values):
        return None, ()
    before: list[float | None] = []
    for hour in range(-BACK_H, 0):
        start = _hour(first, hour)
        seen = outlook.over([start], [STEP_S], start)
        before.append(None if seen.notes else seen.values[0])
    values = np.array([*before, *ahead.values], dtype=np.float64)
    return History(_hour(first, -BACK_H), STEP_S, values), ahead.notes


def _hour(first: datetime, number: int) -> datetime:
    return first + timedelta(seconds=STEP_S * number)


def _reason(text: str) -> Reason:
    return Reason(code=ReasonCode.ASSUMED, text=f"weather: {text}", degrades=False)
