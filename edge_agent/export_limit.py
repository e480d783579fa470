"""Keeps the export inside its limit with the inverters' power limit, from the live meter. Pure.

The plan curtails for the export it foresees; this acts on the export there is: at once downwards,
and upwards only as far as the meter has shown room. It acts inside what certified equipment
enforces and is no protection.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from edge_agent.arbiter import Entry, Priority
from edge_agent.envelope import Envelope, PvEnvelope
from edge_agent.guarding.headroom import MAX_SKEW_S
from edge_agent.guarding.seen_load import NOTHING, Coming, SeenLoad, coming
from edge_agent.guarding.sight import apart_s
from edge_agent.snapshot import Snapshot

NEAR_SHARE = 0.05
"""So near the limit (share of the plant's peak) a limit once set is kept and moved."""
HOLD_S = 60.0
"""A limit ends by itself so long after the export was last near its bound."""


def export_claims(
    envelopes: Iterable[Envelope],
    held: dict[str, Entry],
    snapshot: Snapshot,
    now: datetime,
    load: SeenLoad | None = None,
) -> dict[str, Entry]:
    """The claims of safety on the inverters' limits in this tick, by point; `held` of the last.

    `load` is the power at a late meter without the inverters; without it the meter is taken to
    show what is now.
    """
    fleet = [one for one in envelopes if isinstance(one, PvEnvelope) and one.connection]
    alive = {point: entry for point, entry in held.items() if entry.live(now)}
    ahead = _ahead(load, fleet, alive, snapshot)
    claims = {}
    for envelope in fleet:
        claim = _claim(envelope, alive.get(envelope.point), snapshot, fleet, ahead)
        if claim is not None:
            claims[envelope.point] = claim
    return claims


def _claim(
    envelope: PvEnvelope,
    alive: Entry | None,
    snapshot: Snapshot,
    fleet: list[PvEnvelope],
    ahead: Coming,
) -> Entry | None:
    """A new limit while the export is at its bound; the old one, until it ends, when not."""
    connection = envelope.connection
    pv_kw = snapshot.value(envelope.power)
    meter_kw = None if connection is None else snapshot.value(connection.meter)
    if connection is None or meter_kw is None or pv_kw is None:
        return alive
    if apart_s(connection.meter, envelope.power, snapshot) > MAX_SKEW_S:
        return alive
    room_kw = ahead.room_kw(connection.export_limit_kw + meter_kw, -1)
    room_kw *= _share(pv_kw, fleet, snapshot) if room_kw < 0 else 1 / len(fleet)
    near_kw = NEAR_SHARE * envelope.peak_kw
    if room_kw > near_kw or (room_kw >= 0 and alive is None):
        return alive
    limit_kw = min(max(0.0, pv_kw + room_kw), envelope.peak_kw)
    return Entry(
        point=envelope.point,
        value=round(limit_kw, 1),
        priority=Priority.SAFETY,
        owner="export limit",
        reason=f"export is at its limit of {connection.export_limit_kw:g} kW",
        since=snapshot.at,
        expires=snapshot.at + timedelta(seconds=HOLD_S),
        bounds=(0.0, round(limit_kw, 1)),
    )


def _ahead(
    load: SeenLoad | None, fleet: list[PvEnvelope], alive: dict[str, Entry], snapshot: Snapshot
) -> Coming:
    """What the meter will still show of what the inverters do by now."""
    meter_kw = None if load is None else snapshot.value(load.meter)
    if load is None or meter_kw is None:
        return NOTHING
    own_kw = {one.point: _import_kw(snapshot.value(one.power)) for one in fleet}
    sent_kw = {point: -(entry.value or 0.0) for point, entry in alive.items()}
    return coming(load, meter_kw, own_kw, sent_kw, snapshot)


def _import_kw(pv_kw: float | None) -> float | None:
    """As the meter counts what an inverter makes."""
    return None if pv_kw is None else -pv_kw


def _share(pv_kw: float, fleet: list[PvEnvelope], snapshot: Snapshot) -> float:
    """Part of a cut that falls to an inverter: its part of what is made now."""
    made_kw = sum(max(0.0, snapshot.value(one.power) or 0.0) for one in fleet)
    return max(0.0, pv_kw) / made_kw if made_kw > 0 else 1 / len(fleet)
