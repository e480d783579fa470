"""The points of a BACnet device: from its template where it names one, else from the site file."""

from __future__ import annotations

from dataclasses import replace

from drivers.bacnet_point import BacnetPoint
from drivers.bacnet_template import bind
from drivers.profile import BacnetTemplate, load_profile
from drivers.types import Reverts, SetupError
from edge_agent.site.schema import Device, PointSpec


def bacnet_points(device: Device) -> tuple[BacnetPoint, ...]:
    """In the order of the site file; DriverError when a point cannot be built."""
    template = _template(device)
    known = set() if template is None else template.points.keys() & device.points.keys()
    bound: dict[str, BacnetPoint] = {}
    if template is not None:
        objects = {name: _object(device, name, device.points[name]) for name in known}
        safe = {name: band for name in known if (band := device.points[name].safe) is not None}
        bound = {point.name: point for point in bind(template, objects, safe)}
    return tuple(
        replace(bound[name], writes_per_day=spec.writes_per_day)
        if name in bound
        else _own(device, name, spec)
        for name, spec in device.points.items()
    )


def _template(device: Device) -> BacnetTemplate | None:
    if device.profile is None:
        return None
    profile = load_profile(device.profile)
    if not isinstance(profile, BacnetTemplate):
        msg = f"{device.id}: {device.profile} is a register map, not for a BACnet device"
        raise SetupError(msg)
    return profile


def _object(device: Device, name: str, spec: PointSpec) -> str:
    if spec.object is None:
        msg = f"{device.id}.{name}: a BACnet point needs its object"
        raise SetupError(msg)
    return spec.object


def _own(device: Device, name: str, spec: PointSpec) -> BacnetPoint:
    return BacnetPoint(
        name=name,
        object=_object(device, name, spec),
        unit=spec.unit,
        writable=spec.access == "rw",
        # No BACnet device reverts by itself, whatever a site file may say.
        reverts=Reverts.NONE,
        safe=spec.safe,
        limits=spec.limits,
        writes_per_day=spec.writes_per_day,
    )
