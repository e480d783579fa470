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
from edge_agent.headroom import MAX_SKEW_S, apart_s
from edge_agent.snapshot import Snapshot

NEAR_SHARE = 0.05
"""So near the limit (share of the plant's peak) a limit once set is kept and moved."""
HOLD_S = 60.0
"""A limit ends by itself so long after the export was last near its bound."""


def export_claims(
    envelopes: Iterable[Envelope], held: dict[str, Entry], snapshot: Snapshot, now: datetime
) -> dict[str, Entry]:
    """The claims of safety on the inverters' limits in this tick, by point; `held` of the last."""
    fleet = [one for one in envelopes if isinstance(one, PvEnvelope) and one.connection]
    claims = {}
    for envelope in fleet:
        before = held.get(envelope.point)
        alive = before if before is not None and before.live(now) else None
        claim = _claim(envelope, alive, snapshot, fleet)
        if claim is not None:
            claims[envelope.point] = claim
    return claims


def _claim(
    envelope: PvEnvelope, alive: Entry | None, snapshot: Snapshot, fleet: list[PvEnvelope]
) -> Entry | None:
    """A new limit while the export is at its bound; the old one, until it ends, when not."""
    connection = envelope.connection
    pv_kw = snapshot.value(envelope.power)
    meter_kw = None if connection is None else snapshot.value(connection.meter)
    if connection is None or meter_kw is None or pv_kw is None:
        return alive
    if apart_s(connection.meter, envelope.power, snapshot) > MAX_SKEW_S:
        return alive
    room_kw = connection.export_limit_kw + meter_kw
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
    )


def _share(pv_kw: float, fleet: list[PvEnvelope], snapshot: Snapshot) -> float:
    """Part of a cut that falls to an inverter: its part of what is made now."""
    made_kw = sum(max(0.0, snapshot.value(one.power) or 0.0) for one in fleet)
    return max(0.0, pv_kw) / made_kw if made_kw > 0 else 1 / len(fleet)
