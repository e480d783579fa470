"""A simulated building over a measured span: weather and prices per quarter hour.

The quarter hours before `first` only let the building settle; those of [first, last) are played
and paid for; a day more lets the last plans look ahead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from edge_agent.backtest.building_plant import house_of
from edge_agent.backtest.case import DAY, Span
from edge_agent.backtest.data_file import QUARTER_S, DataFile
from edge_agent.backtest.errors import BacktestError
from edge_agent.site.load import LoadedSite
from edge_agent.site.plant_schema import SwitchAsset
from edge_agent.site.schema import Site
from edge_agent.site.tariff_schema import Tariff
from edge_agent.steered import works_of
from edge_agent.tanks import planned_tanks
from models.building.house import HouseParameters
from models.forecast.history import Floats

SETTLE = 2 * DAY
"""Quarter hours in which the building swings in, unpaid, before the first that is played."""
MOST_GAPS_SHARE = 0.05
NEEDED = ("temperature_degc", "ghi_w_m2", "price_import_per_kwh")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BuildingCase:
    """degC, W/m2 and money per kWh, per quarter hour from `start`."""

    loaded: LoadedSite
    plant: HouseParameters
    start: datetime
    first: int
    last: int
    outdoor_c: Floats
    sun_w_m2: Floats
    price: Floats
    month: NDArray[np.int64]
    """Place of the local month of every quarter hour."""
    month_names: tuple[str, ...]
    seed: int
    assumed: tuple[str, ...]

    def at(self, step: int) -> datetime:
        """When a quarter hour begins."""
        return self.start + timedelta(seconds=QUARTER_S * step)


def building_case(loaded: LoadedSite, data: DataFile, span: Span, seed: int = 1) -> BuildingCase:
    """Raises BacktestError when the site has nothing to play, or the file no weather or price."""
    site, words = _plain(loaded.site)
    if not (site.assets.hvac.zones or site.assets.thermal_stores or site.assets.shiftable):
        msg = "the site has no zone, no tank with a setpoint and no switched load with work to do"
        raise BacktestError(msg)
    first, last = _bounds(data, span)
    filled = []
    for name in NEEDED:
        values, gaps = _filled(data, name, first, last)
        filled.append(values)
        words += [f"{name}: {gaps} quarter hours are interpolated"] if gaps else []
    outdoor, sun, price = filled
    month, names = _months(loaded, data.start, last)
    # What a kWh costs stands in the file, peaks are billed for the site as a whole.
    bare = Tariff(kind="flat", price_per_kwh=0.0)
    return BuildingCase(
        loaded=replace(loaded, site=site, tariff=bare, prices=None),
        plant=house_of(site),
        start=data.start,
        first=first,
        last=last,
        outdoor_c=_smooth(outdoor, data.step_s),
        sun_w_m2=sun,
        price=price,
        month=month,
        month_names=names,
        seed=seed,
        assumed=tuple(words),
    )


def _plain(site: Site) -> tuple[Site, list[str]]:
    """The site with its zones, its tanks with immersion heaters and its switched loads."""
    assets, words = site.assets, []
    tanks = tuple(one for one in planned_tanks(site) if one.cop == 1)
    works = tuple(work.asset for work in works_of(site) if work.switch is not None)
    if len(tanks) < len(assets.thermal_stores) or len(works) < len(assets.shiftable):
        words.append("tanks without immersion heater and loads without switch are not played")
    if assets.battery or assets.pv:
        words.append("batteries and PV are not played")
    if assets.demand.sheddable or assets.heat_pumps:
        words.append("nothing is shed or capped")
    grid = assets.grid.model_copy(
        update={"circuits": (), "operator_signals": (), "max_current_a": None}
    )
    names = {work.switch for work in works}
    switches = tuple(_unwatched(one) for one in assets.switches if one.id in names)
    zones = tuple(
        zone.model_copy(update={"humidity": None, "surface": None}) for zone in assets.hvac.zones
    )
    plain = assets.model_copy(
        update={
            "grid": grid,
            "demand": assets.demand.model_copy(update={"sheddable": ()}),
            "battery": (),
            "pv": (),
            "hvac": assets.hvac.model_copy(update={"zones": zones}),
            "thermal_stores": tuple(
                one.model_copy(update={"circulation_return": None}) for one in tanks
            ),
            "heat_pumps": (),
            "switches": switches,
            "shiftable": works,
        }
    )
    return site.model_copy(update={"assets": plain}), words


def _unwatched(switch: SwitchAsset) -> SwitchAsset:
    """Without the temperatures that hold it: they are not simulated."""
    return switch.model_copy(update={"keep_on_below": None, "keep_off_above": None})


def _bounds(data: DataFile, span: Span) -> tuple[int, int]:
    """First and last + 1 quarter hour that is played, on whole hours."""

    def place(moment: datetime | None, otherwise: int) -> int:
        if moment is None:
            return otherwise
        return round((moment - data.start).total_seconds() / QUARTER_S)

    into_hour = int(data.start.timestamp()) % 3600 // QUARTER_S
    first = max(SETTLE, place(span.start, 0))
    last = min(len(data), place(span.end, len(data)))
    first += -(first + into_hour) % 4
    last -= (last + into_hour) % 4
    if last - first < DAY:
        msg = "a building needs three days of data: two to swing in, and one to be played"
        raise BacktestError(msg)
    return first, last


def _filled(data: DataFile, name: str, first: int, last: int) -> tuple[Floats, int]:
    """With the day after `last` (where the file ends its last day again), and how many gaps."""
    given = data.columns.get(name)
    if given is None:
        msg = f"{name} is not in the file: a building is played under weather and prices that were"
        raise BacktestError(msg)
    longer = given[: last + DAY]
    missing = last + DAY - len(longer)
    values = np.concatenate([longer, longer[len(longer) - DAY :][DAY - missing :]])
    gaps = np.isnan(values)
    count = int(gaps[first:last].sum())
    if count > MOST_GAPS_SHARE * (last - first):
        msg = f"{name}: {count} of {last - first} quarter hours are missing"
        raise BacktestError(msg)
    places = np.arange(len(values))
    filled: Floats = np.interp(places, places[~gaps], values[~gaps])
    return filled, count


def _smooth(values: Floats, step_s: int) -> Floats:
    """Straight lines between the middles of longer steps, for what changes steadily."""
    each = max(1, step_s // QUARTER_S)
    places = np.arange(len(values))
    middles = places[::each] + (each - 1) / 2
    smooth: Floats = np.interp(places, middles, values[::each])
    return smooth


def _months(
    loaded: LoadedSite, start: datetime, last: int
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    hours = [
        f"{(start + timedelta(hours=hour)).astimezone(loaded.zone):%Y-%m}"
        for hour in range(-(-last // 4))
    ]
    names = tuple(sorted(set(hours)))
    place = np.repeat([names.index(name) for name in hours], 4)[:last]
    return place.astype(np.int64), names
