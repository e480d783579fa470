"""Energy prices of a study: the caller's, else a tariff over the reference day-ahead year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from models.casestudy.assumed import Assumed
from models.casestudy.axis import Axis, Floats, to_steps
from models.casestudy.parts import SEMDRGrid
from models.casestudy.roster import Site
from models.reference.year import day_ahead

_SOURCE = "day-ahead {} 2018, SMARD.de"
_HIGH_HOURS = list(range(8, 20))
_SATURDAY = 5


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """[EUR/kWh] per step."""

    buy: Floats
    sell: Floats


def prices(grid: SEMDRGrid, axis: Axis, site: Site, assumed: Assumed) -> Prices:
    """Import and export price on `axis`."""
    if grid.c_buy is None:
        energy = _reference(grid, axis, site, assumed)
        buy = energy + grid.c_addon
    else:
        buy = to_steps(grid.c_buy, axis, "SEMDRGrid.c_buy")
        energy = buy
    if grid.c_sell is not None:
        return Prices(buy, to_steps(grid.c_sell, axis, "SEMDRGrid.c_sell"))
    what = "the energy price" if grid.c_buy is None else "c_buy"
    assumed.add(
        "SEMDRGrid.c_sell", f"{grid.feed_in_share:g} of {what}, at most c_buy", "feed_in_share"
    )
    return Prices(buy, np.minimum(grid.feed_in_share * energy, buy))


def _reference(grid: SEMDRGrid, axis: Axis, site: Site, assumed: Assumed) -> Floats:
    """The selected tariff made of the reference year, without levies."""
    area = "AT" if site.country == "AT" else "DE"
    tariff = grid.selected_tariff
    words = {
        "RTP": "hourly",
        "TOU": "yearly means of workdays 8 to 20 h and of the rest",
        "FLAT": "yearly mean",
    }
    assumed.add(
        "SEMDRGrid.c_buy",
        f"{tariff}: {words[tariff]}, plus {grid.c_addon:g} EUR/kWh",
        _SOURCE.format(area),
    )
    if tariff == "RTP":
        return day_ahead().at(area, axis.times_s)
    if tariff == "FLAT":
        return np.full(axis.steps, day_ahead().mean(area))
    high, low = _two_means(area, str(site.zone))
    local = axis.index
    busy = (local.day_of_week < _SATURDAY) & np.isin(local.hour, _HIGH_HOURS)
    return np.where(busy, high, low)


@cache
def _two_means(area: str, zone: str) -> tuple[float, float]:
    """Mean price of workdays 8 to 20 h local time, and of all other hours."""
    year = day_ahead()
    values = year.columns[area]
    hours = Axis(datetime.fromtimestamp(year.start_s, UTC), 3600, len(values), ZoneInfo(zone))
    local = hours.index
    busy = (local.day_of_week < _SATURDAY) & np.isin(local.hour, _HIGH_HOURS)
    return float(values[busy].mean()), float(values[~busy].mean())
