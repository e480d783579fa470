"""What was learnt, made ready for the forecasts of one plan. Worker's side."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from models.forecast.calendar import Calendar, calendar
from models.forecast.history import History, Outlook, windows
from models.forecast.learnt import Learnt
from models.forecast.load import LoadSight
from models.forecast.pv import PvSight
from models.forecast.sky import Sky
from models.forecast.temperature import TemperatureSight
from models.types import TimeGrid

BACK = timedelta(days=60)
"""So far before a plan the calendar reaches."""
STEP_S = 300
"""The finest step of a plan."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weather:
    """A weather forecast on its own raster, best from a day before now on."""

    temperature_c: History | None = None
    sky: Sky | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sights:
    """For `forecast_load`, `forecast_temperature` and `forecast_pv`; None = nothing was learnt."""

    load: LoadSight | None = None
    temperature: TemperatureSight | None = None
    pvs: dict[str, PvSight] = field(default_factory=dict)


def own_calendar(learnt: Learnt, grid: TimeGrid) -> Calendar:
    """The site's calendar around a plan."""
    first_s, last_s = (grid.start - BACK).timestamp(), grid.end.timestamp()
    return calendar(ZoneInfo(learnt.zone), first_s, last_s, learnt.holidays)


def sights(
    learnt: Learnt | None, grid: TimeGrid, pv_ids: tuple[str, ...], weather: Weather | None = None
) -> Sights:
    """All sights of a plan but the load's view of the weather (see `with_outdoor`)."""
    sky = None if weather is None else weather.sky
    if learnt is None:
        blind = {name: PvSight(sky=sky) for name in pv_ids} if sky is not None else {}
        return Sights(pvs=blind)
    own = own_calendar(learnt, grid)
    known = {one.id: one for one in learnt.pvs}
    return Sights(
        load=None if learnt.load is None else LoadSight(learnt.load, own),
        temperature=(
            None if learnt.temperature is None else TemperatureSight(learnt.temperature, own)
        ),
        pvs={name: PvSight(known.get(name), own, sky) for name in pv_ids},
    )


def with_outdoor(
    sight: LoadSight | None, measured: History, outlook: Outlook, grid: TimeGrid
) -> LoadSight | None:
    """The load's sight with the temperature measured so far and foreseen from now on.

    Only for an outlook made of a weather forecast: the load was taught with real temperatures.
    """
    if sight is None:
        return None
    first_s = measured.start.timestamp()
    ends_s = grid.end.timestamp()
    slots = max(0, int((ends_s - first_s) // STEP_S))
    starts = first_s + STEP_S * np.arange(slots, dtype=np.float64)
    values = measured.means(starts, starts + STEP_S)
    begins, _ = windows(grid)
    ahead = starts >= grid.start.timestamp()
    places = np.searchsorted(begins, starts[ahead], "right") - 1
    values[ahead] = np.array(outlook.series)[places]
    return LoadSight(sight.learnt, sight.calendar, History(measured.start, STEP_S, values))


def unmeasured(grid: TimeGrid) -> History:
    """A history in which nothing was measured, for a site without the sensor."""
    return History(grid.start - timedelta(hours=1), STEP_S, np.full(12, np.nan))
