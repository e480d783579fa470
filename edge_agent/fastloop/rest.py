"""What the site's meter shows without batteries and capped loads, in spite of its delay. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from edge_agent.envelope import BatteryEnvelope, Envelope, LoadEnvelope
from edge_agent.fastloop.behind import Member, behind
from edge_agent.fastloop.meter import Seen, seen_load
from edge_agent.guarding.seen_load import SeenLoad
from edge_agent.snapshot import Snapshot


def watch_rest(
    seen: Seen, envelopes: Iterable[Envelope], snapshot: Snapshot
) -> tuple[Seen, SeenLoad | None]:
    """Take this tick's readings; and what nothing of ours draws, None while it is not known."""
    every = list(envelopes)
    batteries = [one for one in every if isinstance(one, BatteryEnvelope)]
    loads = [one for one in every if isinstance(one, LoadEnvelope)]
    if not batteries or any(one.power is None for one in loads):
        return seen, None
    members = [
        Member(point=one.point, power=one.power, rated_kw=one.rated_kw)
        for one in loads
        if one.power is not None
    ]
    members += [
        Member(point=one.point, power=one.power, rated_kw=max(one.charge_kw, one.discharge_kw))
        for one in batteries
    ]
    meter = batteries[0].connection.meter
    after = behind(seen, meter, snapshot.value(meter), members, snapshot)
    return (seen, None) if after is None else (after, seen_load(after, meter))
