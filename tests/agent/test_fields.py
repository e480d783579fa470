"""From the site file to drivers: one link a bus, and what cannot be built is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_house import FAN_COIL, SETPOINT, write_site

from drivers.bacnet import BacnetDevice
from drivers.modbus import ModbusDevice
from drivers.mqtt_device import MqttDevice
from drivers.sunspec import SunSpecDevice
from drivers.types import Reverts, SetupError
from edge_agent.clock import SystemClock
from edge_agent.fields import build_drivers
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.site.schema import Device, Site


def build(site: Site) -> dict[str, Any]:
    return dict(build_drivers(site, SystemClock()))


def with_mqtt(folder: Path, *, password: str = "") -> LoadedSite:
    """A weather station that speaks the seed's JSON, and a meter that speaks its own."""

    def change(site: dict[str, Any]) -> None:
        link = {"protocol": "mqtt", "url": "mqtt://127.0.0.1:1", "simulated": True}
        if password:
            link |= {"username": "edge", "password_file": str(folder / "secret")}
        site["links"]["bus"] = link
        dew = {"topic": "roof/sensors", "path": "dew.celsius", "unit": "degC"}
        site["devices"] += [
            {"id": "sky", "type": "weather_station", "link": "bus", "points": {"dew": dew}},
            {
                "id": "sub",
                "type": "smart_meter",
                "link": "bus",
                "topic": "cellar/meter",
                "points": {"power": {"path": "p", "unit": "kW", "scale": 0.001}},
            },
        ]

    (folder / "secret").write_text(password)
    return load_site(write_site(folder, change=change))


def test_every_device_gets_the_driver_of_its_link(paper: LoadedSite) -> None:
    kinds = {name: type(driver) for name, driver in build(paper.site).items()}
    assert kinds == {
        "meter": ModbusDevice,
        "battery": SunSpecDevice,
        "inverter": SunSpecDevice,
        "room": BacnetDevice,
        "fcu": BacnetDevice,
    }


def test_points_carry_what_the_site_file_says(paper: LoadedSite) -> None:
    points = {point.key: point for driver in build(paper.site).values() for point in driver.points}
    coil = points[FAN_COIL]
    assert (coil.writable, coil.reverts, coil.safe, coil.unit) == (
        True,
        Reverts.NONE,
        (19.0, 25.0),
        "degC",
    )
    assert points[SETPOINT].reverts is Reverts.TIMER


@pytest.mark.parametrize("password", ["", "let me in\n"])
def test_an_mqtt_device_has_the_seeds_points_and_its_own(tmp_path: Path, password: str) -> None:
    drivers = build(with_mqtt(tmp_path, password=password).site)
    assert isinstance(drivers["sky"], MqttDevice)
    names = {point.name: point.unit for point in drivers["sky"].points}
    assert names["dew"] == "degC"
    assert {"temperature", "solar_irradiance"} <= set(names)
    assert [point.name for point in drivers["sub"].points] == ["power"]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("meter", {"profile": None}, "a Modbus device needs profile and unit"),
        ("meter", {"unit": None}, "a Modbus device needs profile and unit"),
        ("room", {"address": None}, "a BACnet device needs its address"),
        ("room", {"points": {"temperature": {}}}, "a BACnet point needs its object"),
        ("sub", {"points": {"power": {"unit": "kW"}}}, "an MQTT point needs a topic and a path"),
    ],
)
def test_what_cannot_be_built_is_said(
    tmp_path: Path, name: str, change: dict[str, Any], words: str
) -> None:
    site = with_mqtt(tmp_path).site
    broken = Device.model_validate(site.device(name).model_dump(exclude_unset=True) | change)
    with pytest.raises(SetupError, match=words):
        build(site.model_copy(update={"devices": (broken,)}))
