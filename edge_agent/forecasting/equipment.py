"""The site's model as its zones, tanks and batteries showed themselves, and back again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from models.forecast.learnt import Learnt, LearntBattery, LearntTank, LearntZone
from models.types import Battery, BatteryState, Plan, SiteModel, ThermalStore, Zone

if TYPE_CHECKING:
    from edge_agent.site.asset_schema import ZoneAsset
    from edge_agent.site.schema import Site

DIGITS = 2
"""Significant digits that are taken over: a model that changes every day is compiled every day."""
ESSENTIAL = frozenset({"resistance_k_per_kw", "capacity_kwh_per_k"})
MOST_ERROR_K = 0.6
"""A zone that is foreseen worse than this within six hours has not been understood."""
OWN_SHARE = (0.2, 5.0)
"""Of the size in the site file: what a tank may be learnt to hold; else its record is of no use."""
Part = TypeVar("Part", LearntZone, LearntBattery, LearntTank)


def with_learnt(site: SiteModel, learnt: Learnt | None) -> SiteModel:
    """Equipment as it showed itself; what the data left open stays as given."""
    if learnt is None:
        return site
    zones, batteries, tanks = (
        _by_id(learnt.zones),
        _by_id(learnt.batteries),
        _by_id(learnt.tanks),
    )
    return replace(
        site,
        zones=tuple(_zone(zone, zones.get(zone.id)) for zone in site.zones),
        batteries=tuple(_battery(one, batteries.get(one.id)) for one in site.batteries),
        thermal_stores=tuple(_tank(one, tanks.get(one.id)) for one in site.thermal_stores),
    )


def gains_kw(asset: ZoneAsset, model: SiteModel, learnt: Learnt | None) -> float:
    """Heat gains of a zone that fit the walls it is planned with [kW]."""
    known = None if learnt is None else _by_id(learnt.zones).get(asset.id)
    planned = next((zone for zone in model.zones if zone.id == asset.id), None)
    if known is None or planned is None or "gains_kw" in known.at_bound:
        return asset.gains_kw
    walls = (known.resistance_k_per_kw, known.capacity_kwh_per_k)
    found = (planned.resistance_k_per_kw, planned.capacity_kwh_per_k)
    return known.gains_kw if found == (_short(walls[0]), _short(walls[1])) else asset.gains_kw


def to_model(
    states: tuple[BatteryState, ...], site: Site, model: SiteModel
) -> tuple[BatteryState, ...]:
    """Stored energy, kWh of the plate, as kWh of what each battery really holds."""
    shares = _real_shares(site, model)
    return tuple(
        replace(
            state,
            soc_kwh=_scaled(state.soc_kwh, shares[state.id]),
            throughput_today_kwh=state.throughput_today_kwh * shares[state.id],
            reserve_kwh=_scaled(state.reserve_kwh, shares[state.id]),
        )
        for state in states
    )


def to_plate(plan: Plan, site: Site, model: SiteModel) -> Plan:
    """The plan with stored energy in kWh of the plate, as the rest of the gateway counts it."""
    shares = _real_shares(site, model)
    batteries = tuple(
        replace(part, soc_kwh=tuple(kwh / shares[part.id] for kwh in part.soc_kwh))
        for part in plan.batteries
    )
    return replace(plan, batteries=batteries)


def _real_shares(site: Site, model: SiteModel) -> Mapping[str, float]:
    """What a battery holds over what its plate says."""
    plates = {asset.id: asset.capacity_kwh for asset in site.assets.battery}
    return {one.id: one.capacity_kwh / plates[one.id] for one in model.batteries}


def _scaled(value: float | None, share: float) -> float | None:
    return None if value is None else value * share


def _by_id(parts: tuple[Part, ...]) -> dict[str, Part]:
    return {part.id: part for part in parts}


def _zone(zone: Zone, known: LearntZone | None) -> Zone:
    if known is None or ESSENTIAL & {*known.at_bound} or known.basis.error > MOST_ERROR_K:
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
    if "usable_kwh" not in known.at_bound:
        battery = replace(battery, capacity_kwh=_short(known.usable_kwh))
    if "charge_efficiency" in known.at_bound:
        return battery
    return replace(
        battery,
        charge_efficiency=round(known.charge_efficiency, DIGITS),
        discharge_efficiency=round(known.discharge_efficiency, DIGITS),
    )


def _tank(tank: ThermalStore, known: LearntTank | None) -> ThermalStore:
    if known is None:
        return tank
    capacity, loss = tank.capacity_kwh_per_k, tank.loss_kw_per_k
    if not OWN_SHARE[0] <= known.capacity_kwh_per_k / capacity <= OWN_SHARE[1]:
        return tank
    return replace(
        tank,
        capacity_kwh_per_k=capacity
        if "capacity_kwh_per_k" in known.at_bound
        else _short(known.capacity_kwh_per_k),
        # What is next to nothing is nothing: it would be another model every day.
        loss_kw_per_k=loss
        if "loss_kw_per_k" in known.at_bound
        else _short(round(known.loss_kw_per_k, 5)),
    )


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
