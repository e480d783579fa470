"""The grid operator's limits as claims on batteries, heat pumps and inverters. Pure.

Consumption is shared out worst case: switched loads first, then capped loads by their rating, then
batteries; so the sum stays inside whatever each of them takes. The two limits at the meter also
narrow the connection point itself, which the batteries then keep from the live meter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from edge_agent.arbiter import Bounds, Entry, Priority
from edge_agent.envelope import (
    BatteryEnvelope,
    ConnectionEnvelope,
    Envelope,
    LoadEnvelope,
    PvEnvelope,
    SwitchEnvelope,
)
from edge_agent.grid_operator import LimitOn, OperatorLimit, strictest
from edge_agent.guarding.headroom import MAX_SKEW_S, Blind, see
from edge_agent.guarding.seen_load import SeenLoad
from edge_agent.guarding.sight import apart_s, number
from edge_agent.snapshot import Snapshot

HOLD_S = 60.0
"""A claim ends by itself when the cycle stops."""


def narrowed(
    envelopes: Mapping[str, Envelope], found: Sequence[OperatorLimit]
) -> dict[str, Envelope]:
    """The envelopes with the connection point as narrow as the operator wants it."""
    return {point: _narrow(envelope, found) for point, envelope in envelopes.items()}


def _narrow(envelope: Envelope, found: Sequence[OperatorLimit]) -> Envelope:
    match envelope:
        case BatteryEnvelope() if found:
            return replace(envelope, connection=_connection(envelope.connection, found))
        case PvEnvelope() if found and envelope.connection is not None:
            return replace(envelope, connection=_connection(envelope.connection, found))
        case _:
            return envelope


def _connection(
    connection: ConnectionEnvelope, found: Sequence[OperatorLimit]
) -> ConnectionEnvelope:
    return replace(
        connection,
        import_limit_kw=strictest(found, LimitOn.SITE_IMPORT, connection.import_limit_kw),
        export_limit_kw=strictest(found, LimitOn.FEED_IN, connection.export_limit_kw),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What can be limited, by kind, in the order of the site."""

    batteries: tuple[BatteryEnvelope, ...]
    loads: tuple[LoadEnvelope, ...]
    switches: tuple[SwitchEnvelope, ...]
    pvs: tuple[PvEnvelope, ...]


def fleet_of(envelopes: Mapping[str, Envelope]) -> Fleet:
    """Sorted by kind."""
    every = list(envelopes.values())
    return Fleet(
        batteries=tuple(one for one in every if isinstance(one, BatteryEnvelope)),
        loads=tuple(one for one in every if isinstance(one, LoadEnvelope)),
        switches=tuple(one for one in every if isinstance(one, SwitchEnvelope) and one.power_kw),
        pvs=tuple(one for one in every if isinstance(one, PvEnvelope)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSight:
    """What is known of a late meter at the connection point; None = it is taken as it stands."""

    without_sun: SeenLoad | None = None
    """Without the inverters."""
    rest: SeenLoad | None = None
    """Without batteries and capped loads."""


UNSEEN = OperatorSight()


def operator_claims(
    envelopes: Mapping[str, Envelope],
    found: Sequence[OperatorLimit],
    snapshot: Snapshot,
    sight: OperatorSight = UNSEEN,
) -> list[Entry]:
    """One confining claim of GRID_OPERATOR class per limit and point it binds."""
    fleet = fleet_of(envelopes)
    claims = []
    for limit in found:
        if limit.limit_on is LimitOn.CONSUMPTION:
            wants = _consumption(fleet, limit.limit_kw)
        elif limit.limit_on is LimitOn.SITE_IMPORT:
            wants = _site_import(fleet, limit.limit_kw, snapshot, sight)
        else:
            wants = _feed_in(fleet, limit.limit_kw, snapshot, sight)
        claims += [_claim(limit, *want, snapshot) for want in wants]
    return claims


def _claim(
    limit: OperatorLimit, point: str, value: float, bounds: Bounds, snapshot: Snapshot
) -> Entry:
    what = limit.limit_on.replace("_", " ")
    return Entry(
        point=point,
        value=value,
        priority=Priority.GRID_OPERATOR,
        owner=limit.signal,
        reason=f"{what} is limited to {limit.limit_kw:g} kW ({limit.why})",
        since=limit.since,
        expires=snapshot.at + timedelta(seconds=HOLD_S),
        bounds=bounds,
    )


Want = tuple[str, float, Bounds]
"""Point, the value that stands when nobody else wants one, and the bounds."""


def _consumption(fleet: Fleet, limit_kw: float) -> Iterator[Want]:
    left_kw = limit_kw
    for switch in fleet.switches:
        if switch.power_kw <= left_kw:
            left_kw -= switch.power_kw
        else:
            yield switch.point, switch.off_value, (switch.off_value, switch.off_value)
    caps_kw = _caps(fleet.loads, left_kw)
    for load, cap_kw in zip(fleet.loads, caps_kw, strict=True):
        yield load.point, cap_kw, (0.0, cap_kw)
    yield from _charging(fleet.batteries, max(0.0, left_kw - sum(caps_kw)))


def _site_import(
    fleet: Fleet, limit_kw: float, snapshot: Snapshot, sight: OperatorSight
) -> Iterator[Want]:
    """Heat pumps get what the rest of the site leaves; without sight of it, their least."""
    caps_kw = _caps(fleet.loads, _left_for_loads(fleet, limit_kw, snapshot, sight.rest))
    for load, cap_kw in zip(fleet.loads, caps_kw, strict=True):
        yield load.point, cap_kw, (0.0, cap_kw)
    seen = [one for one in fleet.batteries if _seen(one.connection, snapshot)]
    blind = [one for one in fleet.batteries if one not in seen]
    yield from _charging(blind, 0.0)
    for battery in seen:
        high_kw = min(battery.charge_kw, limit_kw)
        yield battery.point, 0.0, (-battery.discharge_kw, high_kw)


def _feed_in(
    fleet: Fleet, limit_kw: float, snapshot: Snapshot, sight: OperatorSight
) -> Iterator[Want]:
    """Inverters may make what the site takes and the limit; without sight of it, the limit."""
    peak_kw = sum(one.peak_kw for one in fleet.pvs)
    made_kw = limit_kw + _taken_kw(fleet, snapshot, sight.without_sun)
    for pv in fleet.pvs:
        cap_kw = min(pv.peak_kw, max(0.0, made_kw) * pv.peak_kw / peak_kw)
        yield pv.point, cap_kw, (0.0, cap_kw)
    for battery in fleet.batteries:
        low_kw = -battery.discharge_kw if _seen(battery.connection, snapshot) else 0.0
        yield battery.point, 0.0, (low_kw, battery.charge_kw)


def _caps(loads: Sequence[LoadEnvelope], left_kw: float) -> list[float]:
    """What is left by rating; nobody gets more than it can take."""
    rated_kw = sum(load.rated_kw for load in loads)
    share = min(1.0, max(0.0, left_kw) / rated_kw) if rated_kw > 0 else 0.0
    return [load.rated_kw * share for load in loads]


def _charging(batteries: Sequence[BatteryEnvelope], left_kw: float) -> Iterator[Want]:
    rated_kw = sum(one.charge_kw for one in batteries)
    for battery in batteries:
        cap_kw = min(battery.charge_kw, left_kw * battery.charge_kw / rated_kw)
        yield battery.point, 0.0, (-battery.discharge_kw, cap_kw)


def _seen(connection: ConnectionEnvelope, snapshot: Snapshot) -> bool:
    return not isinstance(see(connection, snapshot), Blind)


def _left_for_loads(
    fleet: Fleet, limit_kw: float, snapshot: Snapshot, rest: SeenLoad | None
) -> float:
    """The import limit less everything that is no capped load and no battery, kW."""
    if not fleet.batteries or any(one.seldom for one in fleet.loads):
        return 0.0
    meter = fleet.batteries[0].connection.meter
    mine = [(one.point, one.power) for one in fleet.loads]
    mine += [(one.point, one.power) for one in fleet.batteries]
    meter_kw = number(meter, snapshot)
    powers = [None if key is None else number(key, snapshot) for _, key in mine]
    known = [power for power in powers if power is not None]
    if meter_kw is None or len(known) != len(powers):
        return 0.0
    if any(key is not None and apart_s(meter, key, snapshot) > MAX_SKEW_S for _, key in mine):
        return 0.0
    if rest is not None and _fits(rest, meter, [point for point, _ in mine], snapshot):
        return limit_kw - rest.kw
    return limit_kw - (meter_kw - sum(known))


def _taken_kw(fleet: Fleet, snapshot: Snapshot, without_sun: SeenLoad | None) -> float:
    """What the site takes without its inverters, batteries counted; 0 when it is not seen."""
    connection = next((one.connection for one in fleet.pvs if one.connection), None)
    meter_kw = None if connection is None else number(connection.meter, snapshot)
    made = [number(one.power, snapshot) for one in fleet.pvs]
    known = [kw for kw in made if kw is not None]
    if connection is None or meter_kw is None or len(known) != len(made):
        return 0.0
    if any(apart_s(connection.meter, one.power, snapshot) > MAX_SKEW_S for one in fleet.pvs):
        return 0.0
    points = [one.point for one in fleet.pvs]
    if without_sun is not None and _fits(without_sun, connection.meter, points, snapshot):
        return without_sun.kw
    return meter_kw + sum(known)


def _fits(load: SeenLoad, meter: str, points: Sequence[str], snapshot: Snapshot) -> bool:
    """Whether it was found with the meter's present reading, and leaves out just these."""
    usable = snapshot.seen[meter].usable
    fresh = usable is not None and usable.at.timestamp() == load.at_s
    return fresh and load.meter == meter and set(load.members) == set(points)
