"""Which points tell about single persons, and the sums over rooms that do not. Pure.

A personal point never leaves the gateway and is not rolled up; only the sum over at least
`MIN_ROOMS` rooms is sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from drivers.types import Quality, Reading
from edge_agent.site.known_points import Profiles, known_points, packaged_profiles
from edge_agent.site.schema import Device, DeviceType, Privacy, Site
from edge_agent.snapshot import Snapshot

MIN_ROOMS = 5
"""A sum over fewer rooms tells about single persons."""
SITE_DEVICE = "site"
OCCUPANCY_SUM = "occupancy_sum"
OCCUPANCY_ROOMS = "occupancy_rooms"
"""Rooms that the sum is over."""
COUNTER = "occupancy_count"


def personal_points(site: Site) -> frozenset[str]:
    """Every `device.point` whose raw values stay in the gateway."""
    counters = {zone.occupancy for zone in site.assets.hvac.zones}
    profiles = packaged_profiles()
    return frozenset(
        f"{device.id}.{name}"
        for device in site.devices
        for name in _names(device, site, profiles)
        if _class(device, name, counters) is Privacy.PERSONAL
    )


def withheld_points(site: Site) -> frozenset[tuple[str, str]]:
    """The personal points as (device, point)."""
    keys = (key.split(".", 1) for key in personal_points(site))
    return frozenset((device, point) for device, point in keys)


def room_counters(site: Site) -> tuple[str, ...]:
    """The personal points that count people, in the order of their names."""
    zones = {zone.occupancy for zone in site.assets.hvac.zones}
    personal = personal_points(site)
    return tuple(sorted(key for key in personal if key in zones or key.split(".", 1)[1] == COUNTER))


def occupancy_sum(counters: tuple[str, ...], snapshot: Snapshot) -> list[Reading]:
    """The people in all rooms with a fresh counter, and how many rooms; empty below 5 rooms."""
    fresh = [value for key in counters if (value := snapshot.value(key)) is not None]
    if len(fresh) < MIN_ROOMS:
        return []
    sums = ((OCCUPANCY_SUM, sum(fresh)), (OCCUPANCY_ROOMS, float(len(fresh))))
    return [
        Reading(
            device=SITE_DEVICE,
            point=point,
            value=value,
            unit="",
            at=snapshot.at,
            quality=Quality.GOOD,
        )
        for point, value in sums
    ]


def _names(device: Device, site: Site, profiles: Profiles) -> Iterator[str]:
    """Points of the device, as far as its class can matter."""
    link = site.links.get(device.link)
    protocol = None if link is None else link.protocol
    yield from known_points(device, protocol, profiles) or device.points


def _class(device: Device, name: str, counters: set[str | None]) -> Privacy:
    """Its own, else its device's, else what the device's type and the zones say."""
    spec = device.points.get(name)
    said = (spec.privacy if spec is not None else None) or device.privacy
    if said is not None:
        return said
    sensor = device.type is DeviceType.OCCUPANCY_SENSOR
    return Privacy.PERSONAL if sensor or f"{device.id}.{name}" in counters else Privacy.PUBLIC
