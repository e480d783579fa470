"""Looking at a device once: whether it answers, is the right one, and each point plausible."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from drivers.profile import load_profile
from drivers.profile_end_state import point_end_states
from drivers.profile_identity import WrongDeviceError
from drivers.types import (
    Driver,
    DriverError,
    Identity,
    Point,
    Quality,
    Reading,
    RetryableError,
    describe,
)
from edge_agent.commissioning.fieldwork import first_readings
from edge_agent.commissioning.report import DeviceRow, PointRow
from edge_agent.plausible import power_check, suspicions
from edge_agent.site.schema import BacnetLink, Device, Site
from edge_agent.validate import out_of_range

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEY = re.compile(r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
SAYS_NOTHING = "does not say who it is"


async def look_at(
    site: Site, device: Device, driver: Driver
) -> tuple[DeviceRow, tuple[PointRow, ...]]:
    """The device and all its points; never raises for the device."""
    identity, problem, silent = await _identity(driver)
    readings = await first_readings(site, device.id, driver)
    reached = not silent and any(reading.quality is not Quality.MISSING for reading in readings)
    if not reached and not problem:
        problem = next((reading.reason for reading in readings if reading.reason), "no answer")
    points = {point.name: point for point in driver.points}
    rows = judged(site, device, points, readings)
    row = DeviceRow(
        device=device.id,
        profile=device.profile or "",
        reached=reached,
        identity=identity,
        problem=problem,
    )
    return row, rows


async def _identity(driver: Driver) -> tuple[str, str, bool]:
    """What the device says of itself, why it is not the right one, whether it was silent."""
    try:
        return said(await driver.identify()), "", False
    except WrongDeviceError as error:
        return "", str(error), False
    except RetryableError as error:
        return "", describe(error), True
    except DriverError as error:
        return f"cannot be asked ({describe(error)})", "", False


def said(identity: Identity) -> str:
    """One line of who answered."""
    parts = (identity.manufacturer, identity.model, identity.serial, identity.firmware)
    return " ".join(part for part in parts if part) or SAYS_NOTHING


def judged(
    site: Site, device: Device, points: Mapping[str, Point], readings: Iterable[Reading]
) -> tuple[PointRow, ...]:
    """A row for each reading: is it as it should be, and where does a commanded point end? Pure."""
    listed = list(readings)
    check = power_check(tuple(point for point in points.values() if not point.writable))
    usable = {reading.point: reading for reading in listed if reading.quality.usable}
    doubts = {} if check is None else {one.point: one.reason for one in suspicions(check, usable)}
    ends, bound = end_states(site, device), bound_points(site)
    rows = []
    for reading in listed:
        point = points.get(reading.point)
        why = out_of_range(reading) or doubts.get(reading.point, "") or reading.reason
        writable = point is not None and point.writable
        fine = reading.point not in doubts and out_of_range(reading) is None
        rows.append(
            PointRow(
                device=device.id,
                point=reading.point,
                value=reading.value,
                unit=reading.unit,
                quality=reading.quality.value,
                reason=why,
                raw=reading.raw,
                at=reading.at,
                good=fine and _as_it_should(reading, writable, reading.key in bound, bool(usable)),
                writable=writable,
                end_state=ends.get(reading.point, ""),
            )
        )
    return tuple(rows)


def _as_it_should(reading: Reading, writable: bool, bound: bool, alive: bool) -> bool:  # noqa: FBT001
    """Whether the quality is one that a healthy device shows."""
    match reading.quality:
        case Quality.GOOD | Quality.UNCERTAIN | Quality.ASLEEP:
            return True
        case Quality.NOT_IMPLEMENTED:
            return not bound
        case Quality.MISSING:
            # A setpoint that nobody commands has no value; the device answers all the same.
            return writable and alive
        case _:
            return False


def bound_points(site: Site) -> frozenset[str]:
    """Every `device.point` that an asset of the site rests on."""
    devices = {device.id for device in site.devices}
    texts = _texts(site.assets.model_dump(mode="json"))
    return frozenset(t for t in texts if _KEY.match(t) and t.split(".")[0] in devices)


def _texts(part: object) -> list[str]:
    match part:
        case str():
            return [part]
        case dict():
            return [text for value in part.values() for text in _texts(value)]
        case list() | tuple():
            return [text for value in part for text in _texts(value)]
        case _:
            return []


def end_states(site: Site, device: Device) -> dict[str, str]:
    """Where each commanded point ends when the gateway dies and never comes back, by name."""
    if device.profile is not None:
        return point_end_states(load_profile(device.profile))
    link = site.links[device.link]
    if not isinstance(link, BacnetLink):
        return {}
    return {
        name: (
            f"{name}: the last value stands in slot {link.write_priority} of the priority array, "
            f"and is within {spec.safe[0]:g}..{spec.safe[1]:g} {spec.unit or ''}".rstrip()
            + "; every higher slot still wins."
        )
        for name, spec in device.points.items()
        if spec.access == "rw" and spec.safe is not None
    }
