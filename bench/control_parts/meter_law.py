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
        _of(known.get(key), _flow_kw(node, index, meter_kw, snapshot), sent, envelopes, snapshot)
        for index, key in enumerate(node.currents)
    )
    if whole is None and not any(told):
        return None
    return replace(whole or Late(), told=told or (None, None, None))


def _flow_kw(node: ConnectionEnvelope, index: int, meter_kw: float, snapshot: Snapshot) -> float:
    """By the current, in the direction of the sum."""
    volts = sane(node.voltages[index], snapshot)
    usual = volts if volts is not None and LOW_V <= volts <= HIGH_V else 230
    size_kw = abs(sane(node.currents[index], snapshot) or 0.0) * usual / 1000
    return size_kw if meter_kw >= 0 else -size_kw


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
    if (sane(node.meter, snapshot) or 0.0) < 0:
        return
    for index, key in enumerate(node.currents):
        volts = sane(node.voltages[index], snapshot)
        size_a = sane(key, snapshot)
        if size_a is None or volts is None or not LOW_V <= volts <= HIGH_V:
            continue
        pushed_kw = sum(_on(one, index) * kw for one, kw in moves.items())
        over_kw = (abs(size_a) - (node.max_current_a or 0.0)) * volts / 1000 + pushed_kw
        own_kw = _on(envelope, index) * moves[envelope]
        if own_kw > EPSILON and ahead.part(index).beyond(over_kw, pushed_kw):
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
    for index, key in enumerate(node.currents):
        size_a = abs(sane(key, snapshot) or 0.0)
        rising_kw = sum(_on(one, index) * kw for one, kw in behind.items())
        rising_kw += max(0.0, ahead.part(index).coming_kw)
        after_a = (size_a if meter_kw >= 0 else -size_a) + 1000 * rising_kw / LOW_V
        if size_a > (node.max_current_a or 0.0) or after_a > (node.max_current_a or 0.0):
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
