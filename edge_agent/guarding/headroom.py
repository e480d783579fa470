"""What connection point and circuits leave to the batteries of a site, one after the other. Pure.

A meter sees all batteries behind it together: what one was granted is gone for the next, and what
one is about to give up is not given out before it is gone. Meter and battery are only held against
each other when both were read at about the same moment.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edge_agent.arbiter import Bounds, clamp
from edge_agent.envelope import BatteryEnvelope, ConnectionEnvelope
from edge_agent.guarding.phases import PHASES, PhaseRoom, phase_rooms
from edge_agent.guarding.seen_load import NOTHING, Coming, SeenLoad, coming
from edge_agent.guarding.sight import age_s, apart_s, number, unseen
from edge_agent.snapshot import Snapshot

MAX_SKEW_S = 15.0
"""Meter and battery power further apart than this say nothing about each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """Why nothing can be said about a node; `gone` when its readings are older than their limit."""

    why: str
    gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Connection point or circuit in this cycle, import positive."""

    meter_kw: float
    phases: tuple[PhaseRoom, ...]
    ahead: Coming = NOTHING

    @property
    def unsure(self) -> bool:
        """Whether the direction of a phase is not known."""
        return any(phase.wary_up_kw < math.inf for phase in self.phases)

    def warily(self) -> Node:
        """The same with only what is sure as room on phases whose direction is not known."""
        return replace(self, phases=tuple(phase.warily() for phase in self.phases))


@dataclass(slots=True, kw_only=True)
class Headroom:
    """The batteries of a site in one cycle; powers are kW, charging positive."""

    snapshot: Snapshot
    batteries: Mapping[str, BatteryEnvelope]
    targets_kw: Mapping[str, float]
    """Where each battery that can be seen wants to go, by point."""
    confined: frozenset[str] = frozenset()
    """Those that stop at 0 kW when they see nothing, instead of being released."""
    loads: Mapping[str, SeenLoad] = field(default_factory=dict)
    """What is known of the loads behind late meters and phases, by the point that shows them."""
    sent_kw: Mapping[str, float] = field(default_factory=dict)
    """What left for each battery last."""
    nodes: dict[int, Node | Blind] = field(default_factory=dict)
    """By the identity of their envelope, which lives as long as the cycle."""
    sights: dict[str, tuple[Node, ...] | Blind] = field(default_factory=dict)
    """What each battery sees of its nodes, by point."""
    planned_kw: dict[str, float] = field(default_factory=dict)

    def bounds_kw(self, envelope: BatteryEnvelope) -> Bounds | Blind:
        """Lowest and highest power that keep every node of a battery inside its limits."""
        sight = self._sight(envelope)
        if isinstance(sight, Blind):
            return sight
        now_kw = self._now_kw(envelope)
        up_kw = down_kw = math.inf
        for node, seen in zip(envelope.nodes, sight, strict=True):
            up_kw = min(up_kw, self._free_kw(node, seen, envelope, 1))
            down_kw = min(down_kw, self._free_kw(node, seen, envelope, -1))
        if any(seen.unsure for seen in sight):
            # Cautions: they pull a battery no further than the other direction surely allows.
            sure_up_kw = self._wary_kw(envelope, sight, 1)
            sure_down_kw = self._wary_kw(envelope, sight, -1)
            up_kw = min(up_kw, max(sure_up_kw, -max(0.0, sure_down_kw)))
            down_kw = min(down_kw, max(sure_down_kw, -max(0.0, sure_up_kw)))
        return now_kw - down_kw, now_kw + up_kw

    def _wary_kw(self, envelope: BatteryEnvelope, sight: tuple[Node, ...], sign: int) -> float:
        """How far is sure in the direction of `sign`, whichever way the phases flow."""
        return min(
            self._free_kw(node, seen.warily(), envelope, sign)
            for node, seen in zip(envelope.nodes, sight, strict=True)
        )

    def grant(self, point: str, power_kw: float) -> None:
        """Count with this battery going to that power."""
        self.planned_kw[point] = power_kw

    def _dark(self, envelope: BatteryEnvelope) -> Blind | None:
        """The worst of what a battery does not see, None when it sees all its nodes."""
        sight = self._sight(envelope)
        return sight if isinstance(sight, Blind) else None

    def _sight(self, envelope: BatteryEnvelope) -> tuple[Node, ...] | Blind:
        """See for each battery once in a cycle."""
        known = self.sights.get(envelope.point)
        if known is None:
            known = self.sights[envelope.point] = self._look(envelope)
        return known

    def _look(self, envelope: BatteryEnvelope) -> tuple[Node, ...] | Blind:
        """All its nodes, outermost first, or the worst of what it does not see."""
        if not envelope.circuits:
            only = self._node(envelope.connection, envelope)
            return only if isinstance(only, Blind) else (only,)
        found = [self._node(node, envelope) for node in envelope.nodes]
        seen = tuple(one for one in found if isinstance(one, Node))
        if len(seen) == len(found):
            return seen
        return max((one for one in found if isinstance(one, Blind)), key=lambda one: one.gone)

    def _node(self, node: ConnectionEnvelope, envelope: BatteryEnvelope) -> Node | Blind:
        known = self.nodes.get(id(node))
        if known is None:
            known = self.nodes[id(node)] = self._foreseen(node, see(node, self.snapshot))
        if isinstance(known, Blind):
            return known
        if apart_s(node.meter, envelope.power, self.snapshot) > MAX_SKEW_S:
            why = f"{envelope.power} and {node.meter} were not read at the same time"
            return Blind(why=why, gone=True)
        return known

    def _foreseen(self, node: ConnectionEnvelope, seen: Node | Blind) -> Node | Blind:
        """With where its meter and phases are heading, as far as that is known."""
        if isinstance(seen, Blind) or not self.loads:
            return seen
        load = self.loads.get(node.meter)
        ahead = NOTHING if load is None else self._coming(load, seen.meter_kw)
        if not seen.phases:
            return Node(meter_kw=seen.meter_kw, phases=(), ahead=ahead)
        phases = tuple(
            phase.foreseen(self._on_phase(node.currents[index], index + 1, phase, (load, ahead)))
            for index, phase in enumerate(seen.phases)
        )
        return Node(meter_kw=seen.meter_kw, phases=phases, ahead=ahead)

    def _coming(self, load: SeenLoad, shown_kw: float) -> Coming:
        own_kw = {
            point: number(self.batteries[point].power, self.snapshot)
            for point in load.members
            if point in self.batteries
        }
        return coming(load, shown_kw, own_kw, self.sent_kw, self.snapshot)

    def _on_phase(
        self, key: str, index: int, phase: PhaseRoom, whole: tuple[SeenLoad | None, Coming]
    ) -> Coming:
        """By what is known of the phase itself, else its share of what the meter will show."""
        own = self.loads.get(key)
        if own is not None:
            return self._coming(own, phase.flow_kw)
        points = () if whole[0] is None else whole[0].members
        shares = {
            phase_share(self.batteries[point], index) for point in points if point in self.batteries
        }
        # Batteries on different phases leave it open whose answer is still to be shown.
        return whole[1].part(shares.pop()) if len(shares) == 1 else NOTHING

    def _free_kw(
        self, node: ConnectionEnvelope, seen: Node, envelope: BatteryEnvelope, sign: int
    ) -> float:
        """How far a battery may move in the direction of `sign` for all that a node allows."""
        if len(self.batteries) == 1:
            return self._room_kw(node, seen, envelope, sign, {})
        moves = {
            point: self._move_kw(other, sign)
            for point, other in self.batteries.items()
            if point != envelope.point and node in other.nodes
        }
        sure = {point: max(0.0, move) for point, move in moves.items()}
        free_kw = self._room_kw(node, seen, envelope, sign, sure)
        if free_kw < 0:
            free_kw = min(0.0, self._room_kw(node, seen, envelope, sign, moves))
        return free_kw

    def _room_kw(
        self,
        node: ConnectionEnvelope,
        seen: Node,
        envelope: BatteryEnvelope,
        sign: int,
        moves: Mapping[str, float],
    ) -> float:
        """How far this battery may move in that direction while the others move as said."""
        limit_kw = node.import_limit_kw if sign > 0 else node.export_limit_kw
        room_kw = seen.ahead.room_kw(limit_kw - sign * seen.meter_kw, sign)
        if moves:
            room_kw -= sum(moves.values())
        for index, phase in enumerate(seen.phases, start=1):
            own = phase_share(envelope, index)
            if own > 0:
                taken = sum(
                    phase_share(self.batteries[point], index) * move
                    for point, move in moves.items()
                )
                phase_kw = phase.up_kw if sign > 0 else phase.down_kw
                room_kw = min(room_kw, (phase_kw - taken) / own)
        return room_kw

    def _move_kw(self, envelope: BatteryEnvelope, sign: int) -> float:
        """How far another battery goes in that direction; an undecided one may be pulled to 0."""
        now_kw = sign * self._now_kw(envelope)
        if envelope.point in self.planned_kw:
            return sign * self.planned_kw[envelope.point] - now_kw
        target_kw = sign * self._target_kw(envelope)
        if self._dark(envelope) is not None:  # goes there, whatever its meters would say
            return target_kw - now_kw
        return max(now_kw, min(target_kw, 0.0)) - now_kw

    def _target_kw(self, envelope: BatteryEnvelope) -> float:
        """Where an undecided battery goes if its meters let it; released, it is where it is."""
        now_kw = self._now_kw(envelope)
        if envelope.point not in self.targets_kw:
            return now_kw
        target_kw = self.targets_kw[envelope.point]
        dark = self._dark(envelope)
        if dark is None:
            return target_kw
        band = static_band(envelope, dark)
        if band is None:
            return 0.0 if envelope.point in self.confined else now_kw
        return clamp(target_kw, band)

    def _now_kw(self, envelope: BatteryEnvelope) -> float:
        return number(envelope.power, self.snapshot) or 0.0


def phase_share(envelope: BatteryEnvelope, index: int) -> float:
    """Share of a battery's power that flows through a phase."""
    if envelope.phase is None:
        return 1 / PHASES
    return 1.0 if envelope.phase == index else 0.0


def static_band(envelope: BatteryEnvelope, dark: Blind) -> Bounds | None:
    """What holds while a meter is silent, None when its readings are too old for a command."""
    if envelope.fallback_kw is None and dark.gone:
        return None
    return envelope.fallback_kw or (0.0, 0.0)


def see(node: ConnectionEnvelope, snapshot: Snapshot) -> Node | Blind:
    """A node as its meter shows it."""
    meter_kw = number(node.meter, snapshot)
    if meter_kw is None:
        return Blind(why=unseen((node.meter,), snapshot)[0], gone=True)
    silent_s = age_s(node.meter, snapshot)
    if node.silent_after_s is not None and silent_s > node.silent_after_s:
        return Blind(why=f"{node.meter} has been silent for {silent_s:.0f} s", gone=False)
    phases = phase_rooms(node, meter_kw, snapshot)
    if isinstance(phases, str):
        return Blind(why=phases, gone=True)
    return Node(meter_kw=meter_kw, phases=phases)
