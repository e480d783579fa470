"""The page of supported devices, made from the profiles; pure."""

from __future__ import annotations

from collections.abc import Iterable

from drivers.profile import BacnetTemplate, Profile, RegisterProfile, SunSpecProfile
from drivers.profile_end_state import end_state
from drivers.profile_lint import units_of, writable

_HEAD = """# Devices

Each row is a profile: a YAML file in `drivers/profiles/` that says what a device has where. Name
it in the site file as `profile:`; of a BACnet template the site file also names the objects.
Nothing here has been tried by us on real hardware unless its row says so: commissioning does that
for your device. [add-a-device.md](add-a-device.md) shows how a new profile is made. This page is
made by `semdr-edge profiles list --markdown`; do not edit it.

Powers are in kW, energies in kWh; import, consumption and charging are positive.
"""
_KINDS = {"registers": "Modbus registers", "sunspec": "SunSpec", "bacnet": "BACnet template"}


def row(profile: Profile) -> dict[str, object]:
    """What a list shows of a profile."""
    return {
        "name": profile.name,
        "kind": profile.kind,
        "role": profile.role or "",
        "manufacturer": profile.manufacturer,
        "model": profile.model,
        "points": len(units_of(profile)),
        "writable": sorted(writable(profile)),
        "hardware_tested": profile.hardware_tested,
        "unverified": profile.unverified,
        "source": profile.source,
    }


def page(profiles: Iterable[Profile]) -> str:
    """The whole page, Markdown."""
    chosen = tuple(profiles)
    lines = [
        _HEAD,
        "| Profile | Device | Speaks | Points | Writable | Identity checked | Tried on hardware |",
        "|---|---|---|---|---|---|---|",
        *(_table_row(profile) for profile in chosen),
        "",
    ]
    for profile in chosen:
        lines += _section(profile)
    return "\n".join(lines).rstrip() + "\n"


def _table_row(profile: Profile) -> str:
    commanded = ", ".join(f"`{name}`" for name in writable(profile)) or "-"
    tested = "yes" if profile.hardware_tested else "no"
    if profile.unverified:
        tested += ", and the map has one source"
    cells = (
        f"[`{profile.name}`](#{profile.name})",
        f"{profile.manufacturer} {profile.model}",
        _KINDS[profile.kind],
        str(len(units_of(profile))),
        commanded,
        "yes" if checks_identity(profile) else "no",
        tested,
    )
    return f"| {' | '.join(cells)} |"


def checks_identity(profile: Profile) -> bool:
    """Whether another device is recognised before its values are believed."""
    match profile:
        case RegisterProfile():
            return bool(profile.identity.checks)
        case SunSpecProfile():
            return True
        case _:
            return False


def _section(profile: Profile) -> list[str]:
    units = units_of(profile)
    shown = ", ".join(f"`{name}`{_unit(unit)}" for name, unit in units.items())
    lines = [f"## {profile.name}", "", f"{profile.manufacturer} {profile.model}. {profile.note}"]
    lines = [line.strip() for line in lines]
    if not isinstance(profile, BacnetTemplate) and profile.unit is not None:
        lines[-1] += f" Unit number when delivered: {profile.unit}."
    lines += ["", f"- Source: <{profile.source}>", f"- Points: {shown}"]
    if profile.lacks:
        lines.append(f"- Missing: {' '.join(profile.lacks.split())}.")
    lines += [f"- If the gateway dies and never returns: {end_state(profile)}", ""]
    return lines


def _unit(unit: str) -> str:
    return "" if unit in ("1", "enum", "bits", "") else f" {unit}"
