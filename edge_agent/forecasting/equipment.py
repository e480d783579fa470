"""The site's model with the zone parameters and battery efficiencies that were learnt. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from models.forecast.learnt import Learnt, LearntBattery, LearntZone
from models.types import Battery, SiteModel, Zone

DIGITS = 2
"""Significant digits that are taken over: a model that changes every day is compiled every day."""
Part = TypeVar("Part", LearntZone, LearntBattery)


def with_learnt(site: SiteModel, learnt: Learnt | None) -> SiteModel:
    """Zones and batteries as they showed themselves; what the data left open stays as given."""
    if learnt is None:
        return site
    zones, batteries = _by_id(learnt.zones), _by_id(learnt.batteries)
    return replace(
        site,
        zones=tuple(_zone(zone, zones.get(zone.id)) for zone in site.zones),
        batteries=tuple(_battery(one, batteries.get(one.id)) for one in site.batteries),
    )


def _by_id(parts: tuple[Part, ...]) -> dict[str, Part]:
    return {part.id: part for part in parts}


def _zone(zone: Zone, known: LearntZone | None) -> Zone:
    if known is None or {"resistance_k_per_kw", "capacity_kwh_per_k"} & {*known.at_bound}:
        return zone
    return replace(
        zone,
        resistance_k_per_kw=_short(known.resistance_k_per_kw),
        capacity_kwh_per_k=_short(known.capacity_kwh_per_k),
        mass_resistance_k_per_kw=_short(known.mass_resistance_k_per_kw),
        mass_capacity_kwh_per_k=_short(known.mass_capacity_kwh_per_k),
    )


def _battery(battery: Battery, known: LearntBattery | None) -> Battery:
    if known is None:
        return battery
    powers = {
        name: min(getattr(battery, name), _short(getattr(known, name)))
        for name in ("charge_kw", "discharge_kw")
        if name not in known.at_bound
    }
    battery = replace(battery, **powers)
    if "charge_efficiency" in known.at_bound:
        return battery
    return replace(
        battery,
        charge_efficiency=round(known.charge_efficiency, DIGITS),
        discharge_efficiency=round(known.discharge_efficiency, DIGITS),
    )


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
