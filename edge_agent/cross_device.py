"""What the devices of a site say about each other: snapshot -> findings. Pure.

Power beyond what the asset is rated for (watts where kW are due), production and light at night,
and a meter that shows less than its known parts. Readings in a snapshot are of different moments,
so a finding counts only after it has stood for its `hold_s`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import cos, radians

from drivers.types import Quality
from edge_agent.site.schema import Site
from edge_agent.snapshot import Snapshot
from models.building.sun import cos_zenith

RATED = 2.0
"""So many times the rating is more than any real plant gives."""
GROSS = 20.0
"""So many times the rating is a wrong unit."""
DARK = cos(radians(96.0))
"""Cosine of the sun's zenith angle with the sun 6 degrees below the horizon."""
NIGHT_KW = 0.5
NIGHT_SHARE = 0.01
NIGHT_W_M2 = 20.0
NIGHT_HOLD_S = 60.0
BALANCE_HOLD_S = 180.0
"""Longer than any poll and ramp may put the parts out of step."""
BALANCE_SLACK_KW = 2.0
BALANCE_SLACK_SHARE = 0.05

Shown = Callable[[str], float | None]
"""What `device.point` shows, also when a finding of this module has made it `bad`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A point that others speak against."""

    point: str
    quality: Quality
    reason: str
    hold_s: float = 0.0
    """Counts after it has stood for so long, plant seconds."""


def cross_findings(
    site: Site, snapshot: Snapshot, shown: Shown, *, clock_trusted: bool
) -> tuple[Finding, ...]:
    """Everything found at the snapshot; without a trusted clock nothing is said of the night."""
    night = _night(site, snapshot) if clock_trusted else ()
    return (*_beyond_rating(site, shown), *night, *_balance(site, snapshot))


def _beyond_rating(site: Site, shown: Shown) -> Iterator[Finding]:
    assets = site.assets
    rated = [(assets.grid.meter, max(assets.grid.import_limit_kw, assets.grid.export_limit_kw))]
    rated += [(pv.power, pv.peak_kw) for pv in assets.pv]
    rated += [(b.power, max(b.charge_kw, b.discharge_kw)) for b in assets.battery]
    for key, rating_kw in rated:
        power_kw = shown(key)
        if power_kw is None or abs(power_kw) <= RATED * rating_kw:
            continue
        gross = abs(power_kw) > GROSS * rating_kw
        unit = ": watts where kW are due?" if gross else ""
        yield Finding(
            point=key,
            quality=Quality.BAD if gross else Quality.UNCERTAIN,
            reason=f"{power_kw:.4g} kW is far beyond the {rating_kw:g} kW of the asset{unit}",
        )


def _night(site: Site, snapshot: Snapshot) -> Iterator[Finding]:
    if cos_zenith(snapshot.at, site.site.latitude, site.site.longitude) >= DARK:
        return
    where = "with the sun more than 6 degrees below the horizon: is the place or the sign right?"
    for pv in site.assets.pv:
        power_kw = snapshot.value(pv.power)
        if power_kw is not None and abs(power_kw) > max(NIGHT_KW, NIGHT_SHARE * pv.peak_kw):
            yield Finding(
                point=pv.power,
                quality=Quality.UNCERTAIN,
                reason=f"{power_kw:.3g} kW {where}",
                hold_s=NIGHT_HOLD_S,
            )
    key = site.assets.weather.irradiance
    light = None if key is None else snapshot.value(key)
    if key is not None and light is not None and light > NIGHT_W_M2:
        yield Finding(
            point=key,
            quality=Quality.UNCERTAIN,
            reason=f"{light:.3g} W/m2 {where}",
            hold_s=NIGHT_HOLD_S,
        )


def _balance(site: Site, snapshot: Snapshot) -> Iterator[Finding]:
    """What is left of the site's consumption without its known parts cannot be negative."""
    assets = site.assets
    if not assets.pv and assets.grid.export_limit_kw > 0:
        return  # something unknown produces here
    into = [snapshot.value(assets.grid.meter)]
    into += [0.0 if snapshot.asleep(pv.power) else snapshot.value(pv.power) for pv in assets.pv]
    out = [snapshot.value(battery.power) for battery in assets.battery]
    if assets.hvac.power is not None:
        out.append(snapshot.value(assets.hvac.power))
    came = [kw for kw in into if kw is not None]
    went = [kw for kw in out if kw is not None]
    if len(came) != len(into) or len(went) != len(out):
        return
    turned_kw = sum(map(abs, came)) + sum(map(abs, went))
    rest_kw = sum(came) - sum(went)
    if rest_kw < -(BALANCE_SLACK_KW + BALANCE_SLACK_SHARE * turned_kw):
        yield Finding(
            point=assets.grid.meter,
            quality=Quality.UNCERTAIN,
            reason=f"the known parts use {-rest_kw:.3g} kW more than meter and PV deliver",
            hold_s=BALANCE_HOLD_S,
        )
