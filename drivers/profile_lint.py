"""What a profile must be beyond its schema: safe to write, known units, no double meaning. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from pathlib import Path

from drivers.bacnet_units import HOUSE_UNITS
from drivers.profile import (
    BacnetTemplate,
    Profile,
    RegisterProfile,
    SunSpecProfile,
    load_profile,
)
from drivers.profile_registers import RegisterPoint
from drivers.profile_terms import Role
from drivers.readplan import Function, Span
from drivers.types import ProfileError

_ELECTRICAL = frozenset({"kW", "kWh", "kVA", "kVAr", "kVArh", "V", "A", "Hz"})
_OTHER = frozenset({"percent", "1", "enum", "bits", "deg", "mm", "mm/h", "lx", "s"})
UNITS = _ELECTRICAL | _OTHER | {known.unit for known in HOUSE_UNITS.values() if known.unit}
"""Units a point may have."""

FORBIDDEN_WORDS = {
    "valve": "valves belong to the unit's own control",
    "damper": "dampers belong to the unit's own control",
    "fan": "fans belong to the unit's own control",
    "fire": "fire protection is never commanded",
    "smoke": "smoke extraction is never commanded",
    "sprinkler": "fire protection is never commanded",
    "lift": "lifts are never commanded",
    "elevator": "lifts are never commanded",
    "escalator": "lifts are never commanded",
    "cold_room": "stored food is never put at risk",
    "cold_store": "stored food is never put at risk",
    "freezer": "stored food is never put at risk",
    "fridge": "stored food is never put at risk",
    "kitchen": "kitchen extraction is never commanded",
    "extract": "extraction is never commanded",
    "emergency": "emergency light and power are never commanded",
    "escape": "emergency light and power are never commanded",
    "alarm": "alarms are never written",
    "reset": "a reset is no setpoint",
}
"""Words in the name of a point that must not be written, and why."""

_HARMFUL = {
    "lufft": ((7, 2),),
    "ecowitt": ((0x161, 2),),
}
"""Registers, by maker, where any write loses data or the device: (address, count)."""

_CHARGE_LIMITS = ("charge_limit_a", "charge_limit_kw")
_DISCHARGE_LIMITS = ("discharge_limit_a", "discharge_limit_kw")
_CONTACTORS = ("contactors", "state")
_ALARMS = ("alarm", "alarms")
_MOST_BAND = {"degC": 8.0}
"""Widest band that may stand for ever, by unit."""


class Severity(StrEnum):
    """Whether a profile may be used."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, where, and what to do."""

    key: str
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.severity}: {self.key}: {self.message}"


def lint_file(path: Path) -> tuple[Finding, ...]:
    """Everything wrong with a profile file, schema mistakes included."""
    try:
        profile = load_profile(path.stem, path.parent)
    except ProfileError as error:
        return tuple(_from_schema(line, path.name) for line in str(error).splitlines())
    return lint(profile)


def _from_schema(line: str, file: str) -> Finding:
    key, found, message = line.removeprefix(f"{file}: ").partition(": ")
    return Finding(key, message) if found else Finding("profile", line)


def lint(profile: Profile) -> tuple[Finding, ...]:
    """Everything wrong with a profile that its schema lets through, errors first."""
    found = [*_about(profile), *_units(profile), *_written(profile)]
    match profile:
        case RegisterProfile():
            found += [*_overlaps(profile), *_register_writes(profile)]
        case BacnetTemplate():
            found += _bacnet_writes(profile)
        case _:
            found += _sunspec_writes(profile)
    return tuple(sorted(found, key=lambda finding: finding.severity is not Severity.ERROR))


def writable(profile: Profile) -> dict[str, str]:
    """Unit by name of the points that are ever written."""
    if isinstance(profile, SunSpecProfile):
        return {name: spec.unit for name, spec in profile.controls.items()}
    return {name: spec.unit for name, spec in profile.points.items() if spec.write is not None}


def units_of(profile: Profile) -> dict[str, str]:
    """Unit of every point by its name."""
    units = {name: spec.unit for name, spec in profile.points.items()}
    if not isinstance(profile, BacnetTemplate):
        units |= {name: spec.unit for name, spec in profile.derived.items()}
    if isinstance(profile, SunSpecProfile):
        units |= {name: spec.unit for name, spec in profile.ratios.items()}
        units |= {name: spec.unit for name, spec in profile.controls.items()}
    return units


def _about(profile: Profile) -> Iterator[Finding]:
    if profile.role is None:
        yield Finding("role", f"say what the device is for: one of {', '.join(Role)}")
    if profile.role is Role.BATTERY and not profile.lacks:
        yield from _bms(set(units_of(profile)))
    if profile.role is Role.METER and not _lives(profile):
        text = "no point is alive: a frozen device cannot be told from a steady one"
        yield Finding("points", text, Severity.WARNING)


def _lives(profile: Profile) -> bool:
    """Whether a point moves whenever the device lives."""
    if isinstance(profile, BacnetTemplate):
        return False
    return any(point.alive for point in profile.points.values())


def _bms(names: set[str]) -> Iterator[Finding]:
    """What a battery's own management says and this profile does not."""
    for wanted in (_CHARGE_LIMITS, _DISCHARGE_LIMITS, _CONTACTORS, _ALARMS):
        if not names.intersection(wanted):
            text = f"a battery has {' or '.join(wanted)}: add the point, or say in lacks why not"
            yield Finding("points", text)


def _units(profile: Profile) -> Iterator[Finding]:
    for name, unit in units_of(profile).items():
        if unit not in UNITS:
            yield Finding(f"points.{name}.unit", f"{unit!r} is none of {', '.join(sorted(UNITS))}")


def _written(profile: Profile) -> Iterator[Finding]:
    """Writable points whose name says that they must not be."""
    for name in writable(profile):
        for word, why in FORBIDDEN_WORDS.items():
            if re.search(rf"(^|_){word}s?(_|$)", name):
                yield Finding(f"points.{name}", f"must not be writable: {why}")


def _overlaps(profile: RegisterProfile) -> Iterator[Finding]:
    """Registers that two points read with different meanings."""
    for (first, one), (second, other) in combinations(profile.points.items(), 2):
        if one.bits is not None and other.bits is not None and not _share_bits(one, other):
            continue
        if profile.span(first).overlaps(profile.span(second)):
            yield Finding(f"points.{second}.address", f"its registers are those of {first} too")


def _share_bits(one: RegisterPoint, other: RegisterPoint) -> bool:
    if one.bits is None or other.bits is None:
        return True
    low, high = sorted((one.bits, other.bits))
    return low[0] + low[1] > high[0]


def _register_writes(profile: RegisterProfile) -> Iterator[Finding]:
    harmful = [
        Span(Function.HOLDING, address, count)
        for maker, areas in _HARMFUL.items()
        if maker in profile.manufacturer.lower()
        for address, count in areas
    ]
    for name, point in profile.points.items():
        if point.write is None:
            continue
        key = f"points.{name}.write"
        span = profile.span(name)
        for area in harmful:
            if span.overlaps(area):
                yield Finding(key, f"register {area.address} loses the device or its data")
        band = point.write.band
        if band[0] > band[1]:
            yield Finding(key, f"safe {point.write.safe} has nothing in common with the limits")
        if point.write.reverts == "none":
            yield from _band(key, point.unit, point.write.safe)
        if point.write.kept and point.write.writes_per_day is None:
            text = "the device keeps it in its memory: give writes_per_day"
            yield Finding(f"{key}.writes_per_day", text)


def _sunspec_writes(profile: SunSpecProfile) -> Iterator[Finding]:
    for name, control in profile.controls.items():
        yield from _band(f"controls.{name}", control.unit, control.safe)


def _bacnet_writes(profile: BacnetTemplate) -> Iterator[Finding]:
    for name, point in profile.points.items():
        if point.write is not None:
            yield from _band(f"points.{name}.write", point.unit, point.write.safe)


def _band(key: str, unit: str, safe: tuple[float, float] | None) -> Iterator[Finding]:
    """A band too wide to be safe for ever."""
    most = _MOST_BAND.get(unit)
    if safe is not None and most is not None and safe[1] - safe[0] > most:
        text = f"{safe[0]:g}..{safe[1]:g} {unit} cannot all be safe for ever: at most {most:g} wide"
        yield Finding(f"{key}.safe", text)
