"""Weeks of a house by the simulated building's physics, steered or left alone, in a real store.

What the gateway did stands in the store's own trail of leases, as the agent writes it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from field_images import reading
from small_house import furnished

from edge_agent.clock import ManualClock
from edge_agent.store.store import Store
from edge_agent.store.types import LeaseRow, LeaseState
from models.building.battery import BatteryPlant
from models.building.load import BaseLoad
from models.building.parameters import (
    BatteryParameters,
    HotelParameters,
    LoadParameters,
    PvParameters,
    ZoneParameters,
)
from models.building.pv import PvPlant
from models.building.weather import Weather
from models.building.zone import ZonePlant

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday, cold enough to heat and bright enough for the sun to show."""
BERLIN = ZoneInfo("Europe/Berlin")
PLATE_KWH, REAL_KWH = 250.0, 170.0
SET_BACK_C, PREHEATED_C, OWN_C = 19.0, 23.5, 22.0
LIMIT_KW = 10.0
READ_MIN, COMMIT_MIN = 5, 60


def lived_in(site: dict[str, Any]) -> None:
    """The site file's view of the house: the plate of the battery says more than it holds."""
    furnished(site)
    site["assets"]["battery"][0] |= {
        "capacity_kwh": PLATE_KWH,
        "charge_kw": 60,
        "discharge_kw": 60,
    }


@dataclass(slots=True)
class Truth:
    """Per quarter hour what nobody steers [kW, degC]."""

    load_kw: list[float] = field(default_factory=list)
    sun_kw: list[float] = field(default_factory=list)
    """What the PV plant could have made."""
    outdoor_c: list[float] = field(default_factory=list)


class LivedHouse:
    """Lives on from call to call; `steered`: evenings set back, battery run, sun held back."""

    def __init__(self, store: Store, clock: ManualClock, *, steered: bool) -> None:
        self._store, self._clock, self._steered = store, clock, steered
        chance = random.Random(3)  # noqa: S311 - repeatable, no secret
        self._weather = Weather(HotelParameters(), 5, 60.0)
        self._load = BaseLoad(LoadParameters(), 5, 60.0)
        self._zone = ZonePlant(ZoneParameters(name="hall", guests=30), chance, 0)
        pv = PvParameters(peak_kw=80.0, rated_kw=80.0)
        self._pv, self._free_pv = PvPlant(pv, 5.0), PvPlant(pv, 5.0)
        cells = BatteryParameters(capacity_kwh=REAL_KWH, charge_kw=60.0, discharge_kw=60.0)
        self._battery = BatteryPlant(cells, 20.0)
        self._leases: dict[str, float] = {}
        self.truth = Truth()

    async def live(self, hours: float) -> datetime:
        """So many hours more; returns the moment after them."""
        for _ in range(round(hours * 4)):
            await self._quarter()
            if self._clock.now().minute == 0:
                await self._store.commit()
        await self._store.commit()
        return self._clock.now()

    async def _quarter(self) -> None:
        start = self._clock.now()
        await self._command(start)
        sums = [0.0, 0.0, 0.0]
        for minute in range(15):
            at = start + timedelta(minutes=minute)
            found = self._minute(at)
            sums = [total + value / 15 for total, value in zip(sums, found, strict=True)]
            if minute % READ_MIN == READ_MIN - 1:
                self._store.append([reading(key, value, at=at) for key, value in self._seen()])
        for series, value in zip(
            (self.truth.load_kw, self.truth.sun_kw, self.truth.outdoor_c), sums, strict=True
        ):
            series.append(value)
        await self._clock.advance(900.0)

    def _minute(self, at: datetime) -> tuple[float, float, float]:
        self._weather.step(at)
        local = at.astimezone(BERLIN)
        self._load.minute(local)
        self._zone.minute(local.hour)
        sky, outdoor_c = self._weather.irradiance_w_m2, self._weather.temperature_c
        self._zone.step(60.0, outdoor_c, sky)
        self._pv.step(60.0, sky, outdoor_c, 2.0)
        self._free_pv.step(60.0, sky, outdoor_c, 2.0)
        self._battery.step(60.0, 20.0)
        return self._load.step(), self._free_pv.power_kw, outdoor_c

    def _seen(self) -> Iterator[tuple[str, float]]:
        load_kw = self._load.power_kw + self._zone.power_kw + self._battery.power_kw
        yield "meter.power", load_kw - self._pv.power_kw
        yield "battery.power", self._battery.power_kw
        yield "battery.soc", round(100 * self._battery.soc_share, 1)
        if self._battery.setpoint_kw is not None:
            yield "battery.power_setpoint", self._battery.setpoint_kw
        yield "inverter.ac_power", self._pv.power_kw
        yield "chiller.power", self._zone.power_kw
        yield "room.temperature", self._zone.temperature_c
        yield "fcu.setpoint", self._zone.setpoint_c
        yield "people.occupancy_count", float(self._zone.guests)
        yield "sky.temperature", self._weather.temperature_c
        yield "sky.solar_irradiance", self._weather.irradiance_w_m2

    async def _command(self, at: datetime) -> None:
        """The gateway's day: a full battery by night, a cold and thrifty evening."""
        if not self._steered:
            return
        hour, day = at.hour, (at - FIRST).days
        self._battery.setpoint_kw = 45.0 if hour < 3 else -50.0 if 16 <= hour < 19 else 0.0
        wished_c = PREHEATED_C if 13 <= hour < 16 else SET_BACK_C if 16 <= hour < 19 else None
        limit_kw = LIMIT_KW if 10 <= hour < 13 and day % 2 else None
        self._zone.commanded_c, self._pv.limit_kw = wished_c, limit_kw
        await self._lease("fcu.setpoint", wished_c, OWN_C)
        await self._lease("inverter.power_limit", limit_kw, None)

    async def _lease(self, key: str, value: float | None, prior: float | None) -> None:
        device, point = key.split(".")
        if value is None:
            if self._leases.pop(key, None) is not None:
                await self._store.lease_remove(device, point)
            return
        if self._leases.get(key) == value:
            return
        self._leases[key] = value
        now = self._clock.now()
        row = LeaseRow(
            device=device, point=point, value=value, prior=prior, owner="plan:solver",
            reason="plan", command_id=f"{key} {now}", since=now,
            expires=now + timedelta(minutes=30), state=LeaseState.ACTIVE,
        )  # fmt: skip
        await self._store.lease_put(row)
