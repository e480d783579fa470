"""What a battery's own management and its temperature allow now. Pure.

Nothing here is ever wider than the rating: a limit the BMS tells can only narrow it, and one it
should tell but does not is 0 kW in its direction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from edge_agent.envelope import BatteryEnvelope, TemperatureWindow
from edge_agent.guarding.recall import PointRecall, tripped
from edge_agent.guarding.sight import number, unseen
from edge_agent.guarding.verdict import Flag
from edge_agent.snapshot import Snapshot

MARGIN_SHARE = 0.03
"""Share of the rating kept off a BMS limit that is below the rating."""
HOT_C = 45.0
OVER_CURRENT_SHARE = 1.1
TRIP = timedelta(seconds=60)
"""How long a battery stays at 0 kW after an over-current."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Power a battery may have, charging positive; 0 kW always lies inside."""

    low_kw: float
    high_kw: float
    why: str


def limits(
    envelope: BatteryEnvelope, soc: float, snapshot: Snapshot, recall: PointRecall | None
) -> Iterator[Limit]:
    """Everything but the connection point, each with its reason."""
    yield _rating(envelope)
    if envelope.charge_limit is not None or envelope.discharge_limit is not None:
        yield _told(envelope, snapshot)
    yield from _currents(envelope, snapshot)
    yield from _stops(envelope, snapshot, recall)
    yield from _temperature(envelope, snapshot)
    yield from _soc(envelope, soc)


def _rating(envelope: BatteryEnvelope) -> Limit:
    low_kw, high_kw = -envelope.discharge_kw, envelope.charge_kw
    if envelope.band_kw is not None:
        low_kw = max(low_kw, min(0.0, envelope.band_kw[0]))
        high_kw = min(high_kw, max(0.0, envelope.band_kw[1]))
    return Limit(low_kw=low_kw, high_kw=high_kw, why="its rating")


def _told(envelope: BatteryEnvelope, snapshot: Snapshot) -> Limit:
    charge_kw = _live(envelope.charge_kw, envelope.charge_limit, snapshot)
    discharge_kw = _live(envelope.discharge_kw, envelope.discharge_limit, snapshot)
    return Limit(low_kw=-discharge_kw, high_kw=charge_kw, why="its BMS")


def _live(rated_kw: float, key: str | None, snapshot: Snapshot) -> float:
    """The smaller of rating and live limit; a configured limit that is missing means 0 kW."""
    return rated_kw if key is None else _margin(rated_kw, number(key, snapshot))


def _margin(rated_kw: float, live_kw: float | None) -> float:
    if live_kw is None:
        return 0.0
    if live_kw >= rated_kw:
        return rated_kw
    # A limit below the rating is on the move: what was read is already a little old.
    return max(0.0, live_kw - MARGIN_SHARE * rated_kw)


def _currents(envelope: BatteryEnvelope, snapshot: Snapshot) -> Iterator[Limit]:
    bms = envelope.bms
    if bms.charge_limit_a is None and bms.discharge_limit_a is None:
        return
    volts = None if bms.voltage is None else number(bms.voltage, snapshot)
    charge_kw = _from_amps(envelope.charge_kw, bms.charge_limit_a, volts, snapshot)
    discharge_kw = _from_amps(envelope.discharge_kw, bms.discharge_limit_a, volts, snapshot)
    yield Limit(low_kw=-discharge_kw, high_kw=charge_kw, why="the current its BMS allows")


def _from_amps(rated_kw: float, key: str | None, volts: float | None, snapshot: Snapshot) -> float:
    if key is None:
        return rated_kw
    amps = number(key, snapshot)
    if amps is None or volts is None or volts <= 0:
        return 0.0
    return _margin(rated_kw, amps * volts / 1000)


def _stops(
    envelope: BatteryEnvelope, snapshot: Snapshot, recall: PointRecall | None
) -> Iterator[Limit]:
    reasons = [*_faults(envelope, snapshot)]
    if over_current(envelope, snapshot) or tripped(recall, snapshot.at, TRIP):
        reasons.append("an over-current")
    for reason in reasons:
        yield Limit(low_kw=0.0, high_kw=0.0, why=reason)


def _faults(envelope: BatteryEnvelope, snapshot: Snapshot) -> Iterator[str]:
    bms = envelope.bms
    if bms.alarms is not None:
        bits = number(bms.alarms, snapshot)
        if bits is None:
            yield unseen((bms.alarms,), snapshot)[0]
        elif _alarming(bits, bms.alarm_mask):
            yield f"an alarm of its BMS ({bits:g})"
    if bms.contactor is not None:
        state = number(bms.contactor, snapshot)
        if state is None:
            yield unseen((bms.contactor,), snapshot)[0]
        elif state not in bms.contactor_closed:
            yield f"its contactor is open (state {state:g})"


def _alarming(bits: float, mask: int | None) -> bool:
    return bits != 0 if mask is None else bool(int(bits) & mask)


def _temperature(envelope: BatteryEnvelope, snapshot: Snapshot) -> Iterator[Limit]:
    key = envelope.bms.temperature
    if key is None:
        return
    at_c = number(key, snapshot)
    if at_c is None:
        yield Limit(low_kw=0.0, high_kw=0.0, why=unseen((key,), snapshot)[0])
        return
    yield Limit(
        low_kw=-envelope.discharge_kw * _share(at_c, envelope.discharge_window),
        high_kw=envelope.charge_kw * _share(at_c, envelope.charge_window),
        why=f"its temperature of {at_c:.1f} degC",
    )


def _share(at_c: float, window: TemperatureWindow) -> float:
    """Of the rating: 1 in the middle, 0 outside, linear between; 0 above HOT_C in any window."""
    rising = _linear(at_c, window.stop_low_c, window.full_low_c)
    falling = _linear(-at_c, -window.stop_high_c, -window.full_high_c)
    return 0.0 if at_c > HOT_C else min(rising, falling)


def _linear(value: float, zero_at: float, one_at: float) -> float:
    if value <= zero_at:
        return 0.0
    return 1.0 if value >= one_at else (value - zero_at) / (one_at - zero_at)


def _soc(envelope: BatteryEnvelope, soc: float) -> Iterator[Limit]:
    """Nothing where the window leaves the whole rating."""
    floor = max(envelope.soc_min_percent, envelope.reserve_percent)
    taper = envelope.derate_soc_percent
    full = _linear(-soc, -envelope.soc_max_percent, taper - envelope.soc_max_percent)
    empty = _linear(soc, floor, floor + taper)
    if full == empty == 1.0:
        return
    reserve = "its reserve" if floor > envelope.soc_min_percent else "its SOC window"
    yield Limit(
        low_kw=-envelope.discharge_kw * empty,
        high_kw=envelope.charge_kw * full,
        why=f"{reserve} at {soc:.1f} %",
    )


def over_current(envelope: BatteryEnvelope, snapshot: Snapshot) -> bool:
    """Whether the battery carries more than 1.1 of what it is rated for."""
    power_kw = number(envelope.power, snapshot) or 0.0
    rated_kw = envelope.charge_kw if power_kw > 0 else envelope.discharge_kw
    if abs(power_kw) > OVER_CURRENT_SHARE * rated_kw:
        return True
    bms = envelope.bms
    if bms.current is None or bms.rated_current_a is None:
        return False
    amps = number(bms.current, snapshot)
    return amps is not None and abs(amps) > OVER_CURRENT_SHARE * bms.rated_current_a


def flags(envelope: BatteryEnvelope, snapshot: Snapshot) -> Iterator[Flag]:
    """What is worth an alarm about this battery, whoever commands it."""
    subject = envelope.point.split(".", maxsplit=1)[0]
    key = envelope.bms.temperature
    at_c = None if key is None else number(key, snapshot)
    if at_c is not None and at_c > HOT_C:
        text = f"{at_c:.1f} degC is above {HOT_C:g} degC: the battery is stopped"
        yield Flag(code="battery_hot", subject=subject, text=text)
    soc = number(envelope.soc, snapshot)
    if soc is not None and soc < envelope.low_soc_percent:
        text = f"state of charge {soc:.1f} % is below {envelope.low_soc_percent:g} %"
        yield Flag(code="battery_low_soc", subject=subject, text=text)
    if over_current(envelope, snapshot):
        text = f"carries more than {OVER_CURRENT_SHARE:g} of its rating: the battery is stopped"
        yield Flag(code="battery_over_current", subject=subject, text=text)
    for fault in _faults(envelope, snapshot):
        yield Flag(code="battery_fault", subject=subject, text=fault)
