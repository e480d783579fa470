"""Quarter-hour history of the site, cleaned of what the gateway itself did. Worker's side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from edge_agent.forecasting.cleaned import LEFT_IN, actions, cleaned, load_points, measured
from edge_agent.forecasting.did import HeldSpan
from edge_agent.forecasting.raster import Raster, packed, raster_over
from edge_agent.store.reader import QuarterSeries
from models.forecast.clean import Flags, SiteSeries
from models.forecast.history import Floats, History
from models.types import Reason, ReasonCode

if TYPE_CHECKING:
    from edge_agent.site.schema import Site

LATELY = 12
"""Quarters in which a set-back bears upon the present error of a forecast."""
Reader = Callable[[str], QuarterSeries]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteHistory:
    """What was measured, on one raster; None where the site has no such point."""

    load_kw: History
    """Consumption without battery, PV, the zones' plant and loads run by us; a gap wherever a part
    is missing, or a set-back hides what it would have been."""
    outdoor_temp_c: History | None
    irradiance_w_per_m2: History | None
    pv_kw: dict[str, History]
    """Power of each plant while nobody held it back: what it could make."""
    net_kw: History | None = None
    """Import as it was but for the batteries: with the zones' plant, loads run by us and what PV
    really gave; below 0 = export. None = not told, load less PV is all there is."""
    set_back: bool = False
    """Whether a set-back has made a gap in the last hours."""
    reasons: tuple[Reason, ...] = ()
    """What could not be told apart."""

    @property
    def as_metered(self) -> SiteHistory:
        """The same with all that was imported as its load, for what is billed by the meter."""
        return self if self.net_kw is None else replace(self, load_kw=self.net_kw, pv_kw={})


def wanted_points(site: Site) -> frozenset[str]:
    """The points the history is made of."""
    weather = site.assets.weather
    return load_points(site) | {
        key for key in (weather.temperature, weather.irradiance) if key is not None
    }


def site_history(
    site: Site, read: Reader, held: Iterable[HeldSpan] = (), until: datetime | None = None
) -> SiteHistory | None:
    """Everything measured so far; `read` hands out a point's quarters. None before the first.

    `held`: where the gateway kept points off their own values. `until`: the present.
    """
    quarters = {key: packed(read(key)) for key in sorted(wanted_points(site))}
    raster = raster_over(quarters.values(), until)
    if raster is None:
        return None
    values = {key: raster.values(series) for key, series in quarters.items()}
    did = actions(site, raster, values, held)
    parts = measured(site, raster, values)
    found, left_in = cleaned(parts, did)
    weather = site.assets.weather
    return SiteHistory(
        load_kw=raster.history(found.load_kw),
        outdoor_temp_c=_optional(raster, values, weather.temperature),
        irradiance_w_per_m2=_optional(raster, values, weather.irradiance),
        pv_kw={name: raster.history(made) for name, made in found.pv_kw.items()},
        net_kw=raster.history(_without_batteries(parts)),
        set_back=not left_in and site.assets.hvac.power is None and _of_late(did.setback),
        reasons=(Reason(code=ReasonCode.ASSUMED, text=LEFT_IN, degrades=False),) if left_in else (),
    )


def _without_batteries(parts: SiteSeries) -> Floats:
    net_kw = parts.meter_kw.astype(np.float64)
    for moved_kw in parts.battery_kw.values():
        net_kw = net_kw - moved_kw
    return net_kw


def _of_late(flags: Flags | None) -> bool:
    return flags is not None and bool(flags[-LATELY:].any())


def _optional(raster: Raster, values: dict[str, Floats], key: str | None) -> History | None:
    return None if key is None else raster.history(values[key])
