"""What the site's meter shows without its inverters, in spite of its delay. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from edge_agent.envelope import Envelope, PvEnvelope
from edge_agent.fastloop.behind import Member, behind
from edge_agent.fastloop.meter import Seen, seen_load
from edge_agent.guarding.seen_load import SeenLoad
from edge_agent.snapshot import Snapshot


def watch_sun(
    seen: Seen, envelopes: Iterable[Envelope], snapshot: Snapshot
) -> tuple[Seen, SeenLoad | None]:
    """Take this tick's readings; and the power without inverters, None while it is not known.

    An inverter that is not read is left out: what it makes is then part of the load.
    """
    fleet = [one for one in envelopes if isinstance(one, PvEnvelope) and one.connection]
    connection = fleet[0].connection if fleet else None
    if connection is None:
        return seen, None
    members = [
        Member(point=one.point, power=one.power, rated_kw=one.peak_kw, share=-1.0)
        for one in fleet
        if snapshot.value(one.power) is not None
    ]
    after = behind(seen, connection.meter, snapshot.value(connection.meter), members, snapshot)
    return (seen, None) if after is None else (after, seen_load(after, connection.meter))
