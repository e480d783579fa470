"""Rules of thumb that need no solver: what one device could do now, as a message to send.

Powers in kW, state of charge in percent, temperatures in degC. None of them sends anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import log

from models.casestudy.errors import StudyError
from models.casestudy.parts import SEMDRHVAC, SEMDRBattery, SEMDRElectricDemand
from models.casestudy.schemas import control_topic
from models.casestudy.zones import HEATING_LIMIT_C, building_resistance

Signal = dict[str, float | int | str | None]

QUARTER_MIN = 15
_HOURS_PER_MINUTE = 1.0 / 60.0
_SMALLEST_KW = 0.01
_PERCENT = 100.0


def generate_demand_response_signal(
    demand: SEMDRElectricDemand,
    current_load: float,
    target_reduction: float,
    duration_minutes: int,
    now: datetime,
) -> Signal:
    """Ask for `target_reduction` (a share) of `current_load` [kW], at most the flexibility."""
    if not 0 <= target_reduction <= 1:
        fault = f"{target_reduction!r} given"
        raise StudyError("target_reduction", fault, "it must be a share, 0 .. 1")
    share = min(target_reduction, demand.demand_flexibility)
    return {
        "signal_type": "load_reduction",
        "target_reduction_kw": max(0.0, current_load) * share,
        "duration_minutes": duration_minutes,
        "priority": "medium",
        "comfort_impact": "minimal" if share <= demand.demand_flexibility / 2 else "noticeable",
        "topic": _topic(demand.iot_device_id),
        "timestamp": now.isoformat().replace("+00:00", "Z"),
    }


def calculate_hvac_flexibility(
    hvac: SEMDRHVAC, current_temp: float, setpoint: float, outdoor_temp: float
) -> Signal:
    """Electric power that can be left off now, and for how long the room stays in its band.

    The room runs exponentially towards the temperature it would have without the plant.
    """
    resistance = building_resistance(hvac)
    gains = hvac.gains_kw if isinstance(hvac.gains_kw, int | float) else None
    rest = outdoor_temp + resistance * (
        gains if gains is not None else (hvac.setpoint_c - HEATING_LIMIT_C) / resistance
    )
    heating = rest < setpoint
    edge = setpoint - hvac.comfort_deadband if heating else setpoint + hvac.comfort_deadband
    load = min(abs(setpoint - rest) / resistance, hvac.heating_cap if heating else hvac.cooling_cap)
    power = load / (hvac.cop_heating if heating else hvac.cop_cooling)
    room = (current_temp - edge) if heating else (edge - current_temp)
    minutes = _drift_minutes(hvac.thermal_mass_hours, current_temp - rest, edge - rest)
    able = room > 0 and power > _SMALLEST_KW
    return {
        "flexibility_kw": power if able else 0.0,
        "duration_minutes": minutes if able else 0.0,
        "comfort_impact": "within the comfort band" if able else "none left",
        "topic": _topic(hvac.hvac_control_id),
    }


def optimize_battery_dispatch(
    battery: SEMDRBattery, current_soc: float, grid_price: float, forecast_prices: Sequence[float]
) -> Signal:
    """Charge, discharge or hold for a quarter of an hour; `current_soc` in percent.

    Charge when a coming price pays for the losses and wear of storing at `grid_price`, discharge
    when the price now does so against the cheapest coming one.
    """
    if not (current_soc == 0 or 1 < current_soc <= _PERCENT):
        fault = f"{current_soc!r} given"
        raise StudyError("current_soc", fault, "it must be in percent, 0 .. 100 (not a share)")
    coming = list(forecast_prices)
    round_trip = battery.eta_charge * battery.eta_discharge
    wear = battery.wear_cost_per_kwh
    most = battery.power_per_capacity * battery.E_CAPx
    hours = QUARTER_MIN * _HOURS_PER_MINUTE
    room = battery.E_CAPx * (battery.soc_max_percent - current_soc) / _PERCENT
    there = battery.E_CAPx * (current_soc - battery.soc_min_percent) / _PERCENT
    charge = min(most, max(0.0, room) / battery.eta_charge / hours)
    discharge = min(most, max(0.0, there) * battery.eta_discharge / hours)
    action, power = "hold", 0.0
    if coming and (max(coming) - wear) * round_trip > grid_price and charge > _SMALLEST_KW:
        action, power = "charge", charge
    elif coming and (grid_price - wear) * round_trip > min(coming) and discharge > _SMALLEST_KW:
        action, power = "discharge", discharge
    return {
        "action": action,
        "power_kw": power,
        "duration_minutes": QUARTER_MIN,
        "topic": _topic(battery.battery_monitor_id),
    }


def _topic(device_id: str | None) -> str | None:
    """Where the device listens; None without one."""
    return None if device_id is None else control_topic(device_id)


def _drift_minutes(hours: float, begin_k: float, end_k: float) -> float:
    """Time until a distance decays from `begin_k` to `end_k`; 0 when it is past it already."""
    if end_k == 0 or begin_k / end_k <= 1:
        return 0.0
    return hours * 60.0 * log(begin_k / end_k)
