"""Site file -> drivers: one link per bus, shared by its devices; protocols load when used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import assert_never

from drivers.types import Clock, Driver, Reverts, SetupError
from edge_agent.site.known_points import SEED_SEGMENT
from edge_agent.site.schema import BacnetLink, Device, Link, ModbusLink, MqttLink, PointSpec, Site

Opener = Callable[[Device], Driver]


def build_drivers(site: Site, clock: Clock) -> dict[str, Driver]:
    """A driver per device, none opened yet; raises DriverError when a device cannot be built."""
    openers = {name: _opener(link, clock) for name, link in site.links.items()}
    return {device.id: openers[device.link](device) for device in site.devices}


def _opener(link: Link, clock: Clock) -> Opener:
    match link:
        case ModbusLink():
            return _modbus(link, clock)
        case BacnetLink():
            return _bacnet(link, clock)
        case MqttLink():
            return _mqtt(link, clock)
        case _:
            assert_never(link)


def _modbus(link: ModbusLink, clock: Clock) -> Opener:
    from drivers.modbus import open_device
    from drivers.modbus_link import ModbusLink as Wire

    wire = Wire(link.url, timeout_s=link.timeout_s, clock=clock)

    def build(device: Device) -> Driver:
        if device.profile is None or device.unit is None:
            msg = f"{device.id}: a Modbus device needs profile and unit"
            raise SetupError(msg)
        return open_device(device.id, wire, device.unit, device.profile, clock)

    return build


def _bacnet(link: BacnetLink, clock: Clock) -> Opener:
    from drivers.bacnet import BacnetDevice
    from drivers.bacnet_link import BacnetLink as Wire
    from drivers.bacnet_point import BacnetPoint

    wire = Wire(
        link.listen,
        link.device_id,
        write_priority=link.write_priority,
        timeout_s=link.timeout_s,
        clock=clock,
    )

    def point(device: Device, name: str, spec: PointSpec) -> BacnetPoint:
        if spec.object is None:
            msg = f"{device.id}.{name}: a BACnet point needs its object"
            raise SetupError(msg)
        return BacnetPoint(
            name=name,
            object=spec.object,
            unit=spec.unit,
            writable=spec.access == "rw",
            # No BACnet device reverts by itself, whatever a site file may say.
            reverts=Reverts.NONE,
            safe=spec.safe,
            limits=spec.limits,
        )

    def build(device: Device) -> Driver:
        if device.address is None:
            msg = f"{device.id}: a BACnet device needs its address"
            raise SetupError(msg)
        points = tuple(point(device, name, spec) for name, spec in device.points.items())
        return BacnetDevice(device.id, wire, device.address, points, clock)

    return build


def _mqtt(link: MqttLink, clock: Clock) -> Opener:
    from drivers.mqtt import MqttLink as Wire
    from drivers.mqtt_device import MqttDevice, MqttPoint, seed_points

    password = ""
    if link.password_file:
        password = Path(link.password_file).read_text(encoding="utf-8").strip()
    wire = Wire(
        link.url,
        username=link.username,
        password=password,
        ca_file=link.ca_file,
        timeout_s=link.timeout_s,
        clock=clock,
    )

    def point(device: Device, name: str, spec: PointSpec) -> MqttPoint:
        topic = spec.topic or device.topic
        if topic is None or spec.path is None:
            msg = f"{device.id}.{name}: an MQTT point needs a topic and a path"
            raise SetupError(msg)
        return MqttPoint(
            name=name, unit=spec.unit or "", topic=topic, path=spec.path, scale=spec.scale
        )

    def build(device: Device) -> Driver:
        named = tuple(point(device, name, spec) for name, spec in device.points.items())
        segment = SEED_SEGMENT.get(device.type)
        topic = device.topic or (segment and f"devices/{device.id}/{segment}/measurement")
        seed = seed_points(topic) if topic and topic.endswith("/measurement") else ()
        status_topic = f"devices/{device.id}/status" if seed else None
        return MqttDevice(device.id, wire, (*seed, *named), clock, status_topic=status_topic)

    return build
