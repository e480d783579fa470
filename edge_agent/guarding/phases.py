"""Phase currents as room in kW: the worst phase decides. Pure.

A current does not tell its direction. Where the power of a phase is not known, the direction is the
one that lets the phases make the meter's sum; where more than one does, it stays unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from edge_agent.envelope import ConnectionEnvelope
from edge_agent.guarding.seen_load import Coming
from edge_agent.guarding.sight import number, unseen
from edge_agent.snapshot import Snapshot

NOMINAL_V = 230.0
LOW_V, HIGH_V = 0.9 * NOMINAL_V, 1.1 * NOMINAL_V
"""EN 50160: nearly always between; used where the voltage should be measured but is not."""
PHASES = 3
ALIKE_SHARE = 0.15
"""Of the phases' apparent power: sums closer than this are alike (power factor, accuracy)."""
CLEAR_SHARE = 0.1
"""Of the same: so far beyond what the other phases can carry, a sum needs this one too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRoom:
    """How many kW the import (`up_kw`) and the export (`down_kw`) of a phase may still grow."""

    up_kw: float
    down_kw: float
    """Both the most it may be, where the direction is not known."""
    flow_kw: float = 0.0
    """What it shows, import positive."""
    wary_up_kw: float = math.inf
    """`up_kw` where the direction is not known: what is sure; elsewhere without end."""
    wary_down_kw: float = math.inf
    """`down_kw` likewise."""

    def foreseen(self, ahead: Coming) -> PhaseRoom:
        """The same when so much is still to be shown on this phase."""
        return PhaseRoom(
            up_kw=ahead.room_kw(self.up_kw, 1),
            down_kw=ahead.room_kw(self.down_kw, -1),
            flow_kw=self.flow_kw,
            wary_up_kw=ahead.room_kw(self.wary_up_kw, 1),
            wary_down_kw=ahead.room_kw(self.wary_down_kw, -1),
        )

    def warily(self) -> PhaseRoom:
        """The same with only what is sure as room, whatever the phase's direction is."""
        return replace(
            self,
            up_kw=min(self.up_kw, self.wary_up_kw),
            down_kw=min(self.down_kw, self.wary_down_kw),
        )


def phase_rooms(
    connection: ConnectionEnvelope, meter_kw: float, snapshot: Snapshot
) -> tuple[PhaseRoom, ...] | str:
    """One room per phase, none where no current is limited, or why nothing can be said."""
    if connection.max_current_a is None:
        return ()
    if not connection.currents:
        return "no phase current is measured"
    missing = unseen(connection.currents, snapshot)
    if missing:
        return missing[0]
    ways = _ways(connection, meter_kw, snapshot)
    return tuple(_room(connection, index, (way, meter_kw), snapshot) for index, way in sorted(ways))


def flow_kw(
    connection: ConnectionEnvelope, index: int, meter_kw: float, snapshot: Snapshot
) -> float:
    """What a phase carries by its current, import positive; of unknown direction as the sum's."""
    way = dict(_ways(connection, meter_kw, snapshot))[index]
    return _flow_kw(connection, index, (way, meter_kw), snapshot)


def _flow_kw(
    connection: ConnectionEnvelope, index: int, towards: tuple[int, float], snapshot: Snapshot
) -> float:
    way, meter_kw = towards
    size_kw = _size_kw(connection, index, snapshot) or 0.0
    return math.copysign(size_kw, way or (1 if meter_kw >= 0 else -1))


def _room(
    connection: ConnectionEnvelope, index: int, towards: tuple[int, float], snapshot: Snapshot
) -> PhaseRoom:
    limit_a = connection.max_current_a or 0.0
    size_a = abs(number(connection.currents[index], snapshot) or 0.0)
    way = towards[0]
    sure_kw = math.inf if way else _kw(limit_a - size_a, connection, index, snapshot)
    return PhaseRoom(
        up_kw=_kw(limit_a - (way or -1) * size_a, connection, index, snapshot),
        down_kw=_kw(limit_a + (way or 1) * size_a, connection, index, snapshot),
        flow_kw=_flow_kw(connection, index, towards, snapshot),
        wary_up_kw=sure_kw,
        wary_down_kw=sure_kw,
    )


def _ways(
    connection: ConnectionEnvelope, meter_kw: float, snapshot: Snapshot
) -> Iterator[tuple[int, int]]:
    """Of every phase, by index: 1 imports, -1 exports, 0 is not known."""
    sizes: list[float | None] = []
    silent: list[int] = []
    for index in range(len(connection.currents)):
        own_kw = _own_kw(connection, index, snapshot)
        if own_kw is None:
            silent.append(index)
            sizes.append(_size_kw(connection, index, snapshot))
        else:
            meter_kw -= own_kw
            yield index, 1 if own_kw >= 0 else -1
    known = [size for size in sizes if size is not None]
    for place, index in enumerate(silent):
        yield index, _way(place, known, meter_kw) if len(known) == len(silent) else 0


def _way(place: int, sizes: Sequence[float], sum_kw: float) -> int:
    """How one of these apparent powers flows if they make that sum, kW; 0 where that is open."""
    whole_kw = sum(sizes)
    off_kw = {1: math.inf, -1: math.inf}
    for ways in product((1, -1), repeat=len(sizes)):
        made_kw = sum(way * size for way, size in zip(ways, sizes, strict=True))
        off_kw[ways[place]] = min(off_kw[ways[place]], abs(sum_kw - made_kw))
    way = 1 if off_kw[1] < off_kw[-1] else -1
    alike_kw = ALIKE_SHARE * whole_kw
    if off_kw[-way] - off_kw[way] <= alike_kw:
        return 0
    # Whatever the power factors are: no phase carries more than its apparent power.
    others_kw = whole_kw - sizes[place]
    needed = others_kw + CLEAR_SHARE * whole_kw < abs(sum_kw) <= whole_kw
    return way if needed or off_kw[way] <= alike_kw else 0


def _own_kw(connection: ConnectionEnvelope, index: int, snapshot: Snapshot) -> float | None:
    if index >= len(connection.phase_powers):
        return None
    return number(connection.phase_powers[index], snapshot)


def _size_kw(connection: ConnectionEnvelope, index: int, snapshot: Snapshot) -> float | None:
    """Apparent power of a phase, at nominal voltage where that is not known."""
    amps = number(connection.currents[index], snapshot)
    if amps is None:
        return None
    volts = None
    if index < len(connection.voltages):
        volts = number(connection.voltages[index], snapshot)
    if volts is None or not LOW_V <= volts <= HIGH_V:
        volts = NOMINAL_V
    return abs(amps) * volts / 1000


def _kw(amps: float, connection: ConnectionEnvelope, index: int, snapshot: Snapshot) -> float:
    """Room at the measured voltage; a voltage not known is taken as what leaves less room."""
    if index >= len(connection.voltages):
        return amps * NOMINAL_V / 1000
    volts = number(connection.voltages[index], snapshot)
    if volts is None or not LOW_V <= volts <= HIGH_V:
        volts = LOW_V if amps >= 0 else HIGH_V
    return amps * volts / 1000
