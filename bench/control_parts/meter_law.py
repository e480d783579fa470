"""What batteries may do to the meters they share, written down without the guard's code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bench.control_parts.battery_law import EPSILON, able, sane
from edge_agent.envelope import BatteryEnvelope, ConnectionEnvelope, Envelope
from edge_agent.guard import Guarded
from edge_agent.guarding.seen_load import SeenLoad
from edge_agent.snapshot import Snapshot

LOW_V, HIGH_V = 207, 253


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A meter that shows the past, as far as the guard was told; powers in kW."""

    coming_kw: float = 0.0
    """What it would show now if the load it was told of is right, less what it shows."""
    sent_kw: float = 0.0
    """How far its batteries had been sent from where they are, before."""
    phases: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Share of both that flows through each phase, 0 where that cannot be told."""
    told: tuple[Late | None, ...] = (None, None, None)
    """The same of a phase, where it was told of that by itself."""

    def part(self, index: int) -> Late:
        """Of one phase."""
        own = self.told[index]
        if own is not None:
            return own
        share = self.phases[index]
        return Late(coming_kw=share * self.coming_kw, sent_kw=share * self.sent_kw)

    def beyond(self, over_kw: float, moved_kw: float) -> bool:
        """Whether moves that bring a meter `over_kw` over its limit, as shown, may not be made.

        `moved_kw` is their sum; both in the direction of the limit.
        """
        if over_kw + self.coming_kw > EPSILON:
            return True
        return over_kw > EPSILON and moved_kw > max(0.0, self.sent_kw) + EPSILON

    def other_way(self) -> Late:
        """As the export sees it."""
        return Late(coming_kw=-self.coming_kw, sent_kw=-self.sent_kw, phases=self.phases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What a meter shows of one phase."""

    size_a: float
    way: int
    """1 import, -1 export, 0 where neither its own power nor the sum tells."""

    def over_a(self, limit_a: float, way: int, *, at_least: bool = False) -> float:
        """How far it may be over its limit in that direction, or is at least."""
        against = self.way == -way or (self.way == 0 and at_least)
        return (-self.size_a if against else self.size_a) - limit_a


def _phase(node: ConnectionEnvelope, index: int, snapshot: Snapshot) -> Phase | None:
    size_a = sane(node.currents[index], snapshot)
    if size_a is None:
        return None
    own_kw = _own_kw(node, index, snapshot)
    if own_kw is None:
        return Phase(size_a=abs(size_a), way=_way_by_sum(node, index, snapshot))
    return Phase(size_a=abs(size_a), way=1 if own_kw >= 0 else -1)


def _own_kw(node: ConnectionEnvelope, index: int, snapshot: Snapshot) -> float | None:
    return sane(node.phase_powers[index], snapshot) if node.phase_powers else None


def _way_by_sum(node: ConnectionEnvelope, index: int, snapshot: Snapshot) -> int:
    """How a phase must flow so that all together give what the meter shows; 0 where that is open.

    Power factors are taken to be 0.85 and more, unless the others cannot carry the sum anyhow.
    """
    left_kw = sane(node.meter, snapshot) or 0.0
    reached, others_kva, all_kva = [0.0], 0.0, 0.0
    for place, key in enumerate(node.currents):
        own_kw, amps = _own_kw(node, place, snapshot), sane(key, snapshot)
        if own_kw is not None:
            left_kw -= own_kw
            continue
        if amps is None:
            return 0
        kva = abs(amps) * _usual_v(node, place, snapshot) / 1000
        all_kva += kva
        if place != index:
            others_kva += kva
            reached = [kw + part for kw in reached for part in (kva, -kva)]
    return _told_by(left_kw, reached, others_kva, all_kva)


def _told_by(left_kw: float, reached: list[float], others_kva: float, all_kva: float) -> int:
    """By what is left for the phase beside each sum that the others can reach."""
    own_kva = all_kva - others_kva
    miss_import = min(abs(left_kw - kw - own_kva) for kw in reached)
    miss_export = min(abs(left_kw - kw + own_kva) for kw in reached)
    slack_kw = 0.15 * all_kva
    clear = abs(left_kw) <= all_kva and abs(left_kw) - others_kva > 0.1 * all_kva
    if not clear and min(miss_import, miss_export) > slack_kw:
        return 0
    if miss_export > miss_import + slack_kw:
        return 1
    return -1 if miss_import > miss_export + slack_kw else 0


def _usual_v(node: ConnectionEnvelope, index: int, snapshot: Snapshot) -> float:
    volts = sane(node.voltages[index], snapshot) if node.voltages else None
    return volts if volts is not None and LOW_V <= volts <= HIGH_V else 230.0


def late(
    node: ConnectionEnvelope,
    loads: Sequence[SeenLoad],
    sent: Mapping[str, float],
    envelopes: Mapping[str, Envelope],
    snapshot: Snapshot,
) -> Late | None:
    """Of a meter and its phases; None when nothing was told of them that fits their readings."""
    known = {one.meter: one for one in loads}
    meter_kw = sane(node.meter, snapshot) or 0.0
    whole = _of(known.get(node.meter), meter_kw, sent, envelopes, snapshot)
    told = tuple(
        _of(known.get(key), _flow_kw(node, index, snapshot), sent, envelopes, snapshot)
        for index, key in enumerate(node.currents)
    )
    if whole is None and not any(told):
        return None
    return replace(whole or Late(), told=told or (None, None, None))


def _flow_kw(node: ConnectionEnvelope, index: int, snapshot: Snapshot) -> float:
    """By the current, import positive; by the sum's direction where its own is not known."""
    phase = _phase(node, index, snapshot)
    if phase is None:
        return 0.0
    way = phase.way or (1 if (sane(node.meter, snapshot) or 0.0) >= 0 else -1)
    return way * phase.size_a * _usual_v(node, index, snapshot) / 1000


def _of(
    load: SeenLoad | None,
    shown_kw: float,
    sent: Mapping[str, float],
    envelopes: Mapping[str, Envelope],
    snapshot: Snapshot,
) -> Late | None:
    """What one thing that was told makes of what is shown."""
    usable = None if load is None else snapshot.seen[load.meter].usable
    if load is None or usable is None or usable.at.timestamp() != load.at_s:
        return None
    members = [envelopes.get(point) for point in load.members]
    batteries = [one for one in members if isinstance(one, BatteryEnvelope)]
    powers = [sane(one.power, snapshot) for one in batteries]
    known = [kw for kw in powers if kw is not None]
    if len(known) != len(members):
        return None
    parts = load.shares or (1.0,) * len(known)
    ways = [sent.get(one.point, kw) - kw for one, kw in zip(batteries, known, strict=True)]
    shares = [{_on(one, index) for one in batteries} for index in range(3)]
    first, second, third = (min(one) if len(one) == 1 else 0.0 for one in shares)
    now_kw = sum(part * kw for part, kw in zip(parts, known, strict=True))
    return Late(
        coming_kw=load.kw + now_kw - shown_kw,
        sent_kw=sum(part * kw for part, kw in zip(parts, ways, strict=True)),
        phases=(first, second, third),
    )


def _sees(envelope: BatteryEnvelope, snapshot: Snapshot) -> bool:
    """Whether all its meters are alive and were read together with the battery."""
    power = snapshot.seen[envelope.power].usable
    for node in envelope.nodes:
        meter = snapshot.seen[node.meter].usable
        if power is None or meter is None or sane(node.meter, snapshot) is None:
            return False
        late_s = (snapshot.at - meter.at).total_seconds()
        if node.silent_after_s is not None and late_s > node.silent_after_s:
            return False
        if abs((meter.at - power.at).total_seconds()) > 15:
            return False
        if any(sane(key, snapshot) is None for key in node.currents):
            return False
    return True


def pushes(
    node: ConnectionEnvelope,
    guarded: Sequence[Guarded],
    envelopes: Mapping[str, Envelope],
    snapshot: Snapshot,
    free: Sequence[Guarded],
    ahead: Mapping[ConnectionEnvelope, Late],
) -> Iterator[str]:
    """No battery that could do otherwise may push a meter or a phase further beyond its limit."""
    if sane(node.meter, snapshot) is None:
        return
    every = _moves(guarded, envelopes, snapshot)
    given = {one.point: one for one in free}
    for envelope in every:
        one = given.get(envelope.point)
        if one is None or node not in envelope.nodes or not _sees(envelope, snapshot):
            continue
        low, high = _free(one, able(envelope, snapshot))
        value = 0.0 if one.value is None else one.value
        if value > low + EPSILON:
            yield from _imports(node, envelope, every, snapshot, ahead.get(node, Late()))
        if value < high - EPSILON:
            yield from _exports(node, envelope, every, snapshot, ahead)


def _moves(
    guarded: Sequence[Guarded], envelopes: Mapping[str, Envelope], snapshot: Snapshot
) -> dict[BatteryEnvelope, float]:
    """How far every battery that is commanded goes from where it is, kW."""
    moves = {}
    for one in guarded:
        envelope = envelopes[one.point]
        if not isinstance(envelope, BatteryEnvelope) or one.value is None:
            continue
        now_kw = sane(envelope.power, snapshot)
        if now_kw is not None:
            moves[envelope] = one.value - now_kw
    return moves


def _imports(
    node: ConnectionEnvelope,
    envelope: BatteryEnvelope,
    every: Mapping[BatteryEnvelope, float],
    snapshot: Snapshot,
    ahead: Late,
) -> Iterator[str]:
    moves = {one: kw for one, kw in every.items() if node in one.nodes}
    moved_kw = sum(moves.values())
    over_kw = (sane(node.meter, snapshot) or 0.0) + moved_kw - node.import_limit_kw
    if moves[envelope] > EPSILON and ahead.beyond(over_kw, moved_kw):
        yield f"{envelope.point}: pushes {node.meter} to {over_kw} kW over its import"
    yield from _phases(node, envelope, moves, snapshot, (1, ahead))


def _phases(
    node: ConnectionEnvelope,
    envelope: BatteryEnvelope,
    moves: Mapping[BatteryEnvelope, float],
    snapshot: Snapshot,
    judged: tuple[int, Late],
) -> Iterator[str]:
    """In one direction, where a phase of unknown direction is taken as what is worse."""
    way, ahead = judged
    for index, key in enumerate(node.currents):
        volts = sane(node.voltages[index], snapshot)
        phase = _phase(node, index, snapshot)
        if phase is None or volts is None or not LOW_V <= volts <= HIGH_V:
            continue
        pushed_kw = way * sum(_on(one, index) * kw for one, kw in moves.items())
        over_kw = phase.over_a(node.max_current_a or 0.0, way) * volts / 1000 + pushed_kw
        own_kw = way * _on(envelope, index) * moves[envelope]
        late_ = ahead.part(index) if way > 0 else ahead.part(index).other_way()
        if own_kw > EPSILON and late_.beyond(over_kw, pushed_kw):
            yield f"{envelope.point}: pushes {key} to {over_kw} kW over its limit"


def _exports(
    node: ConnectionEnvelope,
    envelope: BatteryEnvelope,
    every: Mapping[BatteryEnvelope, float],
    snapshot: Snapshot,
    ahead: Mapping[ConnectionEnvelope, Late],
) -> Iterator[str]:
    for other in envelope.nodes:
        if _tight(other, envelope, every, snapshot, ahead.get(other, Late())):
            return
    moved_kw = sum(kw for one, kw in every.items() if node in one.nodes)
    over_kw = -(sane(node.meter, snapshot) or 0.0) - moved_kw - node.export_limit_kw
    here = ahead.get(node, Late()).other_way()
    if every[envelope] < -EPSILON and here.beyond(over_kw, -moved_kw):
        yield f"{envelope.point}: pushes {node.meter} to {over_kw} kW over its export"
    moves = {one: kw for one, kw in every.items() if node in one.nodes}
    yield from _phases(node, envelope, moves, snapshot, (-1, ahead.get(node, Late())))


def _tight(
    node: ConnectionEnvelope,
    envelope: BatteryEnvelope,
    others: Mapping[BatteryEnvelope, float],
    snapshot: Snapshot,
    ahead: Late,
) -> bool:
    """Whether its import, or a current, goes over the limit: that comes before the export."""
    behind = {
        one: kw for one, kw in others.items() if node in one.nodes and one != envelope and kw > 0
    }
    meter_kw = sane(node.meter, snapshot) or 0.0
    if meter_kw + max(0.0, ahead.coming_kw) + sum(behind.values()) > node.import_limit_kw:
        return True
    for index in range(len(node.currents)):
        phase = _phase(node, index, snapshot)
        rising_kw = sum(_on(one, index) * kw for one, kw in behind.items())
        rising_kw += max(0.0, ahead.part(index).coming_kw)
        limit_a = node.max_current_a or 0.0
        over_a = 0.0 if phase is None else phase.over_a(limit_a, 1, at_least=True)
        if over_a + 1000 * rising_kw / LOW_V > 0:
            return True
    return False


def _free(one: Guarded, able_kw: tuple[float, float]) -> tuple[float, float]:
    """Where the battery may be for equipment and confining claims."""
    low, high = one.decision.confined or able_kw
    return (
        min(max(low, able_kw[0]), able_kw[1]),
        min(max(high, able_kw[0]), able_kw[1]),
    )


def _on(envelope: Envelope, index: int) -> float:
    phase = envelope.phase if isinstance(envelope, BatteryEnvelope) else None
    return 1 / 3 if phase is None else float(phase == index + 1)
