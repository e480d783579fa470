"""The whole hotel in fixed substeps: the same seed and commands give the same days."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from models.building.battery import BatteryPlant
from models.building.circumstances import Circumstances
from models.building.extremes import Extremes
from models.building.ledger import Ledger
from models.building.load import BaseLoad
from models.building.meter import Flows, MeterPlant
from models.building.noise import stream
from models.building.parameters import HotelParameters
from models.building.points import Equipment, Points
from models.building.pump import PumpPlant
from models.building.pv import PvPlant
from models.building.tank import TankPlant
from models.building.weather import Weather
from models.building.zone import ZonePlant

_WEATHER_S = 10.0
_MINUTE_S = 60.0


class Hotel:
    """A plant that is asked and commanded by name; `advance` is the only thing that moves time."""

    def __init__(self, parameters: HotelParameters, start: datetime, seed: int = 1) -> None:
        if start.utcoffset() != timedelta(0):
            msg = f"the start must be aware UTC, got {start!r}"
            raise ValueError(msg)
        self.parameters = parameters
        self.start = start.astimezone(UTC)
        self.seed = seed
        self._zone = ZoneInfo(parameters.timezone)
        step_s = parameters.step_s
        self._weather_every = max(1, round(_WEATHER_S / step_s))
        self._minute_every = max(1, round(_MINUTE_S / step_s))
        self.steps = 0
        hour = self.start.astimezone(self._zone).hour
        self.weather = Weather(parameters, seed, self._weather_every * step_s)
        self.weather.step(self.start)
        self.load = BaseLoad(parameters.load, seed, step_s)
        self.zones = {
            zone.name: ZonePlant(zone, stream(seed, zone.name), hour) for zone in parameters.zones
        }
        self.pv = PvPlant(parameters.pv, self.weather.temperature_c)
        self.battery = BatteryPlant(parameters.battery, self._room_c())
        self.meter = MeterPlant(
            seed, step_s, parameters.import_register_kwh, parameters.export_register_kwh
        )
        self.tank = None if parameters.tank is None else TankPlant(parameters.tank)
        pump = parameters.pool_pump
        self.pool_pump = None if pump is None else PumpPlant(pump)
        self.around = Circumstances(relays=dict.fromkeys(parameters.relays, False))
        self.extremes = Extremes()
        self.ledger = Ledger(discomfort_kelvin_h=dict.fromkeys(self.zones, 0.0))
        equipment = Equipment(
            weather=self.weather,
            zones=self.zones,
            pv=self.pv,
            battery=self.battery,
            meter=self.meter,
            tank=self.tank,
            pool_pump=self.pool_pump,
        )
        self._points = Points(equipment, self.around, seed, lambda: self.steps)
        # The first substep is lived at once: a sensor never shows what nothing has set.
        self._step()

    @property
    def now(self) -> datetime:
        """UTC end of the last substep."""
        return self.start + timedelta(seconds=self.steps * self.parameters.step_s)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name `get` knows."""
        return self._points.names

    def advance(self, to: datetime) -> None:
        """Live on until the last whole substep before `to`; a moment in the past does nothing."""
        due = math.floor((to - self.start).total_seconds() / self.parameters.step_s + 1e-9)
        while self.steps < due:
            self._step()

    def get(self, name: str) -> float:
        """What the sensor of that name shows now; KeyError when there is none."""
        return self._points.get(name)

    def set(self, name: str, value: float | None) -> None:
        """Command a point (KeyError when it takes none); None gives it back to the plant."""
        self._points.set(name, value)

    def balance_error(self) -> float:
        """Largest energy [kWh] that came from nowhere: at the connection point or in the cells."""
        ledger, battery = self.ledger, self.battery
        gained_kwh = ledger.battery_in - ledger.battery_out - ledger.battery_losses
        cells_kwh = gained_kwh - (battery.stored_kwh - battery.initial_kwh)
        return max(abs(ledger.site_error_kwh()), abs(cells_kwh))

    def _room_c(self) -> float:
        """Plant room around the battery: half inside, half outside."""
        return 16.0 + 0.35 * self.weather.temperature_c

    def _step(self) -> None:
        step_s = self.parameters.step_s
        if self.steps % self._weather_every == 0:
            self.weather.step(self.now)
        if self.steps % self._minute_every == 0:
            self._minute()
        weather = self.weather
        for zone in self.zones.values():
            zone.step(step_s, weather.temperature_c, weather.irradiance_w_m2)
        self.pv.step(step_s, weather.irradiance_w_m2, weather.temperature_c, weather.wind_m_s)
        self.battery.step(step_s, self._room_c())
        flows = self._flows(step_s)
        self.meter.step(step_s, flows)
        hours = step_s / 3600.0
        self.ledger.count(hours, flows, self.battery.loss_kw, self.meter.power_kw)
        self._count_discomfort(hours)
        self.extremes.see(flows, self.meter, self.battery.soc_share)
        self.steps += 1

    def _flows(self, step_s: float) -> Flows:
        if self.tank is not None:
            self.tank.step(step_s, self._room_c())
        if self.pool_pump is not None:
            self.pool_pump.step(step_s)
        return Flows(
            load_kw=self.load.step() + self.around.three_phase_kw,
            hvac_kw=sum(zone.power_kw for zone in self.zones.values()),
            battery_kw=self.battery.power_kw,
            pv_kw=self.pv.power_kw,
            hot_water_kw=0.0 if self.tank is None else self.tank.power_kw,
            switched_kw=0.0 if self.pool_pump is None else self.pool_pump.power_kw,
            single_phase_kw=self.around.single_phase_kw,
        )

    def _minute(self) -> None:
        local = self.now.astimezone(self._zone)
        self.load.minute(local)
        for zone in self.zones.values():
            zone.minute(local.hour)
        if self.tank is not None:
            self.tank.minute(local.hour)
        if self.pool_pump is not None:
            self.pool_pump.minute(local.hour + local.minute / 60)

    def _count_discomfort(self, hours: float) -> None:
        low_c, high_c = self.parameters.comfort_low_c, self.parameters.comfort_high_c
        for name, zone in self.zones.items():
            self.extremes.see_zone(name, zone.temperature_c)
            if zone.guests:
                outside_k = max(low_c - zone.temperature_c, zone.temperature_c - high_c, 0.0)
                self.ledger.discomfort_kelvin_h[name] += outside_k * hours
