"""What somebody at the device holds is not ours to plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from edge_agent.plan_words import Reality
from edge_agent.site.schema import Site
from models.types import Reason, ReasonCode


def told(known: Reality, site: Site, taken: Mapping[str, str]) -> Reality:
    """The same, where the assets behind the points in `taken` (with the reason) are nobody's.

    A battery without a state of charge and a zone without a temperature are left out of a plan.
    """
    if not taken:
        return known
    assets = site.assets
    batteries = {asset.id for asset in assets.battery if asset.setpoint in taken}
    zones = {zone.id for zone in assets.hvac.zones if zone.setpoint in taken}
    effects = tuple(_effects(site, taken))
    return replace(
        known,
        batteries=tuple(
            replace(one, soc_kwh=None) if one.id in batteries else one for one in known.batteries
        ),
        zones=tuple(
            replace(one, temperature_c=None) if one.id in zones else one for one in known.zones
        ),
        reasons=(*known.reasons, *(_reason(key, taken[key], effect) for key, effect in effects)),
        missing=(*known.missing, *(key for key, _ in effects)),
    )


def _effects(site: Site, taken: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    assets = site.assets
    for battery in assets.battery:
        if battery.setpoint in taken:
            yield battery.setpoint, f"battery {battery.id} is left alone"
    for zone in assets.hvac.zones:
        if zone.setpoint in taken:
            yield zone.setpoint, f"zone {zone.id} is left to its own thermostat"
    for pv in assets.pv:
        if pv.limit is not None and pv.limit in taken:
            yield pv.limit, f"PV {pv.id} is not curtailed"


def _reason(key: str, who: str, effect: str) -> Reason:
    text = f"{key} is held at the device ({who}): {effect}"
    return Reason(code=ReasonCode.INPUT_MISSING, text=text, degrades=False)
