"""What a profile says about values that were read: asleep, doubtful zeros, sums. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from drivers.profile_registers import RegisterPoint, RegisterProfile
from drivers.profile_sunspec import SunSpecProfile
from drivers.profile_terms import Derived
from drivers.types import Point, Quality, Reading

_WORST_FIRST = (
    Quality.MISSING,
    Quality.BAD,
    Quality.STALE,
    Quality.NOT_IMPLEMENTED,
    Quality.ASLEEP,
    Quality.UNCERTAIN,
    Quality.GOOD,
)


def judged_registers(
    profile: RegisterProfile,
    points: tuple[Point, ...],
    read: Mapping[str, Reading],
    doubts: Mapping[str, str],
) -> list[Reading]:
    """One reading for each of `points` from what its registers gave; `doubts` says why by point."""
    believable = {name: _believed(profile, reading) for name, reading in read.items()}
    judged = {
        name: _doubted(_judged(profile.points[name], reading, believable), doubts.get(name, ""))
        for name, reading in believable.items()
    }
    return _in_order(points, judged, profile.derived)


def judged_sunspec(
    profile: SunSpecProfile,
    points: tuple[Point, ...],
    read: Mapping[str, Reading],
    doubts: Mapping[str, str],
) -> list[Reading]:
    """One reading for each of `points` from what its fields gave; `doubts` says why by point."""
    judged = {name: _doubted(reading, doubts.get(name, "")) for name, reading in read.items()}
    for name in profile.points.keys() & read.keys():
        judged[name] = _doubted(judged[name], profile.points[name].uncertain)
    return _in_order(points, judged, profile.derived)


def _in_order(
    points: tuple[Point, ...], read: Mapping[str, Reading], derived: Mapping[str, Derived]
) -> list[Reading]:
    return [
        _sum(point, derived[point.name], read) if point.name in derived else read[point.name]
        for point in points
    ]


def _believed(profile: RegisterProfile, reading: Reading) -> Reading:
    """The reading, without its value where the number in the registers can be none."""
    if reading.value is None or profile.believable(reading.point, reading.raw):
        return reading
    reason = "out of the range of values: the device has none"
    return replace(reading, value=None, quality=Quality.BAD, reason=reason)


def _judged(spec: RegisterPoint, reading: Reading, read: Mapping[str, Reading]) -> Reading:
    """A reading as the profile sees it: asleep, without value, or doubtful."""
    if reading.value is None:
        answered = reading.quality is Quality.BAD and reading.raw
        if spec.sleeps and answered:
            return replace(reading, quality=Quality.ASLEEP, reason="the device sleeps")
        return reading
    if not any(reading.raw) and spec.zero_needs is not None:
        judge = read[spec.zero_needs].value
        if judge is None or judge <= 0:
            reason = f"0, and {spec.zero_needs} shows nothing either: the device has no value"
            return replace(reading, value=None, quality=Quality.NOT_IMPLEMENTED, reason=reason)
    if not any(reading.raw) and spec.zero_doubtful:
        return _doubted(reading, "0 may also mean that the device has no value")
    return _doubted(reading, spec.uncertain)


def _doubted(reading: Reading, reason: str) -> Reading:
    """The reading as uncertain, when there is a reason and a good value to doubt."""
    if not reason or reading.quality is not Quality.GOOD:
        return reading
    return replace(reading, quality=Quality.UNCERTAIN, reason=reason)


def _sum(point: Point, spec: Derived, read: Mapping[str, Reading]) -> Reading:
    """The sum, as good as its worst part, at the time of its oldest."""
    parts = [read[name] for name in spec.sum]
    worst = min(parts, key=lambda part: _WORST_FIRST.index(part.quality))
    values = [part.value for part in parts]
    known = [value for value in values if value is not None]
    total = None
    if len(known) == len(values):
        total = sum(factor * value for factor, value in zip(spec.sum.values(), known, strict=True))
    reading = Reading(
        device=point.device,
        point=point.name,
        value=total,
        unit=point.unit,
        at=min(part.at for part in parts),
        quality=worst.quality,
        reason=f"{worst.point}: {worst.reason}" if worst.reason else "",
        raw=tuple(word for part in parts for word in part.raw),
    )
    return _doubted(reading, spec.uncertain)
