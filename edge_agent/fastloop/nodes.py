"""The load behind every meter that batteries move, and on each of its phases. Pure.

Connection point and circuits have meters of their own, each late by its own lag; a phase is as
late as its meter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from edge_agent.envelope import BatteryEnvelope, ConnectionEnvelope, Envelope
from edge_agent.fastloop.behind import Member, behind
from edge_agent.fastloop.lag import Lag
from edge_agent.fastloop.meter import Seen, seen_load
from edge_agent.guarding.headroom import phase_share
from edge_agent.guarding.phases import flow_kw
from edge_agent.guarding.recall import Recall
from edge_agent.guarding.seen_load import SeenLoad
from edge_agent.guarding.sight import number
from edge_agent.snapshot import Snapshot

Sent = Mapping[str, tuple[float, float]]
"""What left last by point: seconds since the epoch, and kW."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """What is known by the point that shows it; carried from tick to tick."""

    seen: Mapping[str, Seen] = field(default_factory=dict)

    def knowing(self, meter: str, lag: Lag) -> Nodes:
        """With what was known of a meter before a restart."""
        return replace(self, seen={**self.seen, meter: Seen(lag=lag)})


def watch_nodes(
    nodes: Nodes, envelopes: Iterable[Envelope], snapshot: Snapshot, recall: Recall
) -> tuple[Nodes, tuple[SeenLoad, ...]]:
    """Take this tick's readings; and the loads that are known, for the guard.

    A battery that does not tell of itself is part of the load.
    """
    every = [one for one in envelopes if isinstance(one, BatteryEnvelope)]
    fleet = [one for one in every if number(one.power, snapshot) is not None]
    sent = {
        one.point: (kept.at.timestamp(), kept.value)
        for one in fleet
        if (kept := recall.points.get(one.point)) is not None and kept.value is not None
    }
    seen, loads = dict(nodes.seen), []
    for node in dict.fromkeys(node for one in fleet for node in one.nodes):
        behind_it = [one for one in fleet if node in one.nodes]
        for key, shown_kw, members in _shown(node, behind_it, snapshot):
            before = seen.get(key, Seen())
            if key != node.meter and node.meter in seen:
                before = replace(before, lag=seen[node.meter].lag)
            after = behind(before, key, shown_kw, members, snapshot, sent)
            if after is not None:
                seen[key] = after
                load = seen_load(after, key, tuple(one.share for one in members))
                loads += [] if load is None else [load]
    return Nodes(seen=seen), tuple(loads)


def _shown(
    node: ConnectionEnvelope, fleet: list[BatteryEnvelope], snapshot: Snapshot
) -> Iterator[tuple[str, float | None, list[Member]]]:
    """What a meter shows of the sum and of each limited phase, and what of ours it contains."""
    meter_kw = number(node.meter, snapshot)
    yield node.meter, meter_kw, [_member(one, 1.0) for one in fleet]
    if node.max_current_a is None or meter_kw is None:
        return
    for index, key in enumerate(node.currents):
        if number(key, snapshot) is None:
            continue
        shares = [(one, phase_share(one, index + 1)) for one in fleet]
        members = [_member(one, share) for one, share in shares if share > 0]
        yield key, flow_kw(node, index, meter_kw, snapshot), members


def _member(envelope: BatteryEnvelope, share: float) -> Member:
    rated_kw = max(envelope.charge_kw, envelope.discharge_kw)
    return Member(point=envelope.point, power=envelope.power, rated_kw=rated_kw, share=share)
