"""A building without us: thermostats with set-back, a tank with hysteresis, a pump on its timer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edge_agent.backtest.building_case import BuildingCase
from edge_agent.backtest.case import DAY
from edge_agent.hygiene import CYCLE_REACH_K
from models.building.house import House
from models.building.tank import TankPlant
from models.building.zone import ZonePlant

CYCLE_AT_H = 3.0
"""Local hour of an anti-legionella cycle: the water is hot before the showers."""
RESTING_K = 20.0
"""A tank's heater that is switched off has its setpoint so much below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """As a building is usually set; degC."""

    heat_day_c: float = 21.5
    heat_night_c: float = 20.5
    cool_c: float = 23.0
    day_from_h: float = 6.0
    day_until_h: float = 22.0
    hysteresis_k: float = 3.0
    """Of a tank: heated when it falls below its setpoint, until it is so much above."""


USUAL = Settings()


class Thermostats:
    """Heat below one temperature, cool above another, and do nothing in between."""

    def __init__(self, case: BuildingCase, settings: Settings = USUAL, name: str = "") -> None:
        self.name = name or "thermostat"
        self.cycled: dict[str, datetime] = {}
        """When each tank had its last cycle."""
        self._case = case
        self._settings = settings
        self._heating = dict.fromkeys(case.plant.tanks, False)
        self._every = {
            tank.id: round(DAY * tank.legionella.every_days)
            for tank in case.loaded.site.assets.thermal_stores
            if tank.legionella is not None
        }

    def quarter(self, step: int, house: House) -> None:
        """Cycles begin at their hour, every so many days."""
        local = self._case.at(step).astimezone(self._case.loaded.zone)
        if (local.hour + local.minute / 60) != CYCLE_AT_H:
            return
        for name, every in self._every.items():
            if step // DAY * DAY % every < DAY:
                house.tanks[name].start_cycle()
                self.cycled[name] = self._case.at(step)

    def minute(self, local_h: float, house: House) -> None:
        """Every device follows its own sensor."""
        settings = self._settings
        day = settings.day_from_h <= local_h < settings.day_until_h
        heat_c = settings.heat_day_c if day else settings.heat_night_c
        for zone in house.zones.values():
            _keep(zone, heat_c, settings.cool_c)
        for name, tank in house.tanks.items():
            self._heat(name, tank)

    def _heat(self, name: str, tank: TankPlant) -> None:
        if tank.cycle_running:
            tank.commanded_c = None
            self._heating[name] = True
            return
        low_c = tank.parameters.own_setpoint_c
        high_c = low_c + self._settings.hysteresis_k
        if tank.temperature_c <= low_c:
            self._heating[name] = True
        elif tank.temperature_c >= high_c:
            self._heating[name] = False
        tank.commanded_c = high_c + CYCLE_REACH_K if self._heating[name] else low_c - RESTING_K


def _keep(zone: ZonePlant, heat_c: float, cool_c: float) -> None:
    """A setpoint where the room is, unless that is too cold or too warm."""
    zone.commanded_c = min(max(zone.temperature_c, heat_c), cool_c)
