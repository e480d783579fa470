"""Judge readings: set the quality, never change a value. Pure but for what the judge remembers.

Range: a value outside what its unit allows is `bad`. Stale: a value older than the device's limit
is `stale`. Rate: a value that moved too fast is `uncertain`. Units: a power that the device's own
voltage and current contradict is `bad` or `uncertain`, a state of charge that never left 0..1 is
`uncertain`. Frozen: a device that has a point which moves by itself (a heartbeat, the grid's
frequency), or whose type always moves, and shows exactly the same values for `stuck_s`, is `bad`
until something moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import isfinite

from drivers.types import Point, Quality, Reading
from edge_agent.plausible import PowerCheck, Suspicion, power_check, suspicions
from edge_agent.rates import RateLimit, rate_limit, too_fast
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
DOUBTS = 3
"""A contradiction between different moments counts when so many polls in a row show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRule:
    """What one device's readings are held against; None = that says nothing."""

    device: str
    stuck_s: float | None
    echoes: frozenset[str] = frozenset()
    """Commanded points: what we wrote there moves, whether the device lives or not."""
    stale_s: float | None = None
    rates: Mapping[str, RateLimit] = field(default_factory=dict)
    power: PowerCheck | None = None
    shares: frozenset[str] = frozenset()
    """Points in percent that a careless device may send as a share of 1."""


@dataclass(slots=True)
class _Memory:
    """What a device showed last, and since when it shows exactly that."""

    values: dict[str, float] = field(default_factory=dict)
    changed_at: datetime | None = None
    believed: dict[str, tuple[float, datetime]] = field(default_factory=dict)
    percents: set[str] = field(default_factory=set)
    """Points that have been seen above 1: they do speak percent."""
    doubts: dict[str, int] = field(default_factory=dict)
    """Polls in a row that spoke against a point."""


def device_rule(device: Device, points: tuple[Point, ...]) -> DeviceRule:
    """The rule of the site file, else by the device's points and type."""
    by_type = TYPE_STUCK_S.get(device.type)
    alive = ALIVE_STUCK_S if any(point.alive for point in points) else None
    chosen = device.stuck_s if device.stuck_s is not None else (alive or by_type)
    measured = tuple(point for point in points if not point.writable)
    limits = {p.name: rate_limit(p.name, p.unit, _per_min(device, p.name)) for p in measured}
    return DeviceRule(
        device=device.id,
        stuck_s=chosen,
        echoes=frozenset(point.name for point in points if point.writable),
        stale_s=device.stale_after_s,
        rates={name: limit for name, limit in limits.items() if limit is not None},
        power=power_check(measured),
        shares=frozenset(p.name for p in measured if p.name == "soc" and p.unit == "percent"),
    )


def _per_min(device: Device, point: str) -> float | None:
    return device.max_change_per_min.get(point)


def out_of_range(reading: Reading) -> str | None:
    """Why the value cannot be true, or None."""
    if reading.value is None:
        return None
    if not isfinite(reading.value):
        return f"{reading.value} is not a finite number"
    low, high = PLAUSIBLE.get(reading.unit, (float("-inf"), float("inf")))
    if low <= reading.value <= high:
        return None
    return f"{reading.value:g} {reading.unit} is outside {low:g}..{high:g}"


class Judge:
    """Judges one device's polls in their order."""

    def __init__(self, rule: DeviceRule) -> None:
        self._rule = rule
        self._memory = _Memory()

    def judge(self, readings: list[Reading], asked_at: datetime | None = None) -> list[Reading]:
        """The same readings with their quality as it is to be believed.

        `asked_at` (UTC): when the poll began. A slow answer is not stale, an old value is.
        """
        single = [self._single(reading, asked_at) for reading in readings]
        judged = single if self._rule.power is None else self._contradicted(single)
        frozen_for_s = self._standing_still_s(judged)
        if self._rule.stuck_s is None or frozen_for_s < self._rule.stuck_s:
            return judged
        reason = f"frozen: nothing has moved for {frozen_for_s:.0f} s"
        return [
            replace(reading, quality=Quality.BAD, reason=reason)
            if reading.quality.usable
            else reading
            for reading in judged
        ]

    def _single(self, reading: Reading, asked_at: datetime | None) -> Reading:
        """Age, range and pace of one reading."""
        if not reading.quality.usable or reading.value is None:
            return reading
        stale_s = self._rule.stale_s
        if asked_at is not None and stale_s is not None:
            age_s = (asked_at - reading.at).total_seconds()
            if age_s > stale_s:
                reason = f"{age_s:.0f} s old, stale after {stale_s:.0f} s"
                return replace(reading, quality=Quality.STALE, reason=reason)
        why = out_of_range(reading)
        if why is not None:
            return replace(reading, quality=Quality.BAD, reason=why)
        doubt = self._pace(reading, reading.value)
        if doubt is None and reading.point in self._rule.shares:
            doubt = self._share(reading, reading.value)
        if doubt is None:
            return reading
        return replace(reading, quality=Quality.UNCERTAIN, reason=_joined(reading, doubt))

    def _pace(self, reading: Reading, value: float) -> str | None:
        limit = self._rule.rates.get(reading.point)
        if limit is None:
            return None
        doubt = too_fast(limit, self._memory.believed.get(reading.point), reading)
        self._memory.believed[reading.point] = (value, reading.at)
        return doubt

    def _share(self, reading: Reading, value: float) -> str | None:
        """A full battery at 1.0 percent, for ever: a share, most likely."""
        if value > 1.0:
            self._memory.percents.add(reading.point)
        if reading.point in self._memory.percents or value <= 0.0:
            return None
        return f"{value:.3g} percent: a share of 1 where percent is due?"

    def _contradicted(self, readings: list[Reading]) -> list[Reading]:
        """Powers against the device's own voltages, currents and phases."""
        power = self._rule.power
        if power is None:
            return readings
        seen = {r.point: r for r in readings if r.quality.usable}
        found = {one.point: one for one in suspicions(power, seen)}
        doubts = self._memory.doubts
        for point in [point for point in doubts if point not in found]:
            del doubts[point]
        for point in found:
            doubts[point] = doubts.get(point, 0) + 1
        if not found:
            return readings
        return [self._doubted(reading, found.get(reading.point)) for reading in readings]

    def _doubted(self, reading: Reading, why: Suspicion | None) -> Reading:
        if why is None or not reading.quality.usable:
            return reading
        if not why.at_once and self._memory.doubts[why.point] < DOUBTS:
            return reading
        quality = Quality.BAD if why.gross else Quality.UNCERTAIN
        return replace(reading, quality=quality, reason=_joined(reading, why.reason))

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


def _joined(reading: Reading, why: str) -> str:
    return f"{reading.reason}; {why}" if reading.reason else why
