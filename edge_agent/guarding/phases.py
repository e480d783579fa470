"""Phase currents as room in kW: the worst phase decides. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from edge_agent.envelope import ConnectionEnvelope
from edge_agent.guarding.seen_load import Coming
from edge_agent.guarding.sight import number, unseen
from edge_agent.snapshot import Snapshot

NOMINAL_V = 230.0
LOW_V, HIGH_V = 0.9 * NOMINAL_V, 1.1 * NOMINAL_V
"""EN 50160: nearly always between; used where the voltage should be measured but is not."""
PHASES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRoom:
    """How many kW the import (`up_kw`) and the export (`down_kw`) of a phase may still grow."""

    up_kw: float
    down_kw: float
    flow_kw: float = 0.0
    """What it shows, import positive."""
    wary_kw: float = math.inf
    """`up_kw` where the phase may import against its sum: what is sure; elsewhere without end."""

    def foreseen(self, ahead: Coming) -> PhaseRoom:
        """The same when so much is still to be shown on this phase."""
        return PhaseRoom(
            up_kw=ahead.room_kw(self.up_kw, 1),
            down_kw=ahead.room_kw(self.down_kw, -1),
            flow_kw=self.flow_kw,
            wary_kw=ahead.room_kw(self.wary_kw, 1),
        )

    def warily(self) -> PhaseRoom:
        """The same with only what is sure as room for import."""
        return replace(self, up_kw=min(self.up_kw, self.wary_kw))


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
    return tuple(
        _room(connection, index, meter_kw, snapshot) for index in range(len(connection.currents))
    )


def flow_kw(
    connection: ConnectionEnvelope, index: int, meter_kw: float, snapshot: Snapshot
) -> float:
    """What a phase carries by its current, import positive."""
    size_a = abs(number(connection.currents[index], snapshot) or 0.0)
    sign = 1.0 if _flow_kw(connection, index, meter_kw, snapshot) >= 0 else -1.0
    volts = None
    if index < len(connection.voltages):
        volts = number(connection.voltages[index], snapshot)
    if volts is None or not LOW_V <= volts <= HIGH_V:
        volts = NOMINAL_V
    return sign * size_a * volts / 1000


def _room(
    connection: ConnectionEnvelope, index: int, meter_kw: float, snapshot: Snapshot
) -> PhaseRoom:
    limit_a = connection.max_current_a or 0.0
    size_a = abs(number(connection.currents[index], snapshot) or 0.0)
    own_kw = _own_kw(connection, index, snapshot)
    amps = size_a if (meter_kw if own_kw is None else own_kw) >= 0 else -size_a
    # The sum is exported, but this phase may import all the same.
    unsure = own_kw is None and meter_kw < 0
    wary_a = max(0.0, limit_a - size_a)
    return PhaseRoom(
        up_kw=_kw(limit_a - amps, connection, index, snapshot),
        down_kw=_kw(limit_a + amps, connection, index, snapshot),
        flow_kw=flow_kw(connection, index, meter_kw, snapshot),
        wary_kw=_kw(wary_a, connection, index, snapshot) if unsure else math.inf,
    )


def _flow_kw(
    connection: ConnectionEnvelope, index: int, meter_kw: float, snapshot: Snapshot
) -> float:
    """The phase's own power; without one, all phases are taken to flow as their sum does."""
    own_kw = _own_kw(connection, index, snapshot)
    return meter_kw if own_kw is None else own_kw


def _own_kw(connection: ConnectionEnvelope, index: int, snapshot: Snapshot) -> float | None:
    if index >= len(connection.phase_powers):
        return None
    return number(connection.phase_powers[index], snapshot)


def _kw(amps: float, connection: ConnectionEnvelope, index: int, snapshot: Snapshot) -> float:
    """Room at the measured voltage; a voltage not known is taken as what leaves less room."""
    if index >= len(connection.voltages):
        return amps * NOMINAL_V / 1000
    volts = number(connection.voltages[index], snapshot)
    if volts is None or not LOW_V <= volts <= HIGH_V:
        volts = LOW_V if amps >= 0 else HIGH_V
    return amps * volts / 1000
