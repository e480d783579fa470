"""A load with a working week, holidays, cold days and chance, for forecasts to learn."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from models.forecast.calendar import WORKDAY, Calendar, calendar
from models.forecast.history import Floats, History

START = datetime(2025, 1, 6, tzinfo=UTC)
HOLIDAYS = ("2025-04-18", "2025-04-21", "2025-05-01")
ZONE = ZoneInfo("Europe/Berlin")
STEP_S = 3600


def own_calendar(days: int) -> Calendar:
    """Of the story, and of a month before and after it."""
    first_s = START.timestamp()
    return calendar(ZONE, first_s - 30 * 86_400, first_s + (days + 30) * 86_400, HOLIDAYS)


def middles(days: int) -> Floats:
    """Middle of every hour, UTC seconds."""
    count = days * 86_400 // STEP_S
    times: Floats = START.timestamp() + STEP_S * (np.arange(count, dtype=np.float64) + 0.5)
    return times


def outdoor_c(days: int) -> Floats:
    """Cold spells of some days around 4 degC."""
    hours = middles(days) / 3600.0
    swing: Floats = 4.0 + 6.0 * np.sin(hours / 61.0) + 2.0 * np.sin(hours / 24 * 2 * np.pi)
    return swing


def story_kw(days: int, *, noise_kw: float = 2.0, kw_per_k: float = 0.0, seed: int = 7) -> Floats:
    """40 kW, 60 kW more from 7 to 19 local on working days, heating below 12 degC, and chance."""
    own, times = own_calendar(days), middles(days)
    hour = own.clock.hours(times)
    busy = (own.kinds(own.clock.dates(times)) == WORKDAY) & (hour >= 7) & (hour < 19)
    cold = np.maximum(0.0, 12.0 - outdoor_c(days))
    chance = np.random.default_rng(seed).normal(0.0, noise_kw, len(times))
    load: Floats = 40.0 + 60.0 * busy + kw_per_k * cold + chance
    return load


def history(values: Floats) -> History:
    """From the story's start on."""
    return History(START, STEP_S, values)
