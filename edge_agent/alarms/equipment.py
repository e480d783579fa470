"""Figures of batteries, inverters, the meter and commanded points. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.alarms.rule import Figure
from edge_agent.alarms.sight import BatterySight, InverterSight, Sight
from edge_agent.local_overrides import SECOND_MASTER

BRIGHT_W_M2 = 300.0
"""Below this irradiance the yield says too little; a roof that faces east or west yields little for
some two hours above it on the wrong side of noon, so the rule asks for longer."""
FULL_SUN_W_M2 = 1_000.0


def battery_temperature(sight: Sight) -> Iterator[Figure]:
    """DegC of every battery."""
    for one in sight.batteries:
        text = f"{_number(one.temperature_c)} degC"
        yield Figure(subject=one.id, value=one.temperature_c, text=text)


def battery_soc(sight: Sight) -> Iterator[Figure]:
    """Percent of every battery."""
    for one in sight.batteries:
        text = f"state of charge {_number(one.soc_percent)} %"
        yield Figure(subject=one.id, value=one.soc_percent, text=text)


def battery_load(sight: Sight) -> Iterator[Figure]:
    """Current over rated current, or power over rated power where that is all there is."""
    for one in sight.batteries:
        share = _load_share(one)
        text = f"{_number(one.current_a)} A, {_number(one.power_kw)} kW: {_number(share)} x rated"
        yield Figure(subject=one.id, value=share, text=text)


def soc_jump(sight: Sight) -> Iterator[Figure]:
    """Percentage points beyond what the battery can do."""
    for one in sight.batteries:
        jump = one.soc_jump_percent
        text = f"moved {_number(jump)} percent more than the rated power can"
        yield Figure(subject=one.id, value=jump, text=text)


def inverter_yield(sight: Sight) -> Iterator[Figure]:
    """Power over what the irradiance would give at the peak's rating; unknown in dim light."""
    for one in sight.inverters:
        share = _yield_share(one)
        text = f"{_number(one.power_kw)} kW at {_number(one.irradiance_w_m2)} W/m2"
        yield Figure(subject=one.id, value=share, text=text)


def meter_silence(sight: Sight) -> Iterator[Figure]:
    """Age of the meter's last reading over the age at which it is stale."""
    meter = sight.meter
    if meter is not None:
        text = f"no usable reading for {meter.silent_s:.0f} s"
        yield Figure(subject=meter.point, value=meter.silent_s / meter.stale_s, text=text)


def local_overrides(sight: Sight) -> Iterator[Figure]:
    """One per point that a person at the device holds; a second master is another alarm."""
    for control in sight.status.controls:
        for claim in control.claims:
            live = claim.expires is None or claim.expires > sight.status.now
            by_person = claim.priority == "local_override" and claim.owner != SECOND_MASTER
            if by_person and live:
                yield Figure(subject=control.point, value=1.0, text=claim.reason)


def _load_share(battery: BatterySight) -> float | None:
    shares = []
    if battery.current_a is not None and battery.rated_current_a is not None:
        shares.append(abs(battery.current_a) / battery.rated_current_a)
    if battery.power_kw is not None:
        rated_kw = battery.charge_kw if battery.power_kw >= 0 else battery.discharge_kw
        shares.append(abs(battery.power_kw) / rated_kw)
    return max(shares, default=None)


def _yield_share(inverter: InverterSight) -> float | None:
    light = inverter.irradiance_w_m2
    if light is None or light < BRIGHT_W_M2 or inverter.power_kw is None or inverter.limited:
        return None
    return inverter.power_kw / (inverter.peak_kw * light / FULL_SUN_W_M2)


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}"
