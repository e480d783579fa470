"""A small site on real wires: meter, battery and inverter on Modbus, a room and its fan coil on
BACnet, around a plant whose quantities stand still until a test moves them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bacnet_peek import free_udp_port
from ruamel.yaml import YAML

from drivers.simulated.bacnet import BacnetObject, BacnetServer
from drivers.simulated.modbus import ModbusServer, battery_unit, inverter_unit, sdm630_unit
from drivers.types import Clock

Change = Callable[[dict[str, Any]], None]

AT_FIRST = {
    "meter.power_kw": 60.0,
    **{f"meter.power_l{phase}_kw": 20.0 for phase in (1, 2, 3)},
    **{f"meter.voltage_l{phase}_v": 230.0 for phase in (1, 2, 3)},
    **{f"meter.current_l{phase}_a": 87.0 for phase in (1, 2, 3)},
    "meter.frequency_hz": 50.0,
    "meter.import_kwh": 12_345.0,
    "meter.export_kwh": 678.0,
    "battery.soc_percent": 50.0,
    "battery.power_kw": 0.0,
    "battery.capacity_kwh": 100.0,
    "battery.charge_limit_kw": 40.0,
    "battery.discharge_limit_kw": 40.0,
    "pv.power_kw": 20.0,
    "pv.rated_kw": 80.0,
    "room.temperature_c": 22.0,
    "room.setpoint_c": 21.0,
}
SETPOINT = "battery.power_setpoint"
FAN_COIL = "fcu.setpoint"
FAN_COIL_OBJECT = "analog-value,7"
WRITE_SLOT = 13


class TablePlant:
    """Quantities by name; what is commanded is kept where a test can see it."""

    def __init__(self) -> None:
        self.values = dict(AT_FIRST)
        self.commands: dict[str, float | None] = {}

    def get(self, name: str) -> float:
        return self.values[name]

    def set(self, name: str, value: float | None) -> None:
        self.commands[name] = value


def free_tcp_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def small_site(modbus_port: int, bacnet_port: int) -> dict[str, Any]:
    """The site file's content; it steers, and its planning looks six hours ahead."""
    place = {"timezone": "Europe/Berlin", "latitude": 49.0, "longitude": 8.4}
    return {
        "site": {"id": "small_house"} | place,
        "agent": {"control": "enabled", "tick_s": 1, "commit_s": 1, "web_port": 0},
        "links": _links(modbus_port),
        "devices": _devices(f"127.0.0.1:{bacnet_port}"),
        "assets": _assets(),
        "planning": {"grid": "even", "step_min": 15, "horizon_h": 6, "time_limit_s": 5},
    }


def _links(modbus_port: int) -> dict[str, Any]:
    quick = {"timeout_s": 0.3, "simulated": True}
    modbus = {"protocol": "modbus", "url": f"tcp://127.0.0.1:{modbus_port}"}
    bacnet = {
        "protocol": "bacnet",
        "listen": f"127.0.0.1/8:{free_udp_port()}",
        "device_id": 3056,
    }
    return {"plant_room": modbus | quick, "bms": bacnet | quick}


def _devices(address: str) -> list[dict[str, Any]]:
    room = {"temperature": {"object": "analog-input,1", "unit": "degC"}}
    coil = {"object": FAN_COIL_OBJECT, "unit": "degC", "access": "rw", "safe": [19, 25]}
    modbus = {"link": "plant_room", "poll_s": 1}
    bms = {"link": "bms", "address": address, "poll_s": 1}
    return [
        {"id": "meter", "type": "smart_meter", "profile": "eastron_sdm630", "unit": 1} | modbus,
        {"id": "battery", "type": "battery_bms", "profile": "sunspec_storage", "unit": 2} | modbus,
        {"id": "inverter", "type": "pv_inverter", "profile": "sunspec_inverter", "unit": 3}
        | modbus,
        {"id": "room", "type": "temperature_sensor", "points": room} | bms,
        {"id": "fcu", "type": "controller", "points": {"setpoint": coil}} | bms,
    ]


def _assets() -> dict[str, Any]:
    limits = {"import_limit_kw": 100, "export_limit_kw": 50}
    battery = {
        "id": "bat",
        "soc": "battery.soc",
        "power": "battery.power",
        "setpoint": SETPOINT,
        "charge_limit": "battery.charge_limit_kw",
        "discharge_limit": "battery.discharge_limit_kw",
        "capacity_kwh": 100,
        "charge_kw": 40,
        "discharge_kw": 40,
    }
    roof = {"power": "inverter.ac_power", "limit": "inverter.power_limit", "peak_kw": 80}
    hall = {"id": "hall", "temperature": "room.temperature", "setpoint": FAN_COIL}
    return {
        "grid": {"meter": "meter.power"} | limits | {"tariff": "tariff.yaml"},
        "battery": [battery],
        "pv": [{"id": "roof"} | roof],
        "hvac": {"zones": [hall]},
    }


def furnished(site: dict[str, Any]) -> None:
    """Add a meter of the plant, people, a weather station: everything an asset may name."""
    like = {key: site["devices"][-1][key] for key in ("link", "address", "poll_s")}

    def device(name: str, kind: str, **objects: tuple[str, str]) -> dict[str, Any]:
        points = {point: {"object": what, "unit": u} for point, (what, u) in objects.items()}
        return {"id": name, "type": kind, "points": points} | like

    site["devices"] += [
        device("chiller", "smart_meter", power=("analog-input,21", "kW")),
        device("people", "occupancy_sensor", occupancy_count=("analog-input,11", "")),
        device(
            "sky",
            "weather_station",
            temperature=("analog-input,31", "degC"),
            solar_irradiance=("analog-input,32", "W/m2"),
        ),
    ]
    hvac = site["assets"]["hvac"]
    hvac["power"] = "chiller.power"
    hvac["zones"][0]["occupancy"] = "people.occupancy_count"
    site["assets"]["weather"] = {
        "temperature": "sky.temperature",
        "irradiance": "sky.solar_irradiance",
    }


TARIFF = {
    "kind": "flat",
    "price_per_kwh": 0.3,
    "export_per_kwh": 0.08,
    "demand_charges": [{"id": "peak", "rate_per_kw": 9.0, "interval_min": 15}],
}


def write_site(
    folder: Path, modbus_port: int = 1, bacnet_port: int = 47808, change: Change | None = None
) -> Path:
    """Site file and tariff in `folder`; without ports nobody answers there."""
    site = small_site(modbus_port, bacnet_port)
    site["agent"]["state_dir"] = str(folder / "state")
    if change is not None:
        change(site)
    yaml = YAML()
    with (folder / "tariff.yaml").open("w", encoding="utf-8") as out:
        yaml.dump(TARIFF, out)
    path = folder / "site.yaml"
    with path.open("w", encoding="utf-8") as out:
        yaml.dump(site, out)
    return path


class SmallHouse:
    """The field devices of the small site, switched on within `async with`."""

    def __init__(self, clock: Clock) -> None:
        self.plant = TablePlant()
        units = (
            sdm630_unit(self.plant, 1),
            battery_unit(self.plant, 2, clock),
            inverter_unit(self.plant, 3, clock),
        )
        self.modbus = ModbusServer("127.0.0.1", 0, units)
        objects = (
            BacnetObject(
                object="analog-input,1", plant="room.temperature_c", units="degrees-celsius"
            ),
            BacnetObject(
                object=FAN_COIL_OBJECT,
                plant="room.setpoint_c",
                units="degrees-celsius",
                commandable=True,
            ),
        )
        self.bacnet_port = free_udp_port()
        listen = f"127.0.0.1/8:{self.bacnet_port}"
        self.bacnet = BacnetServer(listen, 3101, clock, self.plant, objects)

    async def __aenter__(self) -> Self:
        await self.modbus.start()
        await self.bacnet.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.modbus.stop()
        await self.bacnet.stop()

    def site_file(self, folder: Path, change: Change | None = None) -> Path:
        """The site file that fits these devices."""
        return write_site(folder, self.modbus.port, self.bacnet_port, change)
