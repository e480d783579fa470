"""The plant's own word: what stands commanded, what really flows, how far it ever went."""

from __future__ import annotations

from typing import Any

from models.building.extremes import PHASES
from models.building.hotel import Hotel


def testimony(hotel: Hotel) -> dict[str, Any]:
    """The truth at the plant's now; kW (charging and import positive), A, degC, shares; UTC."""
    battery, meter = hotel.battery, hotel.meter
    return {
        "now": hotel.now.isoformat(),
        "battery_kw": battery.power_kw,
        "soc_share": battery.soc_share,
        "grid_kw": meter.power_kw,
        "phase_current_a": [meter.phase(index).current_a for index in PHASES],
        "zones_c": {name: zone.temperature_c for name, zone in hotel.zones.items()},
        "commanded": _commanded(hotel),
        "tank": _tank(hotel),
        "pool_pump": _pool_pump(hotel),
        "extremes": hotel.extremes.as_dict(),
        "balance_error_kwh": hotel.balance_error(),
    }


def _commanded(hotel: Hotel) -> dict[str, float | None]:
    """Every point that takes a command, None where nobody's stands."""
    commanded = {
        "battery.setpoint_kw": hotel.battery.setpoint_kw,
        "pv.limit_kw": hotel.pv.limit_kw,
        **{f"{name}.setpoint_c": zone.commanded_c for name, zone in hotel.zones.items()},
    }
    if hotel.tank is not None:
        commanded["tank.setpoint_c"] = hotel.tank.commanded_c
    if hotel.pool_pump is not None:
        switched = hotel.pool_pump.commanded
        commanded["pool_pump.on"] = None if switched is None else float(switched)
    return commanded


def _tank(hotel: Hotel) -> dict[str, float | bool] | None:
    tank = hotel.tank
    if tank is None:
        return None
    return {
        "temperature_c": tank.temperature_c,
        "power_kw": tank.power_kw,
        "cycle_running": tank.cycle_running,
        "longest_hot_s": tank.longest_hot_s,
    }


def _pool_pump(hotel: Hotel) -> dict[str, float | bool] | None:
    pump = hotel.pool_pump
    if pump is None:
        return None
    return {"on": pump.on, "power_kw": pump.power_kw, "run_h": pump.run_h}
