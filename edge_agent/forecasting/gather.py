"""A site's measured past for fitting, cleaned of what the gateway did itself. Child's side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_agent.forecasting.cleaned import actions, cleaned, load_points, measured
from edge_agent.forecasting.raster import Raster, packed, raster_of
from edge_agent.forecasting.record import LOAD, OUTDOOR, pv_name
from edge_agent.forecasting.words import FitRequest
from edge_agent.site.schema import Site
from edge_agent.store.reader import QuarterSeries
from models.forecast.clean import CleanSeries
from models.forecast.history import Floats, History

Reader = Callable[[str], QuarterSeries]


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Everything measured, by `device.point`, and the cleaned series."""

    raster: Raster
    values: Mapping[str, Floats]
    cleaned: CleanSeries
    left_in: bool = False
    """Whether set-backs had to be left in the load."""


def fit_points(site: Site) -> frozenset[str]:
    """The points that fitting reads."""
    assets = site.assets
    keys = [assets.weather.temperature, assets.weather.irradiance]
    for battery in assets.battery:
        keys += [battery.soc, battery.setpoint]
    for zone in assets.hvac.zones:
        keys += [zone.temperature, zone.setpoint, zone.occupancy]
    for store in assets.thermal_stores:
        keys.append(store.temperature)
    return load_points(site) | {key for key in keys if key is not None}


def gather(site: Site, read: Reader, request: FitRequest) -> Gathered | None:
    """What was measured before the request; None when nothing was."""
    series = {key: packed(read(key)) for key in sorted(fit_points(site))}
    raster = raster_of(series.values(), request.at)
    if raster is None:
        return None
    values = {key: raster.values(one) for key, one in series.items()}
    did = actions(site, raster, values, request.held)
    found, left_in = cleaned(measured(site, raster, values), did)
    return Gathered(raster, values, found, left_in)


def foreseen_series(site: Site, past: Gathered) -> dict[str, History]:
    """What came, by the name under which it is foreseen."""
    found = {pv_name(name): made for name, made in past.cleaned.pv_kw.items()}
    found[LOAD] = past.cleaned.load_kw
    outdoor = site.assets.weather.temperature
    if outdoor is not None:
        found[OUTDOOR] = past.values[outdoor]
    return {name: past.raster.history(values) for name, values in found.items()}
