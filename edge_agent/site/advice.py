"""What is allowed in a site file but probably not meant."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.site.assumed import default_findings
from edge_agent.site.check_pace import pace_advice
from edge_agent.site.mistakes import Finding
from edge_agent.site.schema import Site, Tariff


def advice(site: Site, tariff: Tariff) -> Iterator[Finding]:
    """Warnings about a sound site."""
    if site.feeds.price is not None and tariff.kind != "real_time":
        yield Finding(
            ("feeds", "price"), f"is not used: the tariff is {tariff.kind}, not real_time"
        )
    if tariff.kind == "real_time" and tariff.fallback_per_kwh is None:
        yield Finding(
            ("assets", "grid", "tariff"),
            "has no fallback_per_kwh: hours without a price take that of the last known day",
        )
    if site.site.latitude == 0 and site.site.longitude == 0:
        yield Finding(("site", "latitude"), "0, 0 lies in the sea: is the place right?")
    if "step_min" in site.planning.model_fields_set and site.planning.grid == "graded":
        yield Finding(
            ("planning", "step_min"), "is not used with grid: graded; set grid: even to use it"
        )
    yield from _without_effect(site)
    yield from _out_of_reach(site)
    yield from pace_advice(site)
    yield from default_findings(site, tariff)
    assets = site.assets
    if not (assets.battery or assets.hvac.zones or any(pv.limit for pv in assets.pv)):
        yield Finding(("assets",), "has nothing to steer: the gateway will only measure")


def _without_effect(site: Site) -> Iterator[Finding]:
    """Keys that are taken, and that nothing acts on yet."""
    if site.site.building_id:
        yield Finding(("site", "building_id"), "has no effect yet: nothing sends it along")
    if site.assets.demand.sheddable:
        yield Finding(
            ("assets", "demand", "sheddable"), "has no effect yet: no load is shed by its name"
        )


def _out_of_reach(site: Site) -> Iterator[Finding]:
    """Zones whose comfort band asks for setpoints that may not be written."""
    for index, zone in enumerate(site.assets.hvac.zones):
        device, point = zone.setpoint.split(".", 1)
        spec = site.device(device).points.get(point)
        band = None if spec is None else spec.safe
        if band is None:
            continue
        if zone.comfort.low_c < band[0] or zone.comfort.high_c > band[1]:
            yield Finding(
                ("assets", "hvac", "zones", index, "comfort"),
                f"[{zone.comfort.low_c:g}, {zone.comfort.high_c:g}] reaches beyond the safe band "
                f"[{band[0]:g}, {band[1]:g}] of {zone.setpoint}: values outside it are never set",
            )
