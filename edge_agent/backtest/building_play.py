"""A building lived through under one policy: minute by minute, decided every quarter hour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from edge_agent.backtest.building_case import SETTLE, BuildingCase
from models.building.house import House, Minute
from models.building.tank import KWH_PER_L_K
from models.forecast.history import Floats

MINUTES = 15


class Control(Protocol):
    """What sets the building's setpoints and switches."""

    name: str

    def quarter(self, step: int, house: House) -> None:
        """Decide at the beginning of a quarter hour."""
        ...

    def minute(self, local_h: float, house: House) -> None:
        """What the devices' own controllers do at the beginning of a minute."""
        ...


@dataclass(slots=True, eq=False)
class Record:
    """Per quarter hour of the case; nothing before `case.first`."""

    case: BuildingCase
    names: tuple[str, ...]
    energy_kwh: dict[str, Floats] = field(init=False)
    """Electric, by zone, tank and load."""
    guest_kelvin_h: dict[str, Floats] = field(init=False)
    """By zone."""
    temperature_c: dict[str, Floats] = field(init=False)
    """Of zones and tanks, at the end."""
    rooms_kwh: float = 0.0
    """Heat in air and walls at the end of the last, above 0 degC."""
    water_kwh: float = 0.0

    def __post_init__(self) -> None:
        count = self.case.last
        for name in ("energy_kwh", "guest_kelvin_h", "temperature_c"):
            setattr(self, name, {one: np.zeros(count) for one in self.names})


def settled(case: BuildingCase, control: Control) -> House:
    """The building as the thermostats leave it when the played span begins."""
    begin = case.first - SETTLE
    house = House(case.plant, case.seed, int(_local_h(case, begin)))
    for step in range(begin, case.first):
        _live(case, control, house, step)
    return house


def played(case: BuildingCase, control: Control, house: House) -> Record:
    """What `control` makes of the span, from the building as it stands."""
    record = Record(case, tuple(house.energy_kwh))
    for step in range(case.first, case.last):
        energy, kelvin_h = dict(house.energy_kwh), dict(house.guest_kelvin_h)
        _live(case, control, house, step)
        for name, before in energy.items():
            record.energy_kwh[name][step] = house.energy_kwh[name] - before
        for name, before in kelvin_h.items():
            record.guest_kelvin_h[name][step] = house.guest_kelvin_h[name] - before
            record.temperature_c[name][step] = house.zones[name].temperature_c
        for name, tank in house.tanks.items():
            record.temperature_c[name][step] = tank.temperature_c
    record.rooms_kwh, record.water_kwh = _rooms_kwh(house), _water_kwh(house)
    return record


def _live(case: BuildingCase, control: Control, house: House, step: int) -> None:
    control.quarter(step, house)
    local_h = _local_h(case, step)
    outdoor, ahead = float(case.outdoor_c[step]), float(case.outdoor_c[step + 1])
    sun = float(case.sun_w_m2[step])
    for minute in range(MINUTES):
        now_h = local_h + minute / 60
        control.minute(now_h, house)
        part = (minute + 0.5) / MINUTES
        house.minute(Minute(now_h, outdoor + part * (ahead - outdoor), sun))


def _local_h(case: BuildingCase, step: int) -> float:
    local = case.at(step).astimezone(case.loaded.zone)
    return local.hour + local.minute / 60


def _rooms_kwh(house: House) -> float:
    return sum(
        zone.parameters.air_kwh_per_k * zone.temperature_c
        + zone.parameters.mass_kwh_per_k * zone.mass_c
        for zone in house.zones.values()
    )


def _water_kwh(house: House) -> float:
    return sum(
        tank.parameters.volume_l * KWH_PER_L_K * tank.temperature_c for tank in house.tanks.values()
    )
