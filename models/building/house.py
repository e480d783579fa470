"""The parts of a building that heat, cool and pump, minute by minute under weather that is given.

The same physics as the whole hotel's, without meter, battery and PV: light enough for years.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from models.building.noise import MeanReverting, stream
from models.building.parameters import PumpParameters, TankParameters, ZoneParameters
from models.building.pump import PumpPlant
from models.building.tank import TankPlant
from models.building.zone import ZonePlant

MINUTE_S = 60.0
HOUR = 1 / 60
_DRAW_SPREAD = 0.25
"""Standard deviation of the draw around the hour's usual one, as a share of it."""
_DRAW_MEMORY_S = 6 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseParameters:
    """Zones carry their names, tanks and pumps stand under theirs."""

    zones: tuple[ZoneParameters, ...] = ()
    tanks: dict[str, TankParameters] = field(default_factory=dict)
    pumps: dict[str, PumpParameters] = field(default_factory=dict)
    comfort_low_c: float = 20.0
    comfort_high_c: float = 24.0


@dataclass(frozen=True, slots=True)
class Minute:
    """What comes from outside in one minute: local hour with its part, degC, W/m2."""

    local_h: float
    outdoor_c: float
    sun_w_m2: float


class House:
    """Guests, draws and noise repeat with the seed, whatever is commanded."""

    def __init__(self, parameters: HouseParameters, seed: int, hour: int) -> None:
        self.parameters = parameters
        self.zones = {
            zone.name: ZonePlant(zone, stream(seed, zone.name), hour) for zone in parameters.zones
        }
        self.tanks = {name: TankPlant(one) for name, one in parameters.tanks.items()}
        self.pumps = {name: PumpPlant(one) for name, one in parameters.pumps.items()}
        self._draws = {
            name: MeanReverting(
                stream(seed, f"draw.{name}"),
                spread=_DRAW_SPREAD,
                memory_s=_DRAW_MEMORY_S,
                step_s=MINUTE_S,
            )
            for name in self.tanks
        }
        self.energy_kwh = dict.fromkeys((*self.zones, *self.tanks, *self.pumps), 0.0)
        """Electric, since the start, by name."""
        self.guest_kelvin_h = dict.fromkeys(self.zones, 0.0)
        """Kelvin-hours outside the comfort band while guests were in."""

    def minute(self, outside: Minute) -> None:
        """Live through one minute."""
        hour = int(outside.local_h)
        for name, zone in self.zones.items():
            zone.minute(hour)
            zone.step(MINUTE_S, outside.outdoor_c, outside.sun_w_m2)
            self.energy_kwh[name] += zone.power_kw * HOUR
            self._count_discomfort(name, zone)
        room_c = 16.0 + 0.35 * outside.outdoor_c
        for name, tank in self.tanks.items():
            tank.minute(hour)
            tank.draw_kw *= max(0.0, 1.0 + self._draws[name].step())
            tank.step(MINUTE_S, room_c)
            self.energy_kwh[name] += tank.power_kw * HOUR
        for name, pump in self.pumps.items():
            pump.minute(outside.local_h)
            pump.step(MINUTE_S)
            self.energy_kwh[name] += pump.power_kw * HOUR

    def _count_discomfort(self, name: str, zone: ZonePlant) -> None:
        if zone.guests:
            parameters, air_c = self.parameters, zone.temperature_c
            outside_k = max(parameters.comfort_low_c - air_c, air_c - parameters.comfort_high_c)
            if outside_k > 0:
                self.guest_kelvin_h[name] += outside_k * HOUR
