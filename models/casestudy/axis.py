"""The steps of a study: an aware UTC start, equal steps, and the site's own zone for the eye."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.casestudy.errors import StudyError
from models.timegrid import TimeGrid

Floats = NDArray[np.float64]

_FEWEST = 2

STEP_MINUTES = {"1min": 1, "5min": 5, "15min": 15, "30min": 30, "60min": 60, "1h": 60}


def step_seconds(freq: str) -> int:
    """Seconds of a step named as 1min, 5min, 15min, 30min, 60min or 1h; StudyError otherwise."""
    if freq not in STEP_MINUTES:
        raise StudyError("freq", f"{freq!r} is no step", f"use one of {', '.join(STEP_MINUTES)}")
    return 60 * STEP_MINUTES[freq]


@dataclass(frozen=True, slots=True)
class Axis:
    """`steps` equal steps from `start`."""

    start: datetime
    step_s: int
    steps: int
    zone: ZoneInfo
    due: int | None = None
    """Steps whose load and sun must be known; None = all. The rest may be NaN."""

    @property
    def end(self) -> datetime:
        """UTC end of the last step."""
        return self.start + timedelta(seconds=self.step_s * self.steps)

    @property
    def grid(self) -> TimeGrid:
        """The same steps in the words of the optimiser."""
        return TimeGrid(start=self.start, step_s=(self.step_s,) * self.steps)

    @property
    def times_s(self) -> Floats:
        """Starts of the steps [s since the epoch]."""
        return self.start.timestamp() + self.step_s * np.arange(self.steps, dtype=np.float64)

    @property
    def index(self) -> pd.DatetimeIndex:
        """Starts of the steps in the site's zone."""
        first = pd.Timestamp(self.start)
        utc = pd.date_range(first, periods=self.steps, freq=pd.Timedelta(seconds=self.step_s))
        return utc.tz_convert(self.zone).rename("time")

    @property
    def local(self) -> list[datetime]:
        """Starts of the steps as local times."""
        return [
            (self.start + timedelta(seconds=self.step_s * place)).astimezone(self.zone)
            for place in range(self.steps)
        ]

    def part(self, first: int, steps: int) -> Axis:
        """`steps` of these steps from number `first`."""
        start = self.start + timedelta(seconds=self.step_s * first)
        return Axis(start, self.step_s, steps, self.zone)

    def earlier(self, steps: int) -> Axis:
        """These steps and so many before them."""
        return self.part(-steps, self.steps + steps)


def utc(moment: object, place: str) -> datetime:
    """An aware moment (datetime, Timestamp, ISO text) as UTC; StudyError for a naive one."""
    stamp = pd.Timestamp(moment)
    if stamp is pd.NaT:
        raise StudyError(place, f"{moment!r} is no time", "give an ISO time")
    if stamp.tzinfo is None:
        remedy = "add its zone, for instance '2018-03-01 00:00+01:00'"
        raise StudyError(place, f"{moment} has no time zone", remedy)
    found: datetime = stamp.to_pydatetime().astimezone(UTC)
    return found


def to_steps(values: object, axis: Axis, place: str, due: int | None = None) -> Floats:
    """One number per step of `axis`, from a pandas Series or a plain sequence or number.

    Finer series are averaged, coarser ones hold over their step. A step (of the first `due`)
    without a value is an error: what is missing is not made up.
    """
    found = known_steps(values, axis, place)
    wrong = np.flatnonzero(~np.isfinite(found[:due]))
    if len(wrong):
        first = axis.index[int(wrong[0])]
        fault = f"no value at {first} ({len(wrong)} of {axis.steps} steps)"
        remedy = "shorten the horizon, fill the gaps yourself or leave the whole series out"
        raise StudyError(place, fault, remedy)
    return found


def known_steps(values: object, axis: Axis, place: str) -> Floats:
    """The same with NaN where nothing is known."""
    if isinstance(values, int | float | np.number):
        found = np.full(axis.steps, float(values))
    elif isinstance(values, pd.Series):
        found = _from_series(values, axis, place)
    else:
        found = _from_sequence(values, axis, place)
    return found


def _from_sequence(values: object, axis: Axis, place: str) -> Floats:
    """Numbers in the order of the steps."""
    if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray):
        remedy = "give a number, a list, an array or a pandas Series"
        raise StudyError(place, f"{type(values).__name__} is no series", remedy)
    found = np.asarray(values, dtype=np.float64)
    if found.shape != (axis.steps,):
        fault = f"{len(found)} values where {axis.steps} steps are due"
        remedy = "give one number per step, or a pandas Series with its times"
        raise StudyError(place, fault, remedy)
    return found


def _from_series(values: pd.Series, axis: Axis, place: str) -> Floats:
    """Values by their times."""
    if not isinstance(values.index, pd.DatetimeIndex):
        remedy = "give it a DatetimeIndex with a zone, or pass its .to_numpy()"
        raise StudyError(place, "the series has no times", remedy)
    if values.index.tz is None:
        remedy = "series.tz_localize('Europe/Berlin') or tz_localize('UTC')"
        raise StudyError(place, "the times of the series have no zone", remedy)
    ordered = values.sort_index()
    starts = ordered.index.tz_convert("UTC").as_unit("s").asi8.astype(np.float64)
    numbers = ordered.to_numpy(dtype=np.float64)
    if len(numbers) < _FEWEST:
        raise StudyError(place, "fewer than two values", "give the whole horizon")
    own_step = float(np.median(np.diff(starts)))
    if own_step < axis.step_s:
        return _averaged(starts, numbers, axis)
    return _held(starts, numbers, own_step, axis)


def _averaged(starts: Floats, numbers: Floats, axis: Axis) -> Floats:
    """Means of the finite values that begin within each step; NaN where there is none."""
    place = np.floor((starts - axis.start.timestamp()) / axis.step_s).astype(np.int64)
    used = (place >= 0) & (place < axis.steps) & np.isfinite(numbers)
    total = np.bincount(place[used], weights=numbers[used], minlength=axis.steps)
    count = np.bincount(place[used], minlength=axis.steps)
    with np.errstate(invalid="ignore"):
        mean: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean


def _held(starts: Floats, numbers: Floats, own_step: float, axis: Axis) -> Floats:
    """The value in force at the start of each step; NaN before, after and in gaps."""
    times = axis.times_s
    last = np.searchsorted(starts, times, side="right") - 1
    inside = (last >= 0) & (times < starts[np.maximum(last, 0)] + own_step)
    found: Floats = np.where(inside, numbers[np.maximum(last, 0)], np.nan)
    return found
