"""Assets against points: every point named is there, and every setpoint can be commanded once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from edge_agent.site.known_points import KnownPoint, Profiles, known_points
from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.parts import Parts
from edge_agent.site.schema import Strict
from edge_agent.site.tree import at

_Known = dict[str, Mapping[str, KnownPoint] | None]
_COMMANDED = ("setpoint", "limit")
_UNITS = {
    "meter": "kW",
    "power": "kW",
    "limit": "kW",
    "charge_limit": "kW",
    "discharge_limit": "kW",
    "soc": "percent",
    "temperature": "degC",
    "irradiance": "W/m2",
}
"""Unit that a point must have for its role; the setpoint's depends on the asset."""
CURRENTS = ("current_l1", "current_l2", "current_l3")
"""Points of the meter's device that `max_current_a` bounds."""
_BATTERY = ("soc", "power", "setpoint", "charge_limit", "discharge_limit")
_ZONE = ("temperature", "setpoint", "occupancy")


def point_findings(parts: Parts, profiles: Profiles) -> Iterator[Finding]:
    """Points that are not there, do not fit their role, or that two assets command."""
    known = _points_by_device(parts, profiles)
    commanded: dict[str, str] = {}
    for path, key in _named_points(parts):
        message = _wrong_reference(key, known) or _wrong_role(path, key, known)
        if message is not None:
            yield Finding(path, message)
        owner = _owner(parts, path)
        if path[-1] in _COMMANDED and commanded.setdefault(key, owner) != owner:
            yield Finding(
                path, f"{key} is commanded by {commanded[key]} already: one asset per setpoint"
            )
    for path, key in _paced_points(parts):
        message = _wrong_reference(key, known)
        if message is not None:
            yield Finding(path, message)
    yield from _phase_currents(parts, known)


def _points_by_device(parts: Parts, profiles: Profiles) -> _Known:
    """Points by device id; None for a device about whose points nothing can be said."""
    found: _Known = dict.fromkeys(parts.device_names.values())
    for device in parts.devices.values():
        link = parts.links.get(device.link)
        protocol = link.protocol if link is not None else None
        found[device.id] = known_points(device, protocol, profiles)
    return found


def _named_points(parts: Parts) -> Iterator[tuple[KeyPath, str]]:
    """Every `device.point` an asset names, with the key where it stands."""
    yield from _named(("assets", "grid"), parts.grid, ("meter",))
    for index, battery in parts.batteries.items():
        yield from _named(("assets", "battery", index), battery, _BATTERY)
    for index, pv in parts.pvs.items():
        yield from _named(("assets", "pv", index), pv, ("power", "limit"))
    power = at(parts.data, ("assets", "hvac", "power"))
    if isinstance(power, str) and "." in power:
        yield ("assets", "hvac", "power"), power
    for index, zone in parts.zones.items():
        yield from _named(("assets", "hvac", "zones", index), zone, _ZONE)
    yield from _named(("assets", "weather"), parts.weather, ("temperature", "irradiance"))


def _paced_points(parts: Parts) -> Iterator[tuple[KeyPath, str]]:
    """Every point whose pace a device bounds."""
    for index, device in parts.devices.items():
        for name in device.max_change_per_min:
            yield ("devices", index, "max_change_per_min", name), f"{device.id}.{name}"


def _phase_currents(parts: Parts, known: _Known) -> Iterator[Finding]:
    """A current limit is kept by what the meter's own device measures on each phase."""
    if parts.grid is None or parts.grid.max_current_a is None:
        return
    device = parts.grid.meter.split(".")[0]
    points = known.get(device)
    if points is None:
        return
    path = ("assets", "grid", "max_current_a")
    missing = [name for name in CURRENTS if name not in points]
    if missing:
        yield Finding(
            path,
            f"{device} has no {', '.join(missing)}: name a meter that measures the current of "
            "each phase, or remove the limit",
        )
    for name in CURRENTS:
        point = points.get(name)
        if point is not None and point.unit not in (None, "A"):
            yield Finding(
                path,
                f"{device}.{name} is in {point.unit}, and a current needs A: name a point in A",
            )


def _named(
    path: KeyPath, asset: Strict | None, keys: tuple[str, ...]
) -> Iterator[tuple[KeyPath, str]]:
    """The points that an asset names under these keys."""
    for key in keys:
        point = getattr(asset, key, None)
        if point is not None:
            yield (*path, key), point


def _wrong_reference(key: str, known: _Known) -> str | None:
    device, point = key.split(".", 1)
    if device not in known:
        nearest = get_close_matches(device, known, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else "add it under devices"
        return f"there is no device {device}: {hint}"
    points = known[device]
    if points is None or point in points:
        return None
    nearest = get_close_matches(point, points, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"it has {', '.join(points) or 'none'}"
    return f"{device} has no point {point}: {hint}"


def _wrong_role(path: KeyPath, key: str, known: _Known) -> str | None:
    """Why a point that is there cannot serve under this key."""
    device, name = key.split(".", 1)
    point = (known[device] or {}).get(name)
    if point is None:
        return None
    role = str(path[-1])
    if role in _COMMANDED and not point.writable:
        return f"{key} cannot be written: name a point that takes a setpoint"
    unit = ("kW" if "battery" in path else "degC") if role == "setpoint" else _UNITS.get(role)
    if unit is not None and point.unit not in (None, unit):
        return f"{key} is in {point.unit}, and {role} needs {unit}: name a point in {unit}"
    return None


def _owner(parts: Parts, path: KeyPath) -> str:
    return f"{path[-3]} {at(parts.data, (*path[:-1], 'id'))}"
