"""Quarter-hour history of the site, cleaned of what the gateway itself did. Worker's side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from edge_agent.site.schema import Site
from edge_agent.store.reader import QuarterSeries
from models.forecast.history import Floats, History
from models.forecast.sun import cos_zenith

QUARTER_S = 900
TWILIGHT_COS = 0.07
"""Sun lower than 4 degrees: an inverter that answers nothing then is asleep."""
Reader = Callable[[str], QuarterSeries]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteHistory:
    """What was measured, on one raster; None where the site has no such point."""

    load_kw: History
    """Consumption without battery, PV and the zones' plant; a gap wherever a part is missing."""
    outdoor_temp_c: History | None
    irradiance_w_per_m2: History | None
    pv_kw: dict[str, History]
    """Power of each plant while nobody held it back: what it could make."""


def wanted_points(site: Site) -> frozenset[str]:
    """The points the history is made of."""
    assets = site.assets
    keys = [
        assets.grid.meter,
        assets.hvac.power,
        assets.weather.temperature,
        assets.weather.irradiance,
        *(battery.power for battery in assets.battery),
        *(pv.power for pv in assets.pv),
        *(pv.limit for pv in assets.pv),
    ]
    return frozenset(key for key in keys if key is not None)


def site_history(site: Site, read: Reader) -> SiteHistory | None:
    """Everything measured so far; `read` hands out a point's quarters. None before the first."""
    keys = sorted(wanted_points(site))
    quarters = {key: read(key) for key in keys}
    starts = [start for series in quarters.values() for start in series.start_epoch_s]
    if not starts:
        return None
    raster = _Raster(min(starts), (max(starts) - min(starts)) // QUARTER_S + 1)
    values = {key: raster.values(series) for key, series in quarters.items()}
    assets = site.assets
    pv_kw = {pv.id: raster.dark_is_zero(values[pv.power], site) for pv in assets.pv}
    load = values[assets.grid.meter] + _sum(pv_kw.values())
    load = load - _sum(values[battery.power] for battery in assets.battery)
    if assets.hvac.power is not None:
        load = load - values[assets.hvac.power]
    weather = assets.weather
    return SiteHistory(
        load_kw=raster.history(load),
        outdoor_temp_c=_optional(raster, values, weather.temperature),
        irradiance_w_per_m2=_optional(raster, values, weather.irradiance),
        pv_kw={pv.id: raster.history(_unheld(pv_kw[pv.id], values, pv.limit)) for pv in assets.pv},
    )


def _unheld(power_kw: Floats, values: dict[str, Floats], limit: str | None) -> Floats:
    """Without the quarters in which a limit was in force: they do not show what was there."""
    if limit is None:
        return power_kw
    return np.where(np.isnan(values[limit]), power_kw, np.nan)


def _sum(parts: Iterable[Floats]) -> Floats:
    return np.asarray(sum(parts, start=np.float64(0.0)))


def _optional(raster: _Raster, values: dict[str, Floats], key: str | None) -> History | None:
    return None if key is None else raster.history(values[key])


@dataclass(frozen=True, slots=True)
class _Raster:
    """Even quarters from `first_s` (UTC seconds since 1970) on."""

    first_s: int
    count: int

    def values(self, series: QuarterSeries) -> Floats:
        """One number per quarter, nan where nothing was measured."""
        found = np.full(self.count, np.nan)
        if series.start_epoch_s:
            places = (np.array(series.start_epoch_s) - self.first_s) // QUARTER_S
            found[places] = series.mean
        return found

    def dark_is_zero(self, power_kw: Floats, site: Site) -> Floats:
        """PV power with the nights filled: a sleeping inverter makes nothing before it wakes."""
        middles: Floats = self.first_s + QUARTER_S * (np.arange(self.count, dtype=np.float64) + 0.5)
        dark = cos_zenith(middles, site.site.latitude, site.site.longitude) <= TWILIGHT_COS
        return np.where(dark & np.isnan(power_kw), 0.0, power_kw)

    def history(self, values: Floats) -> History:
        """As the forecast wants it."""
        start = datetime.fromtimestamp(self.first_s, UTC)
        return History(start=start, step_s=QUARTER_S, values=values)
