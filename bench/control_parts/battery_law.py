"""What a battery may do by itself, written down without the guard's code."""

from __future__ import annotations

import math

from edge_agent.envelope import BatteryEnvelope
from edge_agent.snapshot import Snapshot

EPSILON = 1e-6


def sane(key: str | None, snapshot: Snapshot) -> float | None:
    value = None if key is None else snapshot.value(key)
    return value if value is not None and math.isfinite(value) and abs(value) <= 1e7 else None


def able(envelope: BatteryEnvelope, snapshot: Snapshot) -> tuple[float, float]:
    """What the battery may do at this moment for all that is not a meter, kW."""
    soc, power = sane(envelope.soc, snapshot), sane(envelope.power, snapshot)
    if soc is None or power is None or not 0 <= soc <= 100 or _stopped(envelope, power, snapshot):
        return 0.0, 0.0
    charge = _allowed(envelope.charge_kw, envelope.charge_limit, None, snapshot)
    discharge = _allowed(envelope.discharge_kw, envelope.discharge_limit, None, snapshot)
    bms = envelope.bms
    volts = max(0.0, sane(bms.voltage, snapshot) or 0.0)
    charge = min(charge, _allowed(envelope.charge_kw, bms.charge_limit_a, volts, snapshot))
    discharge = min(
        discharge, _allowed(envelope.discharge_kw, bms.discharge_limit_a, volts, snapshot)
    )
    if envelope.band_kw is not None:
        charge = min(charge, envelope.band_kw[1])
        discharge = min(discharge, -envelope.band_kw[0])
    celsius = sane(bms.temperature, snapshot)
    if bms.temperature is not None and celsius is not None:
        charge = min(charge, envelope.charge_kw * _part(celsius, 0, 10))
        discharge = min(discharge, envelope.discharge_kw * _part(celsius, -10, 0))
        hot = 1 - _part(celsius, 40, 45)
        charge, discharge = min(charge, 100 * hot), min(discharge, 80 * hot)
    floor = max(envelope.soc_min_percent, envelope.reserve_percent)
    taper = max(envelope.derate_soc_percent, 1e-12)
    full = _part(envelope.soc_max_percent - soc, 0, taper)
    charge = min(charge, envelope.charge_kw * full)
    discharge = min(discharge, envelope.discharge_kw * _part(soc - floor, 0, taper))
    return -max(0.0, discharge), max(0.0, charge)


def _allowed(rated: float, key: str | None, volts: float | None, snapshot: Snapshot) -> float:
    """A live limit in kW, or in A at `volts`; 3 % of the rating is kept off a lower one."""
    if key is None:
        return rated
    live = (sane(key, snapshot) or 0.0) * (1.0 if volts is None else volts / 1000)
    return rated if live >= rated else max(0.0, live - 0.03 * rated)


def _part(value: float, zero: float, one: float) -> float:
    return min(1.0, max(0.0, (value - zero) / (one - zero)))


def _stopped(envelope: BatteryEnvelope, power_kw: float, snapshot: Snapshot) -> bool:
    """Whether alarm, contactor, heat or over-current allow no power at all."""
    bms = envelope.bms
    if bms.alarms is not None and sane(bms.alarms, snapshot) != 0:
        return True
    if bms.contactor is not None and sane(bms.contactor, snapshot) not in bms.contactor_closed:
        return True
    if bms.temperature is not None:
        celsius = sane(bms.temperature, snapshot)
        if celsius is None or celsius > 45 or celsius < -10:
            return True
    return power_kw > 1.1 * envelope.charge_kw or power_kw < -1.1 * envelope.discharge_kw
