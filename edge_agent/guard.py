"""The last word before a value leaves: hard limits and live measurements. Pure.

Nothing outside the envelope leaves, whatever asked for it; a value that rests on missing or stale
telemetry is given back to the device (None). Acts inside the limits that certified equipment
enforces; it is no protection.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_agent.arbiter import Decision
from edge_agent.envelope import BatteryEnvelope, Envelope, PvEnvelope, ZoneEnvelope
from edge_agent.headroom import Headroom, headroom
from edge_agent.snapshot import Snapshot

MARGIN_SHARE = 0.03
"""Share of the rating kept off a BMS limit that is below the rating."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """What may leave; None = release. `cuts` says in plain words what was taken from the wish."""

    point: str
    value: float | None
    wish: float | None
    cuts: tuple[str, ...]
    decision: Decision


def guard_all(
    decisions: Sequence[Decision], envelopes: Mapping[str, Envelope], snapshot: Snapshot
) -> tuple[Guarded, ...]:
    """Every decision cut down to its envelope; batteries share the connection point in turn."""
    batteries = [one for one in envelopes.values() if isinstance(one, BatteryEnvelope)]
    room = headroom(batteries, snapshot) if batteries else "no battery"
    return tuple(
        guard(decision, envelopes[decision.point], snapshot, room) for decision in decisions
    )


def guard(
    decision: Decision, envelope: Envelope, snapshot: Snapshot, room: Headroom | str
) -> Guarded:
    """One decision cut down to its envelope; `room` is what the connection point leaves."""
    wish = decision.value
    if wish is None:
        return _guarded(decision, None, ())
    if not math.isfinite(wish):
        return _guarded(decision, None, (f"{wish} is no number",))
    match envelope:
        case BatteryEnvelope():
            value, cuts = _battery(wish, envelope, snapshot, room)
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
    wish_kw: float, envelope: BatteryEnvelope, snapshot: Snapshot, room: Headroom | str
) -> tuple[float | None, tuple[str, ...]]:
    missing = [key for key in (envelope.soc, envelope.power) if snapshot.value(key) is None]
    if missing:
        return None, tuple(snapshot.why_missing(key) for key in missing)
    if isinstance(room, str):
        return None, (room,)
    if envelope.point not in room.now_kw:
        return None, (f"{envelope.power} and the meter were not read at the same time",)
    low_kw, high_kw = _equipment(envelope, snapshot)
    grid_low_kw, grid_high_kw = room.bounds_kw(envelope.point)
    cuts = []
    value = min(max(wish_kw, low_kw), high_kw)
    if value != wish_kw:
        cuts.append(f"battery takes {low_kw:.1f}..{high_kw:.1f} kW now")
    # The connection point decides last, but may only pull towards what the battery can do.
    held = min(max(value, min(grid_low_kw, high_kw)), max(grid_high_kw, low_kw))
    if held != value:
        cuts.append(f"connection point leaves {grid_low_kw:.1f}..{grid_high_kw:.1f} kW")
    room.grant(envelope.point, held)
    return held, tuple(cuts)


def _equipment(envelope: BatteryEnvelope, snapshot: Snapshot) -> tuple[float, float]:
    """Lowest and highest power (charging positive) that rating, BMS, band and SOC window allow."""
    soc = snapshot.value(envelope.soc)
    charge_kw = _bms_limit(envelope.charge_kw, envelope.charge_limit, snapshot)
    discharge_kw = _bms_limit(envelope.discharge_kw, envelope.discharge_limit, snapshot)
    if soc is None or soc >= envelope.soc_max_percent:
        charge_kw = 0.0
    if soc is None or soc <= envelope.soc_min_percent:
        discharge_kw = 0.0
    low_kw, high_kw = -discharge_kw, charge_kw
    if envelope.band_kw is not None:
        low_kw = max(low_kw, min(0.0, envelope.band_kw[0]))
        high_kw = min(high_kw, max(0.0, envelope.band_kw[1]))
    return low_kw, high_kw


def _bms_limit(rated_kw: float, key: str | None, snapshot: Snapshot) -> float:
    """The smaller of rating and live limit; a configured limit that is missing means 0 kW."""
    if key is None:
        return rated_kw
    live_kw = snapshot.value(key)
    if live_kw is None:
        return 0.0
    if live_kw >= rated_kw:
        return rated_kw
    # A limit below the rating is on the move: what was read is already a little old.
    return max(0.0, live_kw - MARGIN_SHARE * rated_kw)


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
