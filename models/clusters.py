"""Many rooms as few zones and back: rooms alike are planned as one, then each gets its share. Pure.

A cluster is what its rooms are in parallel: conductances, capacities and powers add up. Rooms of
other plant, weight or rank never share a cluster; within these, neighbours in band and time
constant do. What is measured at the moment decides nothing: the clusters are what is compiled, so
they stay as they are from plan to plan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.physics import hours_of, room_step
from models.types import (
    Problem,
    Reason,
    ReasonCode,
    Zone,
    ZoneForecast,
    ZonePlan,
    ZoneState,
)

MOST_ZONES = 20
APART_K = 2.0
"""Rooms whose bands have moved further apart than this do not stay together."""
_Room = tuple[Zone, ZoneForecast, ZoneState]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustered:
    """The smaller problem, and which rooms each of its zones stands for."""

    problem: Problem
    members: dict[str, tuple[str, ...]]


def cluster_rooms(
    problem: Problem,
    most: int = MOST_ZONES,
    before: Clustered | None = None,
    apart_k: float = APART_K,
) -> Clustered:
    """At most `most` zones (more only if there are more kinds of rooms); few rooms stay as is.

    The clusters of `before` are kept as long as they are of the same rooms and the bands of these
    lie no further than `apart_k` from each other. A room of unknown temperature is planned as its
    neighbours, and the plan says so.
    """
    forecasts = {each.id: each for each in problem.forecast.zones}
    states = {each.id: each for each in problem.zones}
    rooms = {zone.id: (zone, forecasts[zone.id], states[zone.id]) for zone in problem.site.zones}
    if len(rooms) <= most:
        alone: dict[str, tuple[str, ...]] = {name: (name,) for name in rooms}
        return Clustered(problem=problem, members=alone)
    groups = _kept(rooms, before, apart_k) or _split(sorted(rooms.values(), key=_place), most)
    merged = [_merge(group, problem.grid.step_s) for group in groups]
    zones, outlooks, starts = (tuple(part) for part in zip(*merged, strict=True))
    return Clustered(
        problem=replace(
            problem,
            site=replace(problem.site, zones=zones),
            forecast=replace(problem.forecast, zones=outlooks),
            zones=starts,
            reasons=(*problem.reasons, *_assumed(groups)),
        ),
        members={
            zone.id: tuple(room.id for room, _, _ in group)
            for zone, group in zip(zones, groups, strict=True)
        },
    )


def _kept(rooms: dict[str, _Room], before: Clustered | None, apart_k: float) -> list[list[_Room]]:
    """The groups there were, if they still hold."""
    if before is None:
        return []
    names = [name for members in before.members.values() for name in members]
    if sorted(names) != sorted(rooms):
        return []
    groups = [[rooms[name] for name in members] for members in before.members.values()]
    for group in groups:
        middles = [_middle_c(room) for room in group]
        if len({_kind(room) for room in group}) > 1 or max(middles) - min(middles) > apart_k:
            return []
    return groups


def _assumed(groups: list[list[_Room]]) -> list[Reason]:
    """A word for each room whose temperature is taken from its neighbours."""
    return [
        Reason(
            code=ReasonCode.ASSUMED,
            text=f"{zone.id}: temperature unknown, planned as the rooms like it",
            degrades=False,
        )
        for group in groups
        if any(state.temperature_c is not None for _, _, state in group)
        for zone, _, state in group
        if state.temperature_c is None
    ]


def per_room(
    rooms: Problem, clustered: Clustered, zones: tuple[ZonePlan, ...]
) -> tuple[ZonePlan, ...]:
    """The plan of every room: each steers for its zone's temperature with the power it has.

    Temperatures are those of the room's own equations from its own measured start, so a room that
    is behind its cluster shows it.
    """
    plans = {plan.id: plan for plan in zones}
    specs = {zone.id: zone for zone in rooms.site.zones}
    forecasts = {each.id: each for each in rooms.forecast.zones}
    states = {each.id: each for each in rooms.zones}
    found: dict[str, ZonePlan] = {}
    for cluster, members in clustered.members.items():
        plan = plans.get(cluster)
        if plan is None:
            continue
        for room in members:
            if len(members) == 1:
                found[room] = replace(plan, id=room)
            elif states[room].temperature_c is not None:
                known = (specs[room], forecasts[room], states[room])
                found[room] = _steer(rooms, known, plan)
    return tuple(found[zone.id] for zone in rooms.site.zones if zone.id in found)


def _kind(room: _Room) -> tuple[str, float, bool]:
    """What rooms of one cluster have in common."""
    zone = room[0]
    return zone.plant, zone.comfort_weight, zone.comfort_critical


def _middle_c(room: _Room) -> float:
    """Mean middle of the comfort band; people come and go without moving it."""
    forecast = room[1]
    return (sum(forecast.low_c) + sum(forecast.high_c)) / (2 * len(forecast.low_c))


def _place(room: _Room) -> tuple[object, ...]:
    """Kind, then band in classes and time constant, so that likes stand together."""
    zone = room[0]
    hours = zone.resistance_k_per_kw * (zone.capacity_kwh_per_k + zone.mass_capacity_kwh_per_k)
    return (*_kind(room), round(_middle_c(room) / APART_K), hours, zone.id)


def _split(ordered: list[_Room], most: int) -> list[list[_Room]]:
    """Kinds first; then the largest group is halved until there are `most`."""
    groups: list[list[_Room]] = []
    for room in ordered:
        if groups and _kind(groups[-1][0]) == _kind(room):
            groups[-1].append(room)
        else:
            groups.append([room])
    while len(groups) < most:
        largest = max(range(len(groups)), key=lambda place: len(groups[place]))
        group = groups[largest]
        if len(group) == 1:
            break
        half = len(group) // 2
        groups[largest : largest + 1] = [group[:half], group[half:]]
    return groups


def _merge(group: list[_Room], step_s: tuple[int, ...]) -> _Room:
    """One zone for a group: sums in parallel, temperatures weighed by capacity."""
    first, outlook, state = group[0]
    if len(group) == 1:
        return first, outlook, state
    name = f"{first.id}+{len(group) - 1}"
    zones = [zone for zone, _, _ in group]
    capacity = sum(zone.capacity_kwh_per_k for zone in zones)
    heavy = [zone for zone in zones if zone.mass_capacity_kwh_per_k]
    heat, cool = sum(zone.heat_kw for zone in zones), sum(zone.cool_kw for zone in zones)
    merged = replace(
        first,
        id=name,
        resistance_k_per_kw=1.0 / sum(1.0 / zone.resistance_k_per_kw for zone in zones),
        capacity_kwh_per_k=capacity,
        heat_kw=heat,
        cool_kw=cool,
        cop_heating=_mean_cop([(zone.heat_kw, zone.cop_heating) for zone in zones]),
        cop_cooling=_mean_cop([(zone.cool_kw, zone.cop_cooling) for zone in zones]),
        mass_capacity_kwh_per_k=sum(zone.mass_capacity_kwh_per_k for zone in heavy),
        mass_resistance_k_per_kw=1.0 / sum(1.0 / zone.mass_resistance_k_per_kw for zone in heavy)
        if heavy
        else first.mass_resistance_k_per_kw,
    )
    return merged, _outlook(name, group, len(step_s)), _state(name, group)


def _mean_cop(parts: list[tuple[float, float]]) -> float:
    """COP at which all run at full power together."""
    power = sum(kw for kw, _ in parts)
    return power / sum(kw / cop for kw, cop in parts) if power > 0 else parts[0][1]


def _outlook(name: str, group: list[_Room], steps: int) -> ZoneForecast:
    """Gains add up; the band is what all rooms agree on, or its middle where they do not."""
    outlooks = [outlook for _, outlook, _ in group]
    lows = [max(each.low_c[step] for each in outlooks) for step in range(steps)]
    highs = [min(each.high_c[step] for each in outlooks) for step in range(steps)]
    band = [
        (low, high) if low <= high else ((low + high) / 2, (low + high) / 2)
        for low, high in zip(lows, highs, strict=True)
    ]
    return ZoneForecast(
        id=name,
        gains_kw=tuple(sum(each.gains_kw[step] for each in outlooks) for step in range(steps)),
        low_c=tuple(low for low, _ in band),
        high_c=tuple(high for _, high in band),
    )


def _state(name: str, group: list[_Room]) -> ZoneState:
    """Mean temperatures of the rooms where they are known; else unknown."""
    known = [(zone, state) for zone, _, state in group if state.temperature_c is not None]
    if not known:
        return ZoneState(id=name, temperature_c=None)
    capacity = sum(zone.capacity_kwh_per_k for zone, _ in known)
    shares = [zone.capacity_kwh_per_k / capacity for zone, _ in known]
    airs = [state.temperature_c or 0.0 for _, state in known]
    masses = [
        air if state.mass_c is None else state.mass_c
        for air, (_, state) in zip(airs, known, strict=True)
    ]
    return ZoneState(
        id=name,
        temperature_c=sum(share * each for share, each in zip(shares, airs, strict=True)),
        mass_c=sum(share * each for share, each in zip(shares, masses, strict=True)),
    )


def _steer(rooms: Problem, known: _Room, plan: ZonePlan) -> ZonePlan:
    """Powers that take one room to its zone's temperature, step by step, as far as it can."""
    zone, forecast, state = known
    air = state.temperature_c or 0.0
    mass = air if state.mass_c is None else state.mass_c
    powers: list[float] = []
    degrees: list[float] = []
    field = zip(
        plan.temperature_c,
        forecast.gains_kw,
        rooms.forecast.outdoor_temp_c,
        hours_of(rooms.grid.step_s),
        _direction(plan),
        strict=True,
    )
    for target, gains, outdoor, dt, (cools, heats) in field:
        keep = room_step(zone, dt)
        rest = 1 - keep.air_air - keep.air_mass
        held = keep.air_air * air + keep.air_mass * mass
        wanted = ((target - held) / rest - outdoor) / zone.resistance_k_per_kw - gains
        power = min(max(wanted, -zone.cool_kw * cools), zone.heat_kw * heats)
        settled = outdoor + zone.resistance_k_per_kw * (gains + power)
        before, air = air, held + rest * settled
        rest = 1 - keep.mass_air - keep.mass_mass
        mass = keep.mass_air * before + keep.mass_mass * mass + rest * settled
        powers.append(power)
        degrees.append(air)
    return ZonePlan(
        id=zone.id,
        heat_kw=tuple(max(0.0, power) for power in powers),
        cool_kw=tuple(max(0.0, -power) for power in powers),
        temperature_c=tuple(degrees),
    )


def _direction(plan: ZonePlan) -> tuple[tuple[float, float], ...]:
    """Per step whether the zone may cool and whether it may heat."""
    flows = zip(plan.heat_kw, plan.cool_kw, strict=True)
    return tuple((float(cool > 0), float(heat > 0)) for heat, cool in flows)
