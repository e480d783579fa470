"""A site's measured past for fitting, cleaned of what the gateway did itself. Child's side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from edge_agent.forecasting.raster import Raster, raster_of
from edge_agent.forecasting.words import FitRequest
from edge_agent.site.schema import Site
from edge_agent.store.reader import QuarterSeries
from models.forecast.clean import Actions, CleanSeries, Flags, SiteSeries, clean
from models.forecast.history import Floats
from models.forecast.sun import cos_zenith

Reader = Callable[[str], QuarterSeries]
TWILIGHT_COS = 0.07
"""Sun lower than 4 degrees: an inverter that answers nothing then is asleep."""


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Everything measured, by `device.point`, and the cleaned series."""

    raster: Raster
    values: Mapping[str, Floats]
    cleaned: CleanSeries


def fit_points(site: Site) -> frozenset[str]:
    """The points that fitting reads."""
    assets = site.assets
    keys = [assets.grid.meter, assets.hvac.power]
    keys += [assets.weather.temperature, assets.weather.irradiance]
    for battery in assets.battery:
        keys += [battery.soc, battery.power, battery.setpoint]
    for pv in assets.pv:
        keys += [pv.power, pv.limit]
    for zone in assets.hvac.zones:
        keys += [zone.temperature, zone.occupancy]
    return frozenset(key for key in keys if key is not None)


def gather(site: Site, read: Reader, request: FitRequest) -> Gathered | None:
    """What was measured before the request; None when nothing was."""
    series = {key: read(key) for key in sorted(fit_points(site))}
    raster = raster_of(series.values(), request.at)
    if raster is None:
        return None
    values = {key: raster.values(one) for key, one in series.items()}
    assets = site.assets
    dark = cos_zenith(raster.middles_s, site.site.latitude, site.site.longitude) <= TWILIGHT_COS
    made = {pv.id: _asleep_is_zero(values[pv.power], dark) for pv in assets.pv}
    measured = SiteSeries(
        meter_kw=values[assets.grid.meter],
        battery_kw={battery.id: values[battery.power] for battery in assets.battery},
        pv_kw=made,
        plant_kw=None if assets.hvac.power is None else values[assets.hvac.power],
    )
    return Gathered(raster, values, clean(measured, _actions(site, raster, values, request)))


def _asleep_is_zero(power_kw: Floats, dark: Flags) -> Floats:
    result: Floats = np.where(dark & np.isnan(power_kw), 0.0, power_kw)
    return result


def _actions(
    site: Site, raster: Raster, values: Mapping[str, Floats], request: FitRequest
) -> Actions:
    assets = site.assets
    shed: Floats = np.zeros(raster.count)
    for span in request.sheds:
        share = raster.overlap(span.start, span.end)
        size = np.nan if span.power_kw is None else span.power_kw
        shed = shed + np.where(share > 0, share * size, 0.0)
    setpoints = {zone.setpoint for zone in assets.hvac.zones}
    held = [(span.start, span.end) for span in request.held if span.point in setpoints]
    return Actions(
        shed_kw=shed,
        setback=raster.touched(held) if held else None,
        curtailed={
            pv.id: np.isfinite(values[pv.limit])
            | raster.touched(
                (span.start, span.end) for span in request.held if span.point == pv.limit
            )
            for pv in assets.pv
            if pv.limit is not None
        },
    )
