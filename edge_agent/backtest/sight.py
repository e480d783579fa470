"""What a plan of a backtest may know of the hours ahead: own forecasts, the truth, or yesterday.

The own forecasts are the agent's: learnt anew every two weeks from what was measured before, and
evaluated a day's plans at a time, which makes no difference to their values.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np

from edge_agent.backtest.case import DAY, Case
from edge_agent.backtest.data_file import QUARTER_S
from edge_agent.forecasting.holiday_dates import country_of, holiday_dates
from models.forecast.bands import band_series
from models.forecast.calendar import Calendar, calendar
from models.forecast.history import Floats, History
from models.forecast.learnt import LearntLoad, LearntPv
from models.forecast.load import learnt_load
from models.forecast.load_fit import fit_load
from models.forecast.load_rows import Past, Rows
from models.forecast.place import Place
from models.forecast.pv_fit import PvRecord, fit_pv
from models.forecast.pv_rows import PvPast, pv_seen
from models.forecast.seen import by_buckets

LEADS_H = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 12.0, 16.0, 20.0, 24.0)
RENEW = 14 * DAY
LEARN_FROM = 180 * DAY
"""So much of the past is learnt from."""
LOOK_BACK = 36 * DAY
"""So much of the past a forecast looks at."""
EVERY = 4
"""Quarter hours between two plans."""
MARGIN_SHARE = 0.95


class ForecastKind(StrEnum):
    """`own` as the agent makes them, `persistence` the day before, `perfect` the truth.

    `perfect` knows the next day and how high the later days of a billing period come, which are the
    two things that the planner foresees; `perfect-day` knows the former alone.
    """

    OWN = "own"
    PERFECT = "perfect"
    PERFECT_DAY = "perfect-day"
    PERSISTENCE = "persistence"


@dataclass(frozen=True, slots=True, eq=False)
class Foreseen:
    """The next 24 h from a quarter hour on, kW; `margin_kw` covers the load with 95 %."""

    load_kw: Floats
    pv_kw: Floats
    margin_kw: Floats


class Sight(Protocol):
    """Looks ahead from any quarter hour that a plan begins with, in rising order."""

    def ahead(self, step: int) -> Foreseen:
        """What is foreseen for [step, step + 96)."""
        ...


def sight(case: Case, kind: ForecastKind) -> Sight:
    """The sight of that kind."""
    match kind:
        case ForecastKind.OWN:
            return OwnSight(case)
        case ForecastKind.PERFECT | ForecastKind.PERFECT_DAY:
            return _Shifted(case, 0)
        case ForecastKind.PERSISTENCE:
            return _Shifted(case, DAY)


@dataclass(frozen=True, slots=True, eq=False)
class _Shifted:
    """What is (or was so many quarter hours before)."""

    case: Case
    back: int

    def ahead(self, step: int) -> Foreseen:
        first = max(0, step - self.back)
        return Foreseen(
            load_kw=self.case.load_kw[first : first + DAY],
            pv_kw=self.case.pv_kw[first : first + DAY],
            margin_kw=np.zeros(DAY),
        )


class OwnSight:
    """The agent's forecasts of load and PV; where too little is known, the day before."""

    def __init__(self, case: Case) -> None:
        self._case = case
        site = case.loaded.site.site
        zone = case.loaded.zone
        years = range(case.start.year - 1, case.at(case.last).year + 2)
        first_s = case.start.timestamp()
        last_s = case.at(case.last + DAY).timestamp()
        days = holiday_dates(country_of(site.timezone), years)
        self._calendar: Calendar = calendar(zone, first_s, last_s, days)
        self._place = Place(site.latitude, site.longitude)
        self._load: LearntLoad | None = None
        self._pv: LearntPv | None = None
        self._learnt_at = -RENEW
        self._day: tuple[int, list[Foreseen]] = (-DAY, [])

    def ahead(self, step: int) -> Foreseen:
        """From the batch of its day."""
        first, batch = self._day
        if not first <= step < first + len(batch) * EVERY:
            self._renew(step)
            first, batch = step, self._batch(step)
            self._day = (first, batch)
        return batch[(step - first) // EVERY]

    def _renew(self, step: int) -> None:
        """Learn anew when it is time, and every day while too little was known."""
        if self._load is not None and step - self._learnt_at < RENEW:
            return
        past = slice(max(0, step - LEARN_FROM), step)
        self._load = fit_load(self._past(self._case.measured_kw, past), LEADS_H)
        power = self._past(self._case.pv_kw, past).load
        self._pv = fit_pv(PvRecord(id="all", power_kw=power), self._place, self._calendar)
        self._learnt_at = step

    def _past(self, values: Floats, steps: slice) -> Past:
        history = History(self._case.at(steps.start), QUARTER_S, values[steps])
        return Past(history, self._calendar)

    def _batch(self, step: int) -> list[Foreseen]:
        count = min(DAY, self._case.last - step) // EVERY
        origins = self._case.at(step).timestamp() + EVERY * QUARTER_S * np.arange(count)
        steps_s = QUARTER_S * np.arange(DAY, dtype=np.float64)
        starts: Floats = (origins[:, None] + steps_s).ravel()
        ends: Floats = starts + QUARTER_S
        rows = Rows(np.repeat(origins, DAY), starts, ends)
        # Rows never look behind their origin, so the day that is being played may stand there.
        seen = slice(max(0, step - LOOK_BACK), step + count * EVERY)
        load, margin = self._load_of(rows, seen, (step, count))
        pv = self._pv_of(rows, seen, (step, count))
        return [Foreseen(load[i], pv[i], margin[i]) for i in range(count)]

    def _load_of(self, rows: Rows, seen: slice, shape: tuple[int, int]) -> tuple[Floats, Floats]:
        yesterday = self._yesterday(self._case.load_kw, *shape)
        if self._load is None:
            return yesterday, np.zeros_like(yesterday)
        past = self._past(self._case.measured_kw, seen)
        series, buckets = learnt_load(past, rows, self._load)
        series = np.where(np.isfinite(series), series, yesterday.ravel())
        bands = dict(band_series(series, rows, buckets))
        high = np.array(bands.get(MARGIN_SHARE, tuple(series)))
        size = (shape[1], DAY)
        return series.reshape(size), np.maximum(0.0, high - series).reshape(size)

    def _pv_of(self, rows: Rows, seen: slice, shape: tuple[int, int]) -> Floats:
        yesterday = self._yesterday(self._case.pv_kw, *shape)
        learnt = self._pv
        if learnt is None:
            return yesterday
        clear = History(learnt.clear_start, learnt.clear_step_s, np.array(learnt.clear_kw))
        peak_kw = sum(one.kw_per_kw_m2 for one in learnt.planes)
        past = PvPast(self._past(self._case.pv_kw, seen), clear, peak_kw)
        series = by_buckets(pv_seen(past, rows), rows, learnt.plain)
        series = np.where(np.isfinite(series), series, yesterday.ravel())
        rated_kw = sum(pv.peak_kw for pv in self._case.loaded.site.assets.pv)
        return np.clip(series, 0.0, rated_kw).reshape(shape[1], DAY)

    def _yesterday(self, values: Floats, step: int, count: int) -> Floats:
        firsts = np.maximum(0, step + EVERY * np.arange(count) - DAY)
        found: Floats = values[firsts[:, None] + np.arange(DAY)]
        return found
