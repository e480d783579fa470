"""Assets against points: every point named is there, and every setpoint can be commanded once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from edge_agent.site.grid_schema import CircuitAsset, GridAsset
from edge_agent.site.known_points import KnownPoint, Profiles, known_points
from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.named_points import NamedPoint, named_points
from edge_agent.site.parts import Parts

_Known = dict[str, Mapping[str, KnownPoint] | None]
CURRENTS = ("current_l1", "current_l2", "current_l3")
"""Points of the meter's device that `max_current_a` bounds."""


def point_findings(parts: Parts, profiles: Profiles) -> Iterator[Finding]:
    """Points that are not there, do not fit their role, or that two assets command."""
    known = _points_by_device(parts, profiles)
    commanded: dict[str, str] = {}
    for point in named_points(parts):
        message = _wrong_reference(point.key, known) or _wrong_role(point, known)
        if message is not None:
            yield Finding(point.path, message)
        owner = point.owner
        if owner is not None and commanded.setdefault(point.key, owner) != owner:
            yield Finding(
                point.path,
                f"{point.key} is commanded by {commanded[point.key]} already: "
                "one asset per setpoint",
            )
    for path, key in _paced_points(parts):
        message = _wrong_reference(key, known)
        if message is not None:
            yield Finding(path, message)
    if parts.grid is not None:
        yield from _phase_currents(("assets", "grid"), parts.grid, known)
        for index, circuit in enumerate(parts.grid.circuits):
            yield from _phase_currents(("assets", "grid", "circuits", index), circuit, known)


def _points_by_device(parts: Parts, profiles: Profiles) -> _Known:
    """Points by device id; None for a device about whose points nothing can be said."""
    found: _Known = dict.fromkeys(parts.device_names.values())
    for device in parts.devices.values():
        link = parts.links.get(device.link)
        protocol = link.protocol if link is not None else None
        found[device.id] = known_points(device, protocol, profiles)
    return found


def _paced_points(parts: Parts) -> Iterator[tuple[KeyPath, str]]:
    """Every point whose pace a device bounds."""
    for index, device in parts.devices.items():
        for name in device.max_change_per_min:
            yield ("devices", index, "max_change_per_min", name), f"{device.id}.{name}"


def _phase_currents(
    place: KeyPath, node: GridAsset | CircuitAsset, known: _Known
) -> Iterator[Finding]:
    """A current limit is kept by what the meter's own device measures on each phase."""
    if node.max_current_a is None:
        return
    device = node.meter.split(".")[0]
    points = known.get(device)
    if points is None:
        return
    path = (*place, "max_current_a")
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


def _wrong_role(named: NamedPoint, known: _Known) -> str | None:
    """Why a point that is there cannot serve under this key."""
    device, name = named.key.split(".", 1)
    point = (known[device] or {}).get(name)
    if point is None:
        return None
    if named.role.commanded and not point.writable:
        return f"{named.key} cannot be written: name a point that takes a setpoint"
    unit = named.role.unit
    if unit is not None and point.unit not in (None, unit):
        return (
            f"{named.key} is in {point.unit}, and {named.path[-1]} needs {unit}: "
            f"name a point in {unit}"
        )
    return None
