"""Devices: each once, on a link that is there, with what its protocol needs."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from drivers.mqtt_payload import SEED_UNITS
from edge_agent.site.check_template import template_findings
from edge_agent.site.known_points import Profiles, seed_segment
from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.parts import Parts
from edge_agent.site.schema import Device, PointSpec
from edge_agent.site.wording import as_name, show

_COV, _TTL = ("cov", "cov_safety_s"), ("ttl_s", "retained_ttl_s")
_NOT_FOR = {
    "modbus": ("address", "topic", *_COV, *_TTL),
    "bacnet": ("unit", "topic", *_TTL),
    "mqtt": ("profile", "unit", "address", *_COV),
}
"""Keys that mean nothing on a link of that protocol; taken silently they would mislead."""
_NO_TIMER = {"bacnet": "a bacnet", "mqtt": "an mqtt"}
_OWN = "site"
"""Device name of what the gateway itself reckons, such as site.occupancy_sum."""


def device_findings(parts: Parts, profiles: Profiles) -> Iterator[Finding]:
    """What is wrong with the devices, one by one and taken together."""
    yield from _doubles(parts)
    for index, device in parts.devices.items():
        path: KeyPath = ("devices", index)
        if device.stale_s is not None and device.stale_s < device.poll_s:
            yield Finding(
                (*path, "stale_s"),
                f"{device.stale_s:g} s is shorter than poll_s ({device.poll_s:g} s): every reading "
                f"of {device.id} would be stale before the next comes",
            )
        if device.link not in parts.link_names:
            yield Finding((*path, "link"), _no_link(device, parts))
            continue
        link = parts.links.get(device.link)
        if link is not None:
            yield from _protocol_findings(device, path, link.protocol, profiles)
            yield from _timers(device, path, link.protocol)
        yield from _point_findings(device, path)


def _doubles(parts: Parts) -> Iterator[Finding]:
    """Device ids used twice or not to be used, and bus units used twice."""
    seen: dict[str, int] = {}
    for index, name in parts.device_names.items():
        if name == _OWN:
            why = "is the name of the gateway's own sums: give the device another"
            yield Finding(("devices", index, "id"), f"{name} {why}")
        if seen.setdefault(name, index) != index:
            yield Finding(
                ("devices", index, "id"),
                f"{name} is the id of devices[{seen[name]}] too: give each device its own",
            )
    units: dict[tuple[str, int], str] = {}
    for index, device in parts.devices.items():
        if device.unit is None:
            continue
        other = units.setdefault((device.link, device.unit), device.id)
        if other != device.id:
            yield Finding(
                ("devices", index, "unit"),
                f"unit {device.unit} on {device.link} is {other} already: two devices cannot "
                "answer to one unit",
            )


def _no_link(device: Device, parts: Parts) -> str:
    nearest = get_close_matches(device.link, parts.link_names, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"add it under links for {device.id}"
    return f"there is no link {device.link}: {hint}"


def _protocol_findings(
    device: Device, path: KeyPath, protocol: str, profiles: Profiles
) -> Iterator[Finding]:
    for key in _NOT_FOR[protocol]:
        if key in device.model_fields_set:
            yield Finding((*path, key), f"means nothing on a {protocol} link: remove it")
    match protocol:
        case "modbus":
            yield from _modbus(device, path, profiles)
        case "bacnet":
            yield from _bacnet(device, path)
            yield from template_findings(device, path, profiles)
        case _:
            yield from _mqtt(device, path)


def _modbus(device: Device, path: KeyPath, profiles: Profiles) -> Iterator[Finding]:
    if device.profile is None:
        yield Finding((*path, "profile"), f"is missing: name the register map of {device.id}")
    elif device.profile not in profiles.names:
        nearest = get_close_matches(device.profile, profiles.names, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else _known(profiles)
        yield Finding((*path, "profile"), f"there is no profile {as_name(device.profile)}: {hint}")
    if device.unit is None:
        yield Finding(
            (*path, "unit"), f"is missing: give the Modbus unit number of {device.id}, mostly 1"
        )
    if device.points:
        yield Finding(
            (*path, "points"),
            "means nothing on a modbus link: the points come from the profile, remove it",
        )


def _known(profiles: Profiles) -> str:
    return f"known are {', '.join(profiles.names)}" if profiles.names else "none is installed"


def _bacnet(device: Device, path: KeyPath) -> Iterator[Finding]:
    if device.address is None:
        yield Finding(
            (*path, "address"),
            f"is missing: give the BACnet address of {device.id}, for example 192.168.1.20:47808",
        )
    if not device.points:
        yield Finding((*path, "points"), f"is missing: name the objects of {device.id} to read")
    yield from _cov(device, path)
    objects: dict[str, str] = {}
    for name, spec in device.points.items():
        spot = (*path, "points", name)
        if spec.object is None:
            yield Finding((*spot, "object"), "is missing: a BACnet point needs its object")
        elif objects.setdefault(spec.object, name) != name:
            yield Finding(
                (*spot, "object"), f"{spec.object} is point {objects[spec.object]} already"
            )
        for key in ("topic", "path", "scale"):
            if key in spec.model_fields_set:
                yield Finding((*spot, key), "means nothing on a bacnet link: remove it")


def _cov(device: Device, path: KeyPath) -> Iterator[Finding]:
    """The safety poll comes before what it guards is stale."""
    if device.cov_safety_s is None:
        return
    spot = (*path, "cov_safety_s")
    if not device.cov:
        yield Finding(spot, "has no effect without cov: add cov: true or remove it")
    elif device.cov_safety_s > device.stale_after_s:
        yield Finding(
            spot,
            f"{device.cov_safety_s:g} s is too long: readings of {device.id} are stale after "
            f"{device.stale_after_s:g} s, so a quiet device would look dead",
        )


def _mqtt(device: Device, path: KeyPath) -> Iterator[Finding]:
    if seed_segment(device) is None:
        yield from _own_topic(device, path)
    for name, spec in device.points.items():
        spot = (*path, "points", name)
        for key in ("object", "writes_per_day"):
            if key in spec.model_fields_set:
                yield Finding((*spot, key), "means nothing on an mqtt link: remove it")
        if spec.topic is None and device.topic is None:
            yield Finding((*spot, "topic"), "is missing: name the topic the value comes on")
        if spec.path is None:
            yield Finding(
                (*spot, "path"), "is missing: name the value's place in the JSON, like dew.celsius"
            )
        if spec.access == "rw":
            yield Finding(
                (*spot, "access"), "rw is not allowed: this version only reads from mqtt, use r"
            )


def _own_topic(device: Device, path: KeyPath) -> Iterator[Finding]:
    """A device that does not publish as the original system does."""
    if device.topic is not None and device.topic.endswith("/measurement"):
        segments = ", ".join(SEED_UNITS)
        yield Finding(
            (*path, "topic"),
            f"{show(device.topic)} must be devices/ID/SEGMENT/measurement with one of {segments}",
        )
    elif device.topic is None and not device.points:
        yield Finding(
            (*path, "topic"),
            f"is missing: a {device.type.value} has no topic of its own, so name it",
        )
    elif not device.points:
        yield Finding(
            (*path, "points"), f"is missing: say which values of {device.id} are in its messages"
        )


def _timers(device: Device, path: KeyPath, protocol: str) -> Iterator[Finding]:
    """Points said to revert on a bus that has no such thing; Modbus points come from profiles."""
    for name, spec in device.points.items():
        if protocol in _NO_TIMER and spec.reverts == "timer":
            yield Finding(
                (*path, "points", name, "reverts"),
                f"timer is not allowed: nothing on {_NO_TIMER[protocol]} link takes a value back "
                "by itself. Use none, and safe: [lowest, highest] for what may stand for ever",
            )


def _point_findings(device: Device, path: KeyPath) -> Iterator[Finding]:
    for name, spec in device.points.items():
        spot = (*path, "points", name)
        for key, band in (("safe", spec.safe), ("limits", spec.limits)):
            if band is not None and band[0] >= band[1]:
                yield Finding((*spot, key), f"the lower end {band[0]:g} must be below {band[1]:g}")
        if spec.scale == 0:
            yield Finding((*spot, "scale"), "0 is not allowed: every value would read as 0")
        yield from _safety(device, name, spec, spot)


def _safety(device: Device, name: str, spec: PointSpec, spot: KeyPath) -> Iterator[Finding]:
    """A value that nobody takes back must be one that may stand for ever."""
    if spec.access == "rw" and spec.safe is None:
        yield Finding(
            (*spot, "safe"),
            f"is missing: {device.id}.{name} keeps what was written if the gateway dies, "
            "so say which values may stand for ever: safe: [lowest, highest]",
        )
    if spec.safe is None or spec.limits is None or spec.limits[0] >= spec.limits[1]:
        return
    if spec.safe[0] < spec.limits[0] or spec.safe[1] > spec.limits[1]:
        yield Finding(
            (*spot, "safe"),
            f"[{spec.safe[0]:g}, {spec.safe[1]:g}] reaches beyond limits "
            f"[{spec.limits[0]:g}, {spec.limits[1]:g}]: keep it inside",
        )
