"""The plant by name: what each field sensor shows, with a real sensor's noise, and what it takes.

Noise belongs to a sensor and a substep: asking twice within one substep gives the same number, and
asking or not asking changes nothing about the plant.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from models.building.battery import BatteryPlant
from models.building.circumstances import Circumstances
from models.building.meter import MeterPlant
from models.building.noise import SensorNoise
from models.building.pump import PumpPlant
from models.building.pv import PvPlant
from models.building.tank import TankPlant
from models.building.weather import Weather
from models.building.zone import ZonePlant

Getter = Callable[[], float]
Setter = Callable[[float | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """Everything of the plant that has sensors or takes commands."""

    weather: Weather
    zones: dict[str, ZonePlant]
    pv: PvPlant
    battery: BatteryPlant
    meter: MeterPlant
    tank: TankPlant | None = None
    pool_pump: PumpPlant | None = None


class Points:
    """Readable and writable names over the equipment; `sample` tells the index of the substep."""

    def __init__(
        self,
        equipment: Equipment,
        circumstances: Circumstances,
        seed: int,
        sample: Callable[[], int],
    ) -> None:
        self._seed = seed
        self._sample = sample
        self._getters: dict[str, Getter] = {}
        self._setters: dict[str, Setter] = {}
        self._add_meter(equipment.meter)
        self._add_battery(equipment.battery)
        self._add_pv(equipment.pv)
        for name, zone in equipment.zones.items():
            self._add_zone(name, zone)
        hvac = self._noisy("hvac.power_kw", lambda: _total(equipment.zones), share=0.004)
        self._getters["hvac.power_kw"] = hvac
        self._add_weather(equipment.weather)
        if equipment.tank is not None:
            self._add_tank(equipment.tank)
        if equipment.pool_pump is not None:
            self._add_pool_pump(equipment.pool_pump)
        self._add_circumstances(circumstances, equipment.battery)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that can be read."""
        return tuple(self._getters)

    def get(self, name: str) -> float:
        """What the sensor shows; KeyError when there is none."""
        return self._getters[name]()

    def set(self, name: str, value: float | None) -> None:
        """Command a point, None releases it; KeyError when the point takes no command."""
        setter = self._setters[name]
        if value is not None and not math.isfinite(value):
            msg = f"{name} takes a finite number or None, got {value}"
            raise ValueError(msg)
        setter(value)

    def _noisy(
        self, name: str, truth: Getter, *, share: float = 0.0, spread: float = 0.0
    ) -> Getter:
        """A sensor whose error has a relative (`share`) and an absolute part (`spread`)."""
        noise = SensorNoise(self._seed, name)

        def read() -> float:
            value = truth()
            return value + (share * abs(value) + spread) * noise.at(self._sample())

        return read

    def _add_meter(self, meter: MeterPlant) -> None:
        powers = [self._add_phase(meter, index, f"l{index + 1}") for index in range(3)]
        self._getters["meter.power_kw"] = lambda: sum(power() for power in powers)
        self._getters["meter.power_factor"] = lambda: meter.power_factor
        self._getters["meter.frequency_hz"] = self._noisy(
            "meter.frequency_hz", lambda: meter.frequency_hz, spread=0.002
        )
        self._getters["meter.import_kwh"] = lambda: meter.import_kwh
        self._getters["meter.export_kwh"] = lambda: meter.export_kwh

    def _add_phase(self, meter: MeterPlant, index: int, line: str) -> Getter:
        """Voltage, current and power of one phase; returns the power's sensor."""
        voltage, current = f"meter.voltage_{line}_v", f"meter.current_{line}_a"
        name = f"meter.power_{line}_kw"
        power = self._noisy(name, lambda: meter.phase_powers_kw[index], share=0.001, spread=0.01)
        self._getters[name] = power
        self._getters[voltage] = self._noisy(
            voltage, lambda: meter.phase(index).voltage_v, spread=0.05
        )
        self._getters[current] = self._noisy(
            current, lambda: meter.phase(index).current_a, share=0.001, spread=0.02
        )
        return power

    def _add_battery(self, battery: BatteryPlant) -> None:
        def command(value: float | None) -> None:
            battery.setpoint_kw = value

        capacity_kwh = battery.parameters.capacity_kwh
        self._setters["battery.setpoint_kw"] = command
        self._getters |= {
            "battery.setpoint_kw": lambda: battery.setpoint_kw or 0.0,
            "battery.soc_percent": lambda: 100.0 * battery.soc_share,
            "battery.power_kw": self._noisy(
                "battery.power_kw", lambda: battery.power_kw, share=0.002
            ),
            "battery.voltage_v": self._noisy(
                "battery.voltage_v", lambda: battery.voltage_v, spread=0.15
            ),
            "battery.current_a": self._noisy(
                "battery.current_a", lambda: battery.current_a, share=0.003
            ),
            "battery.temperature_c": self._noisy(
                "battery.temperature_c", lambda: battery.temperature_c, spread=0.05
            ),
            "battery.capacity_kwh": lambda: capacity_kwh,
            "battery.charge_limit_kw": lambda: battery.charge_limit_kw,
            "battery.discharge_limit_kw": lambda: battery.discharge_limit_kw,
        }

    def _add_pv(self, pv: PvPlant) -> None:
        def limit(value: float | None) -> None:
            pv.limit_kw = None if value is None else max(0.0, value)

        rated_kw = pv.parameters.rated_kw
        self._setters["pv.limit_kw"] = limit
        self._getters |= {
            "pv.limit_kw": lambda: rated_kw if pv.limit_kw is None else pv.limit_kw,
            "pv.power_kw": self._noisy("pv.power_kw", lambda: pv.power_kw, share=0.002),
            "pv.dc_power_kw": self._noisy("pv.dc_power_kw", lambda: pv.dc_kw, share=0.002),
            "pv.energy_kwh": lambda: pv.energy_kwh,
            "pv.temperature_c": self._noisy(
                "pv.temperature_c", lambda: pv.temperature_c, spread=0.1
            ),
            "pv.rated_kw": lambda: rated_kw,
        }

    def _add_zone(self, name: str, zone: ZonePlant) -> None:
        def command(value: float | None) -> None:
            zone.commanded_c = value

        temperature, power = f"{name}.temperature_c", f"{name}.power_kw"
        self._setters[f"{name}.setpoint_c"] = command
        self._getters |= {
            temperature: self._noisy(temperature, lambda: zone.temperature_c, spread=0.03),
            power: self._noisy(power, lambda: zone.power_kw, share=0.004),
            f"{name}.occupancy_count": lambda: float(zone.guests),
            f"{name}.setpoint_c": lambda: zone.setpoint_c,
        }

    def _add_tank(self, tank: TankPlant) -> None:
        def command(value: float | None) -> None:
            tank.commanded_c = value

        def cycle(value: float | None) -> None:
            if value:
                tank.start_cycle()

        self._setters |= {"tank.setpoint_c": command, "tank.cycle": cycle}
        self._getters |= {
            "tank.temperature_c": self._noisy(
                "tank.temperature_c", lambda: tank.temperature_c, spread=0.05
            ),
            "tank.power_kw": self._noisy("tank.power_kw", lambda: tank.power_kw, share=0.004),
            "tank.setpoint_c": lambda: tank.setpoint_c,
            "tank.cycle": lambda: float(tank.cycle_running),
        }

    def _add_pool_pump(self, pump: PumpPlant) -> None:
        def switch(value: float | None) -> None:
            pump.commanded = None if value is None else bool(value)

        self._setters["pool_pump.on"] = switch
        self._getters |= {
            "pool_pump.on": lambda: float(pump.on),
            "pool_pump.power_kw": self._noisy(
                "pool_pump.power_kw", lambda: pump.power_kw, share=0.004
            ),
        }

    def _add_circumstances(self, around: Circumstances, battery: BatteryPlant) -> None:
        """What others do to the hotel; only contacts can be seen in the field."""

        def charge_cap(value: float | None) -> None:
            battery.bms_charge_cap_kw = value

        def discharge_cap(value: float | None) -> None:
            battery.bms_discharge_cap_kw = value

        def single_phase(value: float | None) -> None:
            around.single_phase_kw = value or 0.0

        def three_phase(value: float | None) -> None:
            around.three_phase_kw = value or 0.0

        self._setters |= {
            "battery.bms_charge_cap_kw": charge_cap,
            "battery.bms_discharge_cap_kw": discharge_cap,
            "around.single_phase_kw": single_phase,
            "around.three_phase_kw": three_phase,
        }
        for name in around.relays:
            self._add_relay(around, name)

    def _add_relay(self, around: Circumstances, name: str) -> None:
        def switch(value: float | None) -> None:
            around.relays[name] = bool(value)

        self._setters[name] = switch
        self._getters[name] = lambda: float(around.relays[name])

    def _add_weather(self, weather: Weather) -> None:
        for name, truth, share, spread in (
            ("weather.temperature_c", lambda: weather.temperature_c, 0.0, 0.05),
            ("weather.irradiance_w_m2", lambda: weather.irradiance_w_m2, 0.005, 0.0),
            ("weather.humidity_percent", lambda: weather.humidity_percent, 0.002, 0.0),
            ("weather.wind_m_s", lambda: weather.wind_m_s, 0.02, 0.0),
        ):
            self._getters[name] = self._noisy(name, truth, share=share, spread=spread)


def _total(zones: dict[str, ZonePlant]) -> float:
    return sum(zone.power_kw for zone in zones.values())
