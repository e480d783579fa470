"""Site file -> drivers: one link per bus, shared by its devices; protocols load when used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from drivers.types import Clock, Driver, SetupError
from edge_agent.site.known_points import SEED_SEGMENT
from edge_agent.site.schema import BacnetLink, Device, Link, ModbusLink, MqttLink, PointSpec, Site
from edge_agent.site_bus import mqtt_wire

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
    from drivers.bacnet import BacnetDevice, CovTiming
    from drivers.bacnet_foreign import Bbmd
    from drivers.bacnet_link import BacnetLink as Wire
    from edge_agent.fields_bacnet import bacnet_points

    wire = Wire(
        link.listen,
        link.device_id,
        write_priority=link.write_priority,
        timeout_s=link.timeout_s,
        clock=clock,
        bbmd=None if link.bbmd is None else Bbmd(link.bbmd, link.bbmd_ttl_s),
    )

    def build(device: Device) -> Driver:
        if device.address is None:
            msg = f"{device.id}: a BACnet device needs its address"
            raise SetupError(msg)
        safety_s = device.cov_safety_s or device.stale_after_s / 2
        cov = CovTiming(safety_s=safety_s) if device.cov else False
        points = bacnet_points(device)
        return BacnetDevice(device.id, wire, device.address, points, clock, cov=cov)

    return build


def _mqtt(link: MqttLink, clock: Clock) -> Opener:
    from drivers.mqtt_device import MqttDevice, MqttPoint, seed_points

    wire = mqtt_wire(link, clock)

    def point(device: Device, name: str, spec: PointSpec) -> MqttPoint:
        topic = spec.topic or device.topic
        if topic is None or spec.path is None:
            msg = f"{device.id}.{name}: an MQTT point needs a topic and a path"
            raise SetupError(msg)
        return MqttPoint(
            name=name, unit=spec.unit or "", topic=topic, path=spec.path, scale=spec.scale
        )

    def lasting(device: Device, point: MqttPoint) -> MqttPoint:
        ttl_s = device.stale_after_s if device.ttl_s is None else device.ttl_s
        return replace(point, ttl_s=ttl_s)

    def build(device: Device) -> Driver:
        named = tuple(point(device, name, spec) for name, spec in device.points.items())
        segment = SEED_SEGMENT.get(device.type)
        topic = device.topic or (segment and f"devices/{device.id}/{segment}/measurement")
        seed = seed_points(topic) if topic and topic.endswith("/measurement") else ()
        status_topic = f"devices/{device.id}/status" if seed else None
        return MqttDevice(
            device.id,
            wire,
            tuple(lasting(device, one) for one in (*seed, *named)),
            clock,
            retained_ttl_s=device.retained_ttl_s,
            status_topic=status_topic,
        )

    return build
