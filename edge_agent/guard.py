"""The last word before a value leaves: hard limits and live measurements. Pure.

Nothing outside the envelope leaves, whatever asked for it; a value that rests on missing or stale
telemetry is given back to the device (None). Acts inside the limits that certified equipment
enforces; it is no protection.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from edge_agent.arbiter import Decision
from edge_agent.envelope import (
    BatteryEnvelope,
    Envelope,
    LoadEnvelope,
    PvEnvelope,
    SwitchEnvelope,
    TankEnvelope,
    ZoneEnvelope,
)
from edge_agent.guarding import battery, building, equipment
from edge_agent.guarding.bms import TRIP, flags
from edge_agent.guarding.headroom import Headroom
from edge_agent.guarding.pace import FORGET_S
from edge_agent.guarding.recall import PointRecall, Recall, elapsed_s, remember
from edge_agent.guarding.seen_load import SeenLoad
from edge_agent.guarding.verdict import Case, Flag, Verdict
from edge_agent.snapshot import Snapshot

Fits = Mapping[str, "battery.Fit | tuple[str, ...]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """What may leave; None = release. `cuts` says in plain words what was taken from the wish."""

    point: str
    value: float | None
    wish: float | None
    cuts: tuple[str, ...]
    decision: Decision
    flags: tuple[Flag, ...] = ()
    """What is worth an alarm about the equipment behind the point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedCycle:
    """Everything of one cycle, and what the next one has to know."""

    guarded: tuple[Guarded, ...]
    recall: Recall


def guard_cycle(
    decisions: Sequence[Decision],
    envelopes: Mapping[str, Envelope],
    snapshot: Snapshot,
    recall: Recall,
    loads: Iterable[SeenLoad] = (),
) -> GuardedCycle:
    """Every decision cut down to its envelope; what leaves is remembered for ramps and times.

    `loads` are what the fast loop knows of the loads behind late meters and on their phases; a
    meter without one is taken to show what is now.

    Batteries share connection point and circuits in the order of their decisions. Commands of
    GRID_OPERATOR class only lower; what rests on no reading (their bounds) holds without sight.
    """
    cases = [
        (envelopes[one.point], _case(one, snapshot, recall.points.get(one.point)))
        for one in decisions
    ]
    fits = _fits(cases)
    room = _room(envelopes.values(), cases, fits, snapshot, loads)
    if len(fits) > 1:
        _rehearse(cases, fits, room)
    guarded, points = [], dict(recall.points)
    for envelope, case in cases:
        verdict = _judged(case, envelope, fits, room)
        guarded.append(_guarded(case, verdict))
        points[envelope.point] = _remember(case, envelope, verdict)
    return GuardedCycle(guarded=tuple(guarded), recall=Recall(points=points))


def _case(decision: Decision, snapshot: Snapshot, recall: PointRecall | None) -> Case:
    wish = decision.value
    if wish is not None and not math.isfinite(wish):
        wish = None
    return Case(decision=decision, wish=wish, snapshot=snapshot, recall=recall)


def _fits(cases: Iterable[tuple[Envelope, Case]]) -> Fits:
    """What every battery that is asked for something could do by itself."""
    return {
        envelope.point: battery.fit(case, case.wish, envelope)
        for envelope, case in cases
        if isinstance(envelope, BatteryEnvelope) and case.wish is not None
    }


def _room(
    envelopes: Iterable[Envelope],
    cases: Iterable[tuple[Envelope, Case]],
    fits: Fits,
    snapshot: Snapshot,
    loads: Iterable[SeenLoad],
) -> Headroom:
    """The connection point, knowing where every battery wants to go."""
    batteries = {one.point: one for one in envelopes if isinstance(one, BatteryEnvelope)}
    confined = {one.point for one, case in cases if case.decision.confined is not None}
    targets = dict.fromkeys(fits.keys() & confined, 0.0) if confined else {}
    targets |= {p: one.value_kw for p, one in fits.items() if isinstance(one, battery.Fit)}
    return Headroom(
        snapshot=snapshot,
        batteries=batteries,
        targets_kw=targets,
        confined=frozenset(confined),
        loads={one.meter: one for one in loads},
        sent_kw=_sent_kw(cases, snapshot),
    )


def _sent_kw(cases: Iterable[tuple[Envelope, Case]], snapshot: Snapshot) -> dict[str, float]:
    """What left last, by point, where that is not too long ago for it to be under way."""
    return {
        envelope.point: kept.value
        for envelope, case in cases
        if (kept := case.recall) is not None
        and kept.value is not None
        and elapsed_s(kept.at, snapshot.at) <= FORGET_S
    }


def _rehearse(cases: Iterable[tuple[Envelope, Case]], fits: Fits, room: Headroom) -> None:
    """Let every battery take its place once, so that each is judged by where the others go."""
    for envelope, case in cases:
        if isinstance(envelope, BatteryEnvelope) and case.wish is not None:
            battery.settle(case, envelope, fits[envelope.point], room)


def _judged(case: Case, envelope: Envelope, fits: Fits, room: Headroom) -> Verdict:
    if isinstance(envelope, TankEnvelope):
        return building.tank(case, envelope)
    if case.wish is None:
        return _released(case, envelope)
    if isinstance(envelope, BatteryEnvelope):
        return battery.settle(case, envelope, fits[envelope.point], room)
    return _alone(case, case.wish, envelope)


def _alone(
    case: Case, wish: float, envelope: ZoneEnvelope | SwitchEnvelope | LoadEnvelope | PvEnvelope
) -> Verdict:
    """Equipment that shares nothing with others."""
    if isinstance(envelope, ZoneEnvelope):
        return building.zone(case, wish, envelope)
    if isinstance(envelope, SwitchEnvelope):
        return equipment.switch(case, wish, envelope)
    if isinstance(envelope, LoadEnvelope):
        return equipment.load(case, wish, envelope)
    return equipment.pv(case, wish, envelope)


def _released(case: Case, envelope: Envelope) -> Verdict:
    value = case.decision.value
    cuts = () if value is None else (f"{value} is no number",)
    if isinstance(envelope, BatteryEnvelope):
        return Verdict(value=None, cuts=cuts, flags=tuple(flags(envelope, case.snapshot)))
    return Verdict(value=None, cuts=cuts)


def _guarded(case: Case, verdict: Verdict) -> Guarded:
    return Guarded(
        point=case.decision.point,
        value=verdict.value,
        wish=case.decision.value,
        cuts=verdict.cuts,
        decision=case.decision,
        flags=verdict.flags,
    )


def _remember(case: Case, envelope: Envelope, verdict: Verdict) -> PointRecall:
    now = case.snapshot.at
    writes = (
        envelope.writes_per_day
        if isinstance(envelope, SwitchEnvelope)
        else envelope.pace.writes_per_day
    )
    kept = remember(case.recall, verdict.value, now, writes)
    if verdict.cycle is not None:
        kept = replace(kept, cycle=verdict.cycle)
    if verdict.flags and any(flag.code == "battery_over_current" for flag in verdict.flags):
        kept = replace(kept, tripped_until=now + TRIP)
    return kept
