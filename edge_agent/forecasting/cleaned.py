"""A site's measured series without what the gateway did itself. Pure; worker and child share it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edge_agent.forecasting.did import HeldSpan, shed_switches
from edge_agent.forecasting.raster import Raster
from edge_agent.steered import steered_powers
from models.forecast.clean import Actions, CleanSeries, Flags, SiteSeries, clean
from models.forecast.history import Floats
from models.forecast.sun import cos_zenith

if TYPE_CHECKING:
    from edge_agent.site.schema import Site

LEFT_IN = "load: heat and cold are not metered and mostly under control: learnt with the load"
TWILIGHT_COS = 0.07
"""Sun lower than 4 degrees: an inverter that answers nothing then is asleep."""
LATELY = 14 * 96
"""Quarters over which the share of set-backs is judged."""
ENOUGH_SHARE, ENOUGH = 0.5, 2 * 96
"""So much must be left without set-backs, in share and in quarters, to learn from that alone."""


def load_points(site: Site) -> frozenset[str]:
    """The points that load and sun are reckoned from."""
    assets = site.assets
    keys = [assets.grid.meter, assets.hvac.power, *steered_powers(site)]
    keys += [battery.power for battery in assets.battery]
    keys += [point for pv in assets.pv for point in (pv.power, pv.limit)]
    return frozenset(key for key in keys if key is not None)


def measured(site: Site, raster: Raster, values: Mapping[str, Floats]) -> SiteSeries:
    """The parts of the balance; an inverter that sleeps at night makes nothing."""
    assets = site.assets
    dark = cos_zenith(raster.middles_s, site.site.latitude, site.site.longitude) <= TWILIGHT_COS
    return SiteSeries(
        meter_kw=values[assets.grid.meter],
        battery_kw={battery.id: values[battery.power] for battery in assets.battery},
        pv_kw={pv.id: _asleep_is_zero(values[pv.power], dark) for pv in assets.pv},
        plant_kw=None if assets.hvac.power is None else values[assets.hvac.power],
        shiftable_kw={point: values[point] for point in steered_powers(site)},
    )


def cleaned(series: SiteSeries, actions: Actions) -> tuple[CleanSeries, bool]:
    """Without what was done; and whether set-backs had to be left in, or little would be left."""
    strict = clean(series, actions)
    if series.plant_kw is not None or actions.setback is None:
        return strict, False
    loose = clean(series, replace(actions, setback=None))
    left, known = (int(np.isfinite(one.load_kw[-LATELY:]).sum()) for one in (strict, loose))
    if left >= max(ENOUGH, ENOUGH_SHARE * known):
        return strict, False
    return loose, True


def actions(
    site: Site, raster: Raster, values: Mapping[str, Floats], held: Iterable[HeldSpan]
) -> Actions:
    """What was held off its own value, on the raster; a limit also where it is read back."""
    assets, spans = site.assets, tuple(held)
    setpoints = {zone.setpoint for zone in assets.hvac.zones}
    setbacks = [(span.start, span.end) for span in spans if span.point in setpoints]
    switches = shed_switches(site)
    sheds = [(span.start, span.end) for span in spans if span.point in switches]
    return Actions(
        # How much a switched-off part would have taken nobody measures.
        shed_kw=np.where(raster.touched(sheds), np.nan, 0.0) if sheds else None,
        setback=raster.touched(setbacks) if setbacks else None,
        curtailed={
            pv.id: (values[pv.limit] < pv.peak_kw)
            | raster.touched((span.start, span.end) for span in spans if span.point == pv.limit)
            for pv in assets.pv
            if pv.limit is not None
        },
    )


def _asleep_is_zero(power_kw: Floats, dark: Flags) -> Floats:
    result: Floats = np.where(dark & np.isnan(power_kw), 0.0, power_kw)
    return result
