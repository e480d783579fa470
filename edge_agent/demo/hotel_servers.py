"""The hotel's field devices on loopback, and how each of them can be broken and mended."""

from __future__ import annotations

import asyncio
from functools import partial

from drivers.simulated.bacnet import BacnetObject, BacnetServer
from drivers.simulated.broker import EmbeddedBroker
from drivers.simulated.modbus import ModbusServer, battery_unit, inverter_unit, sdm630_unit
from drivers.simulated.registers import SimulatedUnit
from drivers.simulated.weather import WeatherPublisher
from drivers.types import Clock
from edge_agent.demo.hotel_faults import Breakable, Part, PartKind
from edge_agent.demo.hotel_plant import FieldView, LivePlant
from edge_agent.demo.hotel_process import HotelPorts

HOST = "127.0.0.1"
METER_UNIT, BATTERY_UNIT, INVERTER_UNIT = 1, 2, 3
BACNET_DEVICE = 201
WEATHER_DEVICE = "weather_001"
WEATHER_EVERY_S = 30.0
ZONES = (1, 2, 3)
DIMMING_RELAY = "operator.dimming"
"""The contact by which the grid operator limits consumption; closed = limited."""


def bacnet_objects() -> tuple[BacnetObject, ...]:
    """Per floor: temperature AI 1.., guests AI 11.., setpoint AV 1..; heating plant AI 21.

    Hot water: temperature AI 31, electric power AI 32, setpoint AV 31, own cycle BI 31; the grid
    operator's relay BI 41; the pool's pump BO 51 and its power AI 51.
    """
    celsius = "degrees-celsius"
    return (
        *(
            BacnetObject(object=f"analog-input,{n}", plant=f"zone_{n}.temperature_c", units=celsius)
            for n in ZONES
        ),
        *(
            BacnetObject(object=f"analog-input,{10 + n}", plant=f"zone_{n}.occupancy_count")
            for n in ZONES
        ),
        *(
            BacnetObject(
                object=f"analog-value,{n}",
                plant=f"zone_{n}.setpoint_c",
                units=celsius,
                commandable=True,
            )
            for n in ZONES
        ),
        BacnetObject(object="analog-input,21", plant="hvac.power_kw", units="kilowatts"),
        BacnetObject(object="analog-input,31", plant="tank.temperature_c", units=celsius),
        BacnetObject(object="analog-input,32", plant="tank.power_kw", units="kilowatts"),
        BacnetObject(
            object="analog-value,31", plant="tank.setpoint_c", units=celsius, commandable=True
        ),
        BacnetObject(object="binary-input,31", plant="tank.cycle"),
        BacnetObject(object="binary-input,41", plant=DIMMING_RELAY),
        BacnetObject(object="binary-output,51", plant="pool_pump.on"),
        BacnetObject(object="analog-input,51", plant="pool_pump.power_kw", units="kilowatts"),
    )


class HotelServers:
    """A Modbus TCP server, a BACnet/IP device, a broker and the weather station on it."""

    def __init__(self, plant: LivePlant, clock: Clock, ports: HotelPorts) -> None:
        names = plant.hotel.names
        self._building = FieldView(plant, names)
        self._sky = FieldView(plant, names)
        units: tuple[SimulatedUnit, ...] = (
            sdm630_unit(plant, METER_UNIT),
            battery_unit(plant, BATTERY_UNIT, clock),
            inverter_unit(plant, INVERTER_UNIT, clock),
        )
        self.modbus = ModbusServer(HOST, ports.modbus, units)
        self.bacnet = BacnetServer(
            f"{HOST}:{ports.bacnet}", BACNET_DEVICE, clock, self._building, bacnet_objects()
        )
        self.broker = EmbeddedBroker(ports.mqtt)
        self.station = WeatherPublisher(
            self.broker.url, WEATHER_DEVICE, self._sky, clock, WEATHER_EVERY_S
        )
        self._station_on = False
        self.parts: dict[Part, Breakable] = {
            **{Part(PartKind.UNIT, unit.unit_id): _breakable_unit(unit) for unit in units},
            **{Part(PartKind.ZONE, n): self._breakable_zone(n) for n in ZONES},
            Part(PartKind.WEATHER): Breakable(
                silence=partial(self._switch_station, on=False),
                freeze=self._freeze_station,
                restore=self._restore_station,
            ),
        }

    async def start(self) -> None:
        """Open every port; OSError or drivers' SetupError when one is taken."""
        try:
            await self.modbus.start()
            await self.bacnet.start()
            await self.broker.start()
        except BaseException:
            await self.stop()
            raise
        await self._switch_station(on=True)

    async def stop(self) -> None:
        """Close every port; the station says goodbye before its broker goes."""
        await asyncio.gather(self.modbus.stop(), self.bacnet.stop(), self._switch_station(on=False))
        await self.broker.stop()

    async def _freeze_station(self) -> None:
        self._sky.freeze("weather.")

    async def _switch_station(self, *, on: bool) -> None:
        if on == self._station_on:
            return
        self._station_on = on
        await (self.station.start() if on else self.station.stop())

    async def _restore_station(self) -> None:
        self._sky.thaw("weather.")
        await self._switch_station(on=True)

    def _breakable_zone(self, number: int) -> Breakable:
        """A zone's sensor: silent is a torn wire, which its controller flags as a fault."""
        sensor, name = f"analog-input,{number}", f"zone_{number}.temperature_c"

        async def silence() -> None:
            self.bacnet.faulty(sensor, fault=True)

        async def freeze() -> None:
            self._building.freeze(name)

        async def restore() -> None:
            self._building.thaw(name)
            self.bacnet.faulty(sensor, fault=False)

        return Breakable(silence=silence, freeze=freeze, restore=restore)


def _breakable_unit(unit: SimulatedUnit) -> Breakable:
    async def switch(*, silent: bool, frozen: bool) -> None:
        unit.silent, unit.frozen = silent, frozen

    return Breakable(
        silence=partial(switch, silent=True, frozen=False),
        freeze=partial(switch, silent=False, frozen=True),
        restore=partial(switch, silent=False, frozen=False),
    )
