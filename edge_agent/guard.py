"""The last word before a value leaves: hard limits and live measurements. Pure.

Nothing outside the envelope leaves, whatever asked for it; a value that rests on missing or stale
telemetry is given back to the device (None). Acts inside the limits that certified equipment
enforces; it is no protection.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_agent.arbiter import Decision
from edge_agent.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEnvelope:
    """The connection point: meter import positive, limits in kW >= 0."""

    meter: str
    import_limit_kw: float
    export_limit_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryEnvelope:
    """A battery's setpoint (charging positive) and what bounds it."""

    point: str
    soc: str
    power: str
    charge_kw: float
    discharge_kw: float
    soc_min_percent: float
    soc_max_percent: float
    charge_limit: str | None
    discharge_limit: str | None
    connection: ConnectionEnvelope


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneEnvelope:
    """A zone's setpoint and the band that may stand for ever, degC."""

    point: str
    temperature: str
    low_c: float
    high_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PvEnvelope:
    """An inverter's power limit, kW."""

    point: str
    power: str
    peak_kw: float


Envelope = BatteryEnvelope | ZoneEnvelope | PvEnvelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """What may leave; None = release. `cuts` says in plain words what was taken from the wish."""

    point: str
    value: float | None
    wish: float | None
    cuts: tuple[str, ...]
    decision: Decision


def guard(decision: Decision, envelope: Envelope, snapshot: Snapshot) -> Guarded:
    """The decision cut down to its envelope."""
    wish = decision.value
    if wish is None:
        return _guarded(decision, None, ())
    if not math.isfinite(wish):
        return _guarded(decision, None, (f"{wish} is no number",))
    match envelope:
        case BatteryEnvelope():
            value, cuts = _battery(wish, envelope, snapshot)
        case ZoneEnvelope():
            value, cuts = _zone(wish, envelope, snapshot)
        case PvEnvelope():
            value, cuts = _pv(wish, envelope, snapshot)
    return _guarded(decision, value, cuts)


def _guarded(decision: Decision, value: float | None, cuts: tuple[str, ...]) -> Guarded:
    return Guarded(
        point=decision.point, value=value, wish=decision.value, cuts=cuts, decision=decision
    )


def _battery(
    wish_kw: float, envelope: BatteryEnvelope, snapshot: Snapshot
) -> tuple[float | None, tuple[str, ...]]:
    needed = (envelope.soc, envelope.power, envelope.connection.meter)
    missing = [key for key in needed if snapshot.value(key) is None]
    if missing:
        return None, tuple(snapshot.why_missing(key) for key in missing)
    high_kw, low_kw = _equipment(envelope, snapshot)
    grid_high_kw, grid_low_kw = _connection(envelope, snapshot)
    cuts = []
    value = min(max(wish_kw, low_kw), high_kw)
    if value != wish_kw:
        cuts.append(f"battery takes {low_kw:.1f}..{high_kw:.1f} kW now")
    # The connection point decides last, but may only pull towards what the battery can do.
    held = min(max(value, min(grid_low_kw, high_kw)), max(grid_high_kw, low_kw))
    if held != value:
        cuts.append(f"connection point leaves {grid_low_kw:.1f}..{grid_high_kw:.1f} kW")
    return held, tuple(cuts)


def _equipment(envelope: BatteryEnvelope, snapshot: Snapshot) -> tuple[float, float]:
    """Highest and lowest power (charging positive) that rating, BMS and SOC window allow."""
    soc = snapshot.value(envelope.soc)
    charge_kw = _bms_limit(envelope.charge_kw, envelope.charge_limit, snapshot)
    discharge_kw = _bms_limit(envelope.discharge_kw, envelope.discharge_limit, snapshot)
    if soc is None or soc >= envelope.soc_max_percent:
        charge_kw = 0.0
    if soc is None or soc <= envelope.soc_min_percent:
        discharge_kw = 0.0
    return charge_kw, -discharge_kw


def _bms_limit(rated_kw: float, key: str | None, snapshot: Snapshot) -> float:
    """The smaller of rating and live limit; a configured limit that is missing means 0 kW."""
    if key is None:
        return rated_kw
    live_kw = snapshot.value(key)
    return 0.0 if live_kw is None else max(0.0, min(rated_kw, live_kw))


def _connection(envelope: BatteryEnvelope, snapshot: Snapshot) -> tuple[float, float]:
    """Highest and lowest battery power that keep the connection point inside its limits."""
    meter_kw = snapshot.value(envelope.connection.meter)
    power_kw = snapshot.value(envelope.power)
    if meter_kw is None or power_kw is None:
        return 0.0, 0.0
    others_kw = meter_kw - power_kw
    high_kw = envelope.connection.import_limit_kw - others_kw
    low_kw = -envelope.connection.export_limit_kw - others_kw
    return high_kw, low_kw


def _zone(
    wish_c: float, envelope: ZoneEnvelope, snapshot: Snapshot
) -> tuple[float | None, tuple[str, ...]]:
    if snapshot.value(envelope.temperature) is None:
        return None, (snapshot.why_missing(envelope.temperature),)
    value = min(max(wish_c, envelope.low_c), envelope.high_c)
    if value == wish_c:
        return value, ()
    return value, (f"safe band is {envelope.low_c:g}..{envelope.high_c:g} degC",)


def _pv(
    wish_kw: float, envelope: PvEnvelope, snapshot: Snapshot
) -> tuple[float | None, tuple[str, ...]]:
    if snapshot.value(envelope.power) is None:
        return None, (snapshot.why_missing(envelope.power),)
    value = min(max(wish_kw, 0.0), envelope.peak_kw)
    return value, () if value == wish_kw else (f"inverter takes 0..{envelope.peak_kw:g} kW",)
