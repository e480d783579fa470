"""What is allowed in a site file but probably not meant."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.site.assumed import default_findings
from edge_agent.site.check_bus import bus_advice
from edge_agent.site.check_pace import apart_advice, pace_advice
from edge_agent.site.check_phases import phase_advice
from edge_agent.site.feed_sources import feed_advice
from edge_agent.site.mistakes import Finding
from edge_agent.site.schema import Site
from edge_agent.site.tariff_schema import Tariff

_STORE_PLAN = (
    "low_c",
    "volume_l",
    "loss_w_per_k",
    "heater_kw",
    "cop",
    "cop_per_k",
    "daily_draw_kwh",
    "power",
)
"""What only a plan needs to know of a tank."""


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
    yield from _too_late(site)
    yield from pace_advice(site)
    yield from apart_advice(site)
    yield from phase_advice(site)
    yield from feed_advice(site)
    yield from bus_advice(site)
    yield from default_findings(site, tariff)
    if not any(_steered(site)):
        yield Finding(("assets",), "has nothing to steer: the gateway will only measure")


def _without_effect(site: Site) -> Iterator[Finding]:
    """Keys that are taken, and that nothing acts on yet."""
    if site.site.building_id:
        yield Finding(("site", "building_id"), "has no effect yet: nothing sends it along")
    for index, store in enumerate(site.assets.thermal_stores):
        for key in _STORE_PLAN:
            if store.setpoint is None and key in store.model_fields_set:
                path = ("assets", "thermal_stores", index, key)
                yield Finding(path, "has no effect without setpoint: the tank is only watched")
    for index, group in enumerate(site.assets.demand.sheddable):
        if group.price_threshold_per_kwh is None:
            text = "has no price_threshold_per_kwh, so nothing sheds it yet"
            yield Finding(("assets", "demand", "sheddable", index), text)


def _steered(site: Site) -> Iterator[str]:
    """The points the gateway may command."""
    assets = site.assets
    yield from (battery.setpoint for battery in assets.battery)
    yield from (zone.setpoint for zone in assets.hvac.zones)
    yield from (pv.limit for pv in assets.pv if pv.limit)
    yield from (store.setpoint for store in assets.thermal_stores if store.setpoint)
    yield from (pump.cap for pump in assets.heat_pumps)
    yield from (switch.point for switch in assets.switches)


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


def _too_late(site: Site) -> Iterator[Finding]:
    """A static fallback that begins when the readings are too old for any command."""
    grid = site.assets.grid
    meter = site.device(grid.meter.split(".")[0])
    if "silent_s" in grid.model_fields_set and meter.poll_s + grid.silent_s > meter.stale_after_s:
        yield Finding(
            ("assets", "grid", "silent_s"),
            f"{grid.silent_s:g} s after a poll every {meter.poll_s:g} s readings of {meter.id} are "
            f"stale ({meter.stale_after_s:g} s): batteries are released before the fallback holds",
        )
