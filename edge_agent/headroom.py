"""What the connection point leaves to the batteries of a site, granted one after the other. Pure.

The meter sees all of them together: what one battery was granted is gone for the next. Meter and
battery are only subtracted from each other when both were read at about the same moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_agent.envelope import BatteryEnvelope, ConnectionEnvelope
from edge_agent.snapshot import Snapshot

MAX_SKEW_S = 15.0
"""Meter and battery power further apart than this say nothing about each other."""
PHASE_KV = 0.23
PHASES = 3


@dataclass(slots=True, kw_only=True)
class Headroom:
    """The connection point in one tick; powers are kW, import and charging positive."""

    connection: ConnectionEnvelope
    others_kw: float
    """Everything behind the meter but the batteries in `now_kw`."""
    now_kw: dict[str, float]
    """Measured power by setpoint of every battery that is known."""
    current_room_kw: float | None
    """How much the import (or export, whichever flows) may still grow for the phase currents."""
    importing: bool
    planned_kw: dict[str, float] = field(default_factory=dict)

    def bounds_kw(self, point: str) -> tuple[float, float]:
        """Lowest and highest power of this battery that keep the connection point inside."""
        rest_kw = sum(kw for other, kw in self._powers().items() if other != point)
        high_kw = self.connection.import_limit_kw - self.others_kw - rest_kw
        low_kw = -self.connection.export_limit_kw - self.others_kw - rest_kw
        if self.current_room_kw is not None:
            present_kw = sum(self.now_kw.values()) - rest_kw
            if self.importing:
                high_kw = min(high_kw, present_kw + self.current_room_kw)
            else:
                low_kw = max(low_kw, present_kw - self.current_room_kw)
        return low_kw, high_kw

    def grant(self, point: str, power_kw: float) -> None:
        """Count with this battery going to that power."""
        self.planned_kw[point] = power_kw

    def _powers(self) -> dict[str, float]:
        return self.now_kw | self.planned_kw


def headroom(envelopes: list[BatteryEnvelope], snapshot: Snapshot) -> Headroom | str:
    """The connection point of these batteries now, or why nothing can be said about it."""
    connection = envelopes[0].connection
    meter_kw = snapshot.value(connection.meter)
    if meter_kw is None:
        return snapshot.why_missing(connection.meter)
    now_kw = {}
    for envelope in envelopes:
        power_kw = snapshot.value(envelope.power)
        if (
            power_kw is not None
            and apart_s(connection.meter, envelope.power, snapshot) <= MAX_SKEW_S
        ):
            now_kw[envelope.point] = power_kw
    room = _current_room_kw(connection, snapshot)
    if isinstance(room, str):
        return room
    return Headroom(
        connection=connection,
        others_kw=meter_kw - sum(now_kw.values()),
        now_kw=now_kw,
        current_room_kw=room,
        importing=meter_kw >= 0,
    )


def apart_s(first: str, second: str, snapshot: Snapshot) -> float:
    """Seconds between the last usable readings of two points."""
    one, other = snapshot.seen[first].usable, snapshot.seen[second].usable
    if one is None or other is None:
        return float("inf")
    return abs((one.at - other.at).total_seconds())


def _current_room_kw(connection: ConnectionEnvelope, snapshot: Snapshot) -> float | str | None:
    """Room in kW (all three phases alike) until the worst one is at its limit; None = no limit."""
    if connection.max_current_a is None:
        return None
    currents = [snapshot.value(key) for key in connection.currents]
    known = [abs(current) for current in currents if current is not None]
    if not known or len(known) != len(currents):
        missing = [key for key in connection.currents if snapshot.value(key) is None]
        return snapshot.why_missing(missing[0]) if missing else "no phase current is measured"
    return (connection.max_current_a - max(known)) * PHASE_KV * PHASES
