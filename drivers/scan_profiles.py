"""Which register profile fits a unit that answers: by its identity, else by what it measures."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.modbus import open_device
from drivers.modbus_link import ModbusLink
from drivers.profile import RegisterProfile, load_profile, profile_names
from drivers.types import Clock, DriverError, Quality

_MARKS = ("frequency", "voltage_l1", "voltage_l2", "voltage_l3")
_BELIEVABLE = {"Hz": (45.0, 65.0), "V": (80.0, 480.0)}
_MARKS_NEEDED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A profile that may be the unit's, and why; `sure` when the device's own number says so."""

    profile: str
    why: str
    sure: bool


async def guess_profiles(link: ModbusLink, unit: int, clock: Clock) -> tuple[Guess, ...]:
    """The register profiles that fit, the surest first; SunSpec devices are found by their chain.

    Only a profile whose identity or whose frequency and voltages fit is named.
    """
    found = []
    for name in profile_names():
        profile = load_profile(name)
        if not isinstance(profile, RegisterProfile):
            continue
        if profile.identity.checks:
            guess = await _by_identity(link, unit, profile, clock)
        else:
            guess = await _by_values(link, unit, profile, clock)
        if guess is not None:
            found.append(guess)
    return tuple(sorted(found, key=lambda guess: (not guess.sure, guess.profile)))


async def _by_identity(
    link: ModbusLink, unit: int, profile: RegisterProfile, clock: Clock
) -> Guess | None:
    device = open_device("scanned", link, unit, profile.name, clock)
    try:
        identity = await device.identify()
    except DriverError:
        return None
    named = any(check.accepted for check in profile.identity.checks)
    if not named:
        return await _by_values(link, unit, profile, clock)
    who = " ".join(text for text in (identity.manufacturer, identity.model) if text)
    return Guess(profile=profile.name, why=f"the device says {who}", sure=True)


async def _by_values(
    link: ModbusLink, unit: int, profile: RegisterProfile, clock: Clock
) -> Guess | None:
    """Mains frequency and voltages lie where the profile says, and are those of a grid."""
    marks = tuple(name for name in _MARKS if name in profile.points)
    if len(marks) < _MARKS_NEEDED:
        return None
    device = open_device("scanned", link, unit, profile.name, clock)
    shown = []
    for reading in await device.read(marks):
        low, high = _BELIEVABLE.get(reading.unit, (0.0, 0.0))
        if reading.quality is not Quality.GOOD or reading.value is None:
            return None
        if not low <= reading.value <= high:
            return None
        shown.append(f"{reading.point} {reading.value:.4g} {reading.unit}")
    return Guess(profile=profile.name, why=", ".join(shown), sure=False)
