"""The rooms of a study: how they hold heat, and what people ask of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.casestudy.assumed import Assumed
from models.casestudy.axis import Axis, Floats, to_steps
from models.casestudy.errors import StudyError
from models.casestudy.parts import SEMDRHVAC
from models.equipment import Zone

DESIGN_C = -12.0
HEATING_LIMIT_C = 15.0
_SMALLEST_CAP_KW = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class ZoneSeries:
    """Per step: heat gains [kW] and the temperatures asked for [degC]."""

    gains_kw: Floats
    low_c: Floats
    high_c: Floats

    def part(self, span: slice) -> ZoneSeries:
        """Some of the steps."""
        return ZoneSeries(self.gains_kw[span], self.low_c[span], self.high_c[span])


def zone_names(name: str, part: SEMDRHVAC) -> list[str]:
    """One zone per temperature sensor, one for all where there is none.

    Numbered, because an id of a sensor may hold what a name of the optimiser may not.
    """
    count = max(1, len(part.temp_sensor_ids or ()))
    return [f"{name}_zone_{number}" for number in range(1, count + 1)]


def zone_labels(name: str, part: SEMDRHVAC) -> dict[str, str]:
    """Sensor id by zone, else the zone's own name."""
    names = zone_names(name, part)
    return dict(zip(names, part.temp_sensor_ids or names, strict=True))


def zones_of(name: str, part: SEMDRHVAC) -> list[Zone]:
    """Equal shares of the building, each with its share of the plant."""
    names = zone_names(name, part)
    count = len(names)
    resistance = building_resistance(part) * count
    return [
        Zone(
            id=each,
            resistance_k_per_kw=resistance,
            capacity_kwh_per_k=part.thermal_mass_hours / resistance,
            heat_kw=part.heating_cap / count,
            cool_kw=part.cooling_cap / count,
            cop_heating=part.cop_heating,
            cop_cooling=part.cop_cooling,
        )
        for each in names
    ]


def building_resistance(part: SEMDRHVAC) -> float:
    """[K/kW]: as given, else the plant holds the setpoint at the design temperature.

    With gains that make heating start at 15 degC outdoors, the load at the design temperature is
    (15 - design) / R.
    """
    if part.resistance_k_per_kw is not None:
        return part.resistance_k_per_kw
    return (HEATING_LIMIT_C - DESIGN_C) / max(part.heating_cap, _SMALLEST_CAP_KW)


def zone_series(name: str, part: SEMDRHVAC, axis: Axis, assumed: Assumed) -> dict[str, ZoneSeries]:
    """Gains and comfort band of every zone."""
    names = zone_names(name, part)
    resistance = building_resistance(part)
    if part.resistance_k_per_kw is None:
        value = f"{resistance:.3g} K/kW: heating_cap holds the setpoint at {DESIGN_C:g} degC"
        assumed.add(f"{name}.resistance_k_per_kw", value, "design temperature, DIN EN 12831")
    if part.gains_kw is None:
        gains = np.full(axis.steps, (part.setpoint_c - HEATING_LIMIT_C) / resistance)
        value = f"{gains[0]:.1f} kW: heating starts below {HEATING_LIMIT_C:g} degC"
        assumed.add(f"{name}.gains_kw", value, "heating limit, VDI 3807")
    else:
        gains = to_steps(part.gains_kw, axis, f"{name}.gains_kw")
    away = np.full(axis.steps, part.comfort_deadband)
    if part.occupancy is not None:
        present = to_steps(part.occupancy, axis, f"{name}.occupancy")
        away = np.where(present > 0, away, 2.0 * away)
    elif part.occupancy_sensor_ids:
        assumed.add(f"{name}.occupancy", "always occupied", "no occupancy series given")
    band = ZoneSeries(gains / len(names), part.setpoint_c - away, part.setpoint_c + away)
    return dict.fromkeys(names, band)


def start_temperatures(name: str, part: SEMDRHVAC, assumed: Assumed) -> dict[str, float]:
    """As measured, else the setpoint."""
    names = zone_names(name, part)
    given = part.zone_temps
    if given is None:
        assumed.add(f"{name}.zone_temps", f"{part.setpoint_c:g} degC in every zone", "setpoint_c")
        return dict.fromkeys(names, part.setpoint_c)
    if isinstance(given, int | float):
        return dict.fromkeys(names, float(given))
    if not isinstance(given, Sequence | np.ndarray) or len(given) != len(names):
        fault = f"{given!r} given for {len(names)} zones"
        place = f"{name}.zone_temps"
        raise StudyError(place, fault, "give one number, or one per sensor")
    return {each: float(value) for each, value in zip(names, given, strict=True)}
