"""What the site's meter shows without its inverters, in spite of its delay. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from edge_agent.envelope import Envelope, PvEnvelope
from edge_agent.fastloop.meter import Own, Seen, read_s, seen_load, taken
from edge_agent.guarding.seen_load import SeenLoad
from edge_agent.snapshot import Snapshot


def watch_sun(
    seen: Seen, envelopes: Iterable[Envelope], snapshot: Snapshot
) -> tuple[Seen, SeenLoad | None]:
    """Take this tick's readings; and the power without inverters, None while it is not known."""
    fleet = [one for one in envelopes if isinstance(one, PvEnvelope) and one.connection]
    connection = fleet[0].connection if fleet else None
    meter_kw = None if connection is None else snapshot.value(connection.meter)
    made = {one.point: kw for one in fleet if (kw := snapshot.value(one.power)) is not None}
    if connection is None or meter_kw is None or not made:
        return seen, None
    own = Own(
        members=tuple(made),
        at_s=max(read_s(snapshot, one.power) for one in fleet if one.point in made),
        kw=-sum(made.values()),
        rated_kw=sum(one.peak_kw for one in fleet),
    )
    seen = taken(seen, own, read_s(snapshot, connection.meter), meter_kw)
    return seen, seen_load(seen, connection.meter)
