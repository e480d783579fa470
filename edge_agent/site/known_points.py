"""Which points a device has, and which of them may be commanded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import drivers
from drivers.mqtt_payload import SEED_UNITS
from drivers.profile import BacnetTemplate, load_profile
from drivers.types import ProfileError
from edge_agent.site.document import read_document
from edge_agent.site.schema import Device, DeviceType
from edge_agent.site.tree import at

SEED_SEGMENT: Mapping[DeviceType, str] = {
    DeviceType.SMART_METER: "electrical",
    DeviceType.TEMPERATURE_SENSOR: "environmental",
    DeviceType.OCCUPANCY_SENSOR: "occupancy",
    DeviceType.BATTERY_BMS: "battery",
    DeviceType.WEATHER_STATION: "weather",
    DeviceType.PV_INVERTER: "inverter",
}
"""Topic segment on which a device of a measuring type publishes unless it names its topic."""

_SEED_TOPIC = re.compile(r"^devices/[^/]+/([a-z]+)/measurement$")


@dataclass(frozen=True, slots=True)
class KnownPoint:
    """A point that an asset may name; `unit` None where only the device can tell."""

    writable: bool
    unit: str | None = None


class Profiles:
    """The device profiles of a folder: names at once, points when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.names = tuple(sorted(path.stem for path in folder.glob("*.yaml")))
        self._folder = folder
        self._read: dict[str, dict[str, KnownPoint] | None] = {}

    def template(self, name: str) -> BacnetTemplate | None:
        """The BACnet template of that name; None for any other profile and for none."""
        try:
            profile = load_profile(name, self._folder)
        except ProfileError:
            return None
        return profile if isinstance(profile, BacnetTemplate) else None

    def points(self, name: str) -> dict[str, KnownPoint] | None:
        """The profile's points; None when there is no such profile or it cannot be read."""
        if name not in self.names:
            return None
        if name not in self._read:
            self._read[name] = _profile_points(self._folder / f"{name}.yaml")
        return self._read[name]


def packaged_profiles() -> Profiles:
    """The profiles that travel with the drivers."""
    return Profiles(Path(drivers.__file__).parent / "profiles")


def known_points(
    device: Device, protocol: str | None, profiles: Profiles
) -> dict[str, KnownPoint] | None:
    """The device's points by name; None when that cannot be told, so nothing is to be refused."""
    declared = {
        name: KnownPoint(spec.access == "rw", spec.unit) for name, spec in device.points.items()
    }
    if protocol == "bacnet":
        return _from_template(device, declared, profiles)
    if protocol == "mqtt":
        return {**_seed_points(device), **declared}
    if protocol == "modbus" and device.profile is not None:
        return profiles.points(device.profile)
    return None


def _from_template(
    device: Device, declared: dict[str, KnownPoint], profiles: Profiles
) -> dict[str, KnownPoint]:
    """What the device's template says of the points that the site gives an object."""
    if device.profile is None:
        return declared
    known = profiles.points(device.profile) or {}
    return {name: known.get(name, point) for name, point in declared.items()}


def seed_segment(device: Device) -> str | None:
    """Segment of the original system's topic that the device publishes on; None on another."""
    if device.topic is None:
        return SEED_SEGMENT.get(device.type)
    found = _SEED_TOPIC.match(device.topic)
    return found.group(1) if found and found.group(1) in SEED_UNITS else None


def _seed_points(device: Device) -> dict[str, KnownPoint]:
    units = SEED_UNITS.get(seed_segment(device) or "", {})
    return {name: KnownPoint(writable=False, unit=unit) for name, unit in units.items()}


def _profile_points(path: Path) -> dict[str, KnownPoint] | None:
    """The points, ratios, controls and derived points of a profile file."""
    document = read_document(path, path.name).document
    if document is None:
        return None
    found: dict[str, KnownPoint] = {}
    for section in ("points", "ratios", "controls", "derived"):
        specs = document.data.get(section)
        for name, spec in specs.items() if isinstance(specs, dict) else ():
            unit = at(spec, ("unit",))
            writable = section == "controls" or at(spec, ("write",)) is not None
            found[name] = KnownPoint(writable, unit if isinstance(unit, str) else None)
    return found
