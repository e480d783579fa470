"""What becomes of a device's commanded points when the gateway dies and never comes back. Pure."""

from __future__ import annotations

from drivers.profile import BacnetTemplate, Profile, SunSpecProfile
from drivers.profile_bacnet import BacnetTemplatePoint
from drivers.profile_registers import RegisterPoint
from drivers.profile_sunspec import SunControl

NOTHING = "Nothing is ever written: the device stays under its own control."


def end_state(profile: Profile) -> str:
    """One sentence per writable point: where it ends if the gateway is killed for good."""
    ends = point_end_states(profile)
    return " ".join(ends.values()) if ends else NOTHING


def point_end_states(profile: Profile) -> dict[str, str]:
    """The sentence of each writable point, by its name."""
    if isinstance(profile, SunSpecProfile):
        return {name: _control(name, spec) for name, spec in profile.controls.items()}
    if isinstance(profile, BacnetTemplate):
        return {
            name: _object(name, spec)
            for name, spec in profile.points.items()
            if spec.write is not None
        }
    return {
        name: _register(name, spec)
        for name, spec in profile.points.items()
        if spec.write is not None
    }


def _control(name: str, spec: SunControl) -> str:
    own = (
        f"{name}: the device's timer {spec.timer}, written with every value, ends the command "
        "when the lease runs out, and the device is back under its own control"
    )
    if spec.safe is None:
        return f"{own}; a device without that timer is never commanded."
    return (
        f"{own}; at a device without that timer only {_range(spec.safe, spec.unit)} is written, "
        "and stands."
    )


def _register(name: str, spec: RegisterPoint) -> str:
    write = spec.write
    if write is None:
        return ""
    if write.watchdog_s is not None:
        return (
            f"{name}: the device's watchdog drops the value {write.watchdog_s:g} s after the last "
            "repetition, and the device is back under its own control."
        )
    return f"{name}: the last value stands for ever, and is within {_range(write.band, spec.unit)}."


def _object(name: str, spec: BacnetTemplatePoint) -> str:
    if spec.write is None:
        return ""
    band = _range(spec.write.safe, spec.unit)
    return (
        f"{name}: the last value stands in our slot of the priority array, and is within {band}, "
        "or narrower if the site says so; every higher slot still wins."
    )


def _range(band: tuple[float, float], unit: str) -> str:
    shown = "" if unit in ("enum", "bits", "1") else f" {unit}"
    return f"{band[0]:g}{shown}" if band[0] == band[1] else f"{band[0]:g}..{band[1]:g}{shown}"
