"""One floor: two thermal masses, guests who come and go, a thermostat, a heat pump."""

from __future__ import annotations

import random

from models.building.parameters import ZoneParameters

# Share of a floor's guests who are in, at each local hour.
_IN_HOUSE = (
    *(0.80, 0.82, 0.83, 0.83, 0.83, 0.82, 0.75, 0.58, 0.42, 0.32, 0.24, 0.20),
    *(0.20, 0.20, 0.22, 0.28, 0.36, 0.44, 0.46, 0.44, 0.50, 0.60, 0.70, 0.77),
)
_STAY_MIN = 45.0


def cop_heating(outdoor_c: float) -> float:
    """Heat per electricity of the heat pump when heating."""
    return min(5.0, max(1.8, 3.5 + 0.08 * (outdoor_c - 7.0)))


def cop_cooling(outdoor_c: float) -> float:
    """Cold per electricity of the heat pump when cooling."""
    return min(5.0, max(2.0, 3.0 - 0.06 * (outdoor_c - 32.0)))


class ZonePlant:
    """`temperature_c` is the air's; `thermal_kw` heats when positive and cools when negative."""

    def __init__(self, parameters: ZoneParameters, rng: random.Random, hour: int) -> None:
        self.parameters = parameters
        self._rng = rng
        self.guests = round(parameters.guests * _IN_HOUSE[hour])
        self.temperature_c = parameters.own_setpoint_c + rng.uniform(-0.4, 0.4)
        self.mass_c = self.temperature_c
        self.commanded_c: float | None = None
        self.thermal_kw = 0.0
        self.power_kw = 0.0

    @property
    def setpoint_c(self) -> float:
        """What the thermostat follows: the command, or its own value when released."""
        return self.parameters.own_setpoint_c if self.commanded_c is None else self.commanded_c

    def minute(self, hour: int) -> None:
        """Guests come at a rate the hour sets and leave after three quarters of an hour."""
        expected = self.parameters.guests * _IN_HOUSE[hour] / _STAY_MIN
        came = int(expected) + (self._rng.random() < expected % 1.0)
        left = sum(self._rng.random() < 1.0 / _STAY_MIN for _ in range(self.guests))
        self.guests = min(self.parameters.guests, self.guests + came - left)

    def step(self, step_s: float, outdoor_c: float, sun_w_m2: float) -> None:
        """Let `step_s` seconds of weather, guests and heat pump work on the two masses."""
        p, hours = self.parameters, step_s / 3600.0
        self._follow_thermostat(step_s)
        gains_kw = self.guests * p.gain_per_guest_kw + p.sun_m2 * sun_w_m2 / 1000.0
        to_mass_kw = (self.temperature_c - self.mass_c) / p.air_mass_k_per_kw
        out_of_air_kw = (self.temperature_c - outdoor_c) / p.air_outdoor_k_per_kw
        out_of_mass_kw = (self.mass_c - outdoor_c) / p.mass_outdoor_k_per_kw
        air_kw = self.thermal_kw + 0.5 * gains_kw - to_mass_kw - out_of_air_kw
        mass_kw = 0.5 * gains_kw + to_mass_kw - out_of_mass_kw
        self.temperature_c += air_kw * hours / p.air_kwh_per_k
        self.mass_c += mass_kw * hours / p.mass_kwh_per_k
        heating = self.thermal_kw >= 0
        cop = cop_heating(outdoor_c) if heating else cop_cooling(outdoor_c)
        self.power_kw = abs(self.thermal_kw) / cop + p.fan_kw

    def _follow_thermostat(self, step_s: float) -> None:
        p = self.parameters
        error_k = self.setpoint_c - self.temperature_c
        beyond_k = max(0.0, abs(error_k) - p.dead_band_k / 2) * (1 if error_k > 0 else -1)
        wanted_kw = min(p.heat_kw, max(-p.cool_kw, p.gain_kw_per_k * beyond_k))
        self.thermal_kw += (wanted_kw - self.thermal_kw) * min(1.0, step_s / p.lag_s)
