"""A BACnet point as configured, and what its object's answer means as a reading."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from drivers.bacnet_units import Conversion, NoConversion, conversion
from drivers.bacnet_values import Flags, ItemError, Plain
from drivers.types import (
    DriverError,
    LinkDownError,
    LinkTimeoutError,
    Point,
    Quality,
    Reading,
    Reverts,
    describe,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BacnetPoint:
    """One object of a BACnet device; bands and tolerance are in `unit`.

    `unit` is the house's unit that is wanted; None takes the house's unit for what the device says.
    """

    name: str
    object: str
    unit: str | None = None
    writable: bool = False
    reverts: Reverts = Reverts.NONE
    safe: tuple[float, float] | None = None
    limits: tuple[float, float] | None = None
    tolerance: float = 0.01
    writes_per_day: int | None = None

    @property
    def counts(self) -> bool:
        """Whether the object carries a quantity with units (analog, accumulator)."""
        return not self.object.startswith(("binary-", "multi-state-"))

    def as_point(self, device_id: str, unit: str | None) -> Point:
        """The point as the house sees it, `unit` standing in where none is configured."""
        return Point(
            device=device_id,
            name=self.name,
            unit=self.unit if self.unit is not None else unit or "",
            writable=self.writable,
            reverts=self.reverts,
            safe=self.safe,
            limits=self.limits,
            tolerance=self.tolerance,
            writes_per_day=self.writes_per_day,
        )

    def refused(self, value: float) -> str:
        """Why `value` may not be written, empty when it may."""
        if not math.isfinite(value):
            return f"{value} is not a number"
        if self.limits is not None and not self.limits[0] <= value <= self.limits[1]:
            return f"{value} is outside the limits {self.limits}"
        safe = self.safe if self.reverts is Reverts.NONE else None
        if safe is not None and not safe[0] <= value <= safe[1]:
            return f"{value} is outside the band {safe} that may stand for ever"
        return ""


def unit_of(point: BacnetPoint, units: Plain) -> Conversion | NoConversion:
    """How the device's `units` property serves the point."""
    if not point.counts:
        return Conversion(point.unit or "")
    if isinstance(units, int):
        return conversion(units, point.unit)
    return conversion(None, point.unit)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where and when an answer came in."""

    device_id: str
    at: datetime

    def reading(
        self, point: Point, value: float | None, quality: Quality, reason: str = ""
    ) -> Reading:
        """A reading of `point` at this moment."""
        return Reading(
            device=self.device_id,
            point=point.name,
            value=value,
            unit=point.unit,
            at=self.at,
            quality=quality,
            reason=reason,
        )

    def failed(self, point: Point, error: DriverError) -> Reading:
        """Silence and a closed link are missing, any other fault is bad."""
        absent = isinstance(error, LinkTimeoutError | LinkDownError)
        quality = Quality.MISSING if absent else Quality.BAD
        return self.reading(point, None, quality, describe(error))

    def judged(
        self, point: Point, said: dict[str, Plain], how: Conversion | NoConversion
    ) -> Reading:
        """What present-value and status-flags amount to."""
        value, flags = said["present-value"], said["status-flags"]
        if isinstance(value, ItemError):
            return self.reading(point, None, Quality.BAD, f"present-value: {value.reason}")
        if isinstance(how, NoConversion):
            return self.reading(point, None, Quality.BAD, how.reason)
        if not isinstance(value, int | float) or not math.isfinite(value):
            return self.reading(point, None, Quality.BAD, f"present-value is {value}, no number")
        if isinstance(flags, Flags) and (flags.fault or flags.out_of_service):
            reason = "fault" if flags.fault else "out of service"
            return self.reading(point, None, Quality.BAD, f"status-flags: {reason}")
        house = how.to_house(float(value))
        if isinstance(flags, Flags) and flags.overridden:
            return self.reading(point, house, Quality.UNCERTAIN, "status-flags: overridden")
        return self.reading(point, house, Quality.GOOD)
