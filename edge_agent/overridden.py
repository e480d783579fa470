"""What somebody at the device holds is not ours to plan. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from edge_agent.arbiter import Priority
from edge_agent.plan_words import Reality
from edge_agent.site.schema import Site
from edge_agent.steered import works_of
from edge_agent.tanks import planned_tanks
from models.types import Reason, ReasonCode, ShedState, ShiftableState

BY_US = f"{Priority.MANUAL.name.lower()} ("
"""How the reason of an override begins that a person set in our own interface."""


def told(known: Reality, site: Site, taken: Mapping[str, str]) -> Reality:
    """The same, where the assets behind the points in `taken` (with the reason) are nobody's.

    A battery without a state of charge, a zone or tank without a temperature, a load without work
    and a group that rests are left out of a plan.
    """
    if not taken:
        return known
    assets = site.assets
    batteries = {asset.id for asset in assets.battery if asset.setpoint in taken}
    zones = {zone.id for zone in assets.hvac.zones if zone.setpoint in taken}
    tanks = {tank.id for tank in planned_tanks(site) if tank.setpoint in taken}
    works = {work.asset.id for work in works_of(site) if work.point in taken}
    groups = tuple(_held_groups(site, taken))
    effects = tuple(_effects(site, taken))
    return replace(
        known,
        batteries=tuple(
            replace(one, soc_kwh=None) if one.id in batteries else one for one in known.batteries
        ),
        zones=tuple(
            replace(one, temperature_c=None) if one.id in zones else one for one in known.zones
        ),
        thermal_stores=tuple(
            replace(one, temperature_c=None) if one.id in tanks else one
            for one in known.thermal_stores
        ),
        shiftables=tuple(
            ShiftableState(id=one.id) if one.id in works else one for one in known.shiftables
        ),
        sheds=_resting(known, site, {group for group, _ in groups}),
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
    yield from _load_effects(site, taken)


def _load_effects(site: Site, taken: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for tank in planned_tanks(site):
        if tank.setpoint is not None and tank.setpoint in taken:
            yield tank.setpoint, f"tank {tank.id} is left to its own control"
    for work in works_of(site):
        if work.point in taken:
            yield work.point, f"load {work.asset.id} is left alone"
    for group, point in _held_groups(site, taken):
        yield point, f"group {group} is not shed"


def _held_groups(site: Site, taken: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Shed groups of which a switch is held, and its point."""
    points = {switch.id: switch.point for switch in site.assets.switches}
    for group in site.assets.demand.sheddable:
        for name in group.switches:
            if points[name] in taken:
                yield group.id, points[name]


def _resting(known: Reality, site: Site, held: Collection[str]) -> tuple[ShedState, ...]:
    """The shed groups' states; those held by somebody rest as long as a plan may reach."""
    longest_s = 3600 * site.planning.horizon_h + 3600
    states = {one.id: one for one in known.sheds}
    for name in held:
        before = states.get(name, ShedState(id=name))
        states[name] = replace(before, active_s=0.0, cooling_s=longest_s)
    return tuple(states.values())


def _reason(key: str, who: str, effect: str) -> Reason:
    where = "through this gateway" if who.startswith(BY_US) else "at the device"
    text = f"{key} is held {where} ({who}): {effect}"
    return Reason(code=ReasonCode.INPUT_MISSING, text=text, degrades=False)
