"""Judge readings: set the quality, never change a value. Pure but for what the judge remembers.

Range: a value outside what its unit allows is `bad`. Frozen: a device that has a point which moves
by itself (a heartbeat, the grid's frequency), or whose type always moves, and shows exactly the
same values for `stuck_s`, is `bad` until something moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from drivers.types import Point, Quality, Reading
from edge_agent.site.schema import Device, DeviceType

PLAUSIBLE = {
    "percent": (-0.5, 100.5),
    "degC": (-60.0, 150.0),
    "Hz": (40.0, 70.0),
    "V": (0.0, 2_000.0),
    "A": (-10_000.0, 10_000.0),
    "kW": (-100_000.0, 100_000.0),
    "kWh": (-1e12, 1e12),
    "W/m2": (-20.0, 2_000.0),
    "m/s": (0.0, 120.0),
}
"""Closed range of believable values per unit."""

ALIVE_STUCK_S = 300.0
TYPE_STUCK_S = {
    DeviceType.WEATHER_STATION: 1_800.0,
    DeviceType.TEMPERATURE_SENSOR: 21_600.0,
}
"""Types whose measurements never stand still for so long while they live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRule:
    """When a device counts as frozen; None = standing still says nothing."""

    device: str
    stuck_s: float | None
    echoes: frozenset[str] = frozenset()
    """Commanded points: what we wrote there moves, whether the device lives or not."""


@dataclass(slots=True)
class _Memory:
    """What a device showed last, and since when it shows exactly that."""

    values: dict[str, float] = field(default_factory=dict)
    changed_at: datetime | None = None


def device_rule(device: Device, points: tuple[Point, ...]) -> DeviceRule:
    """The rule of the site file, else by the device's points and type."""
    by_type = TYPE_STUCK_S.get(device.type)
    alive = ALIVE_STUCK_S if any(point.alive for point in points) else None
    chosen = device.stuck_s if device.stuck_s is not None else (alive or by_type)
    echoes = frozenset(point.name for point in points if point.writable)
    return DeviceRule(device=device.id, stuck_s=chosen, echoes=echoes)


def out_of_range(reading: Reading) -> str | None:
    """Why the value cannot be true, or None."""
    if reading.value is None:
        return None
    low, high = PLAUSIBLE.get(reading.unit, (float("-inf"), float("inf")))
    if low <= reading.value <= high:
        return None
    return f"{reading.value:g} {reading.unit} is outside {low:g}..{high:g}"


class Judge:
    """Judges one device's polls in their order."""

    def __init__(self, rule: DeviceRule) -> None:
        self._rule = rule
        self._memory = _Memory()

    def judge(self, readings: list[Reading]) -> list[Reading]:
        """The same readings with their quality as it is to be believed."""
        ranged = [self._ranged(reading) for reading in readings]
        frozen_for_s = self._standing_still_s(ranged)
        if self._rule.stuck_s is None or frozen_for_s < self._rule.stuck_s:
            return ranged
        reason = f"frozen: nothing has moved for {frozen_for_s:.0f} s"
        return [
            replace(reading, quality=Quality.BAD, reason=reason)
            if reading.quality.usable
            else reading
            for reading in ranged
        ]

    def _ranged(self, reading: Reading) -> Reading:
        why = out_of_range(reading) if reading.quality.usable else None
        return reading if why is None else replace(reading, quality=Quality.BAD, reason=why)

    def _standing_still_s(self, readings: list[Reading]) -> float:
        seen = {
            r.point: r.value
            for r in readings
            if r.quality.usable and r.value is not None and r.point not in self._rule.echoes
        }
        if not seen:
            return 0.0
        latest = max(reading.at for reading in readings)
        moved = any(self._memory.values.get(point) != value for point, value in seen.items())
        if moved or self._memory.changed_at is None:
            self._memory.values.update(seen)
            self._memory.changed_at = latest
        return (latest - self._memory.changed_at).total_seconds()
