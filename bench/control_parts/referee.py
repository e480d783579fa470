"""Judges what left the guard against the envelope, with none of the guard's own code.

Written from the limits, not from the guard: for every point it asks only whether the value may
stand at the device at this moment.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.control_parts.battery_law import EPSILON, able, sane
from bench.control_parts.meter_law import late, pushes
from edge_agent.arbiter import Priority
from edge_agent.envelope import (
    BatteryEnvelope,
    Envelope,
    LoadEnvelope,
    PvEnvelope,
    SwitchEnvelope,
    TankEnvelope,
    ZoneEnvelope,
)
from edge_agent.guard import Guarded
from edge_agent.guarding.seen_load import SeenLoad
from edge_agent.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the guard was told beside the snapshot."""

    loads: tuple[SeenLoad, ...] = ()
    sent: Mapping[str, float] = field(default_factory=dict)
    """What had left last, kW, by point."""


NOTHING_TOLD = Told()


def escapes(
    envelopes: Mapping[str, Envelope],
    snapshot: Snapshot,
    guarded: Sequence[Guarded],
    free: Sequence[Guarded],
    told: Told = NOTHING_TOLD,
) -> Iterator[str]:
    """One sentence per value that should not have left; `free` are not held by a trip of before."""
    for one in guarded:
        if one not in free and one.value not in (None, 0.0):
            yield f"{one.point}: {one.value} after an over-current"
    for one in guarded:
        if one.value is None:
            continue
        if not math.isfinite(one.value):
            yield f"{one.point}: {one.value} left"
            continue
        yield from _point(envelopes[one.point], one, one.value, snapshot)
    batteries = [one for one in envelopes.values() if isinstance(one, BatteryEnvelope)]
    nodes = {node for battery in batteries for node in battery.nodes}
    found = {node: late(node, told.loads, told.sent, envelopes, snapshot) for node in nodes}
    ahead = {node: one for node, one in found.items() if one is not None}
    for node in nodes:
        yield from pushes(node, guarded, envelopes, snapshot, free, ahead)


def _point(envelope: Envelope, one: Guarded, value: float, snapshot: Snapshot) -> Iterator[str]:
    match envelope:
        case BatteryEnvelope():
            low, high = able(envelope, snapshot)
            yield from _outside(one, value, low, high)
            yield from _confined(one, value, (low, high))
            yield from _silent(envelope, value, snapshot)
        case ZoneEnvelope():
            yield from _outside(one, value, max(envelope.low_c, envelope.frost_c), envelope.high_c)
            yield from _unseen(one, envelope.temperature, snapshot)
        case TankEnvelope():
            yield from _outside(one, value, _hygiene_c(envelope, one), envelope.high_c)
            yield from _unseen(one, envelope.temperature, snapshot)
        case SwitchEnvelope():
            if value not in (envelope.on_value, envelope.off_value):
                yield f"{one.point}: {value} is neither on nor off"
        case LoadEnvelope():
            least_kw = 0.0 if _stopped(envelope, value) else envelope.floor_kw
            yield from _outside(one, value, least_kw, envelope.rated_kw)
        case PvEnvelope():
            yield from _outside(one, value, 0.0, envelope.peak_kw)
            yield from _confined(one, value, (0.0, envelope.peak_kw))


def _stopped(envelope: LoadEnvelope, value: float) -> bool:
    return envelope.may_stop and value == 0


def _hygiene_c(envelope: TankEnvelope, one: Guarded) -> float:
    """Lowest setpoint that may stand: a person may go down to frost."""
    winner = one.decision.winner
    people = (Priority.MANUAL, Priority.LOCAL_OVERRIDE)
    if winner is not None and winner.priority in people:
        return envelope.frost_c
    return max(envelope.hygiene_c or 0.0, envelope.frost_c)


def _outside(one: Guarded, value: float, low: float, high: float) -> Iterator[str]:
    if not low - EPSILON <= value <= high + EPSILON:
        yield f"{one.point}: {value} outside {low}..{high}"


def _unseen(one: Guarded, key: str, snapshot: Snapshot) -> Iterator[str]:
    if sane(key, snapshot) is None:
        yield f"{one.point}: {one.value} without {key}"


def _confined(one: Guarded, value: float, able_kw: tuple[float, float]) -> Iterator[str]:
    """The grid operator's bounds hold as far as the equipment can."""
    for entry in one.decision.array:
        winner = one.decision.winner
        if entry.bounds is None or winner is None or winner.priority < entry.priority:
            continue
        if entry is not one.decision.confiner:
            continue
        low = min(max(entry.bounds[0], able_kw[0]), able_kw[1])
        high = min(max(entry.bounds[1], able_kw[0]), able_kw[1])
        yield from _outside(one, value, low, high)


def _silent(envelope: BatteryEnvelope, value: float, snapshot: Snapshot) -> Iterator[str]:
    """Without a live meter at every node nothing beyond the static fallback may leave."""
    low, high = envelope.fallback_kw or (0.0, 0.0)
    for node in envelope.nodes:
        seen = snapshot.seen.get(node.meter)
        age_s = None if seen is None else seen.age_s(snapshot.at)
        late = age_s is None or (node.silent_after_s is not None and age_s > node.silent_after_s)
        unseen = sane(node.meter, snapshot) is None or late
        if unseen and not low - EPSILON <= value <= high + EPSILON:
            yield f"{envelope.point}: {value} kW while {node.meter} is silent"
