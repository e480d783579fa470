"""`semdr-edge profiles list|show NAME|lint [FILE]`: the device profiles, and their mistakes."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path

from drivers.profile import FOLDER, Profile, load_profile, profile_names
from drivers.profile_end_state import point_end_states
from drivers.profile_lint import Finding, Severity, lint_file, units_of
from drivers.profile_page import page, row
from drivers.types import ProfileError


def main(options: Namespace) -> int:
    """0 good, 1 when there is no such profile or one has errors."""
    match options.action:
        case "list":
            return _list(options)
        case "show":
            return _show(options)
        case _:
            return _lint(options)


def _list(options: Namespace) -> int:
    profiles = [load_profile(name) for name in profile_names()]
    if options.markdown:
        sys.stdout.write(page(profiles))
    elif options.json:
        print(json.dumps([row(profile) for profile in profiles]))
    else:
        for profile in profiles:
            told = row(profile)
            print(f"{told['name']:<22} {told['role']:<14} {told['manufacturer']} {told['model']}")
    return 0


def _show(options: Namespace) -> int:
    try:
        profile = load_profile(options.name)
    except ProfileError as error:
        print(error, file=sys.stderr)
        return 1
    ends = point_end_states(profile)
    if options.json:
        told = row(profile) | {"units": units_of(profile), "end_states": ends}
        told |= {"note": profile.note, "lacks": profile.lacks}
        print(json.dumps(told))
    else:
        print(_text(profile, ends))
    return 0


def _text(profile: Profile, ends: dict[str, str]) -> str:
    tested = "tried on hardware" if profile.hardware_tested else "NOT tried on hardware by us"
    lines = [
        f"{profile.name}: {profile.manufacturer} {profile.model} ({profile.kind})",
        f"  {tested}{', map from one source' if profile.unverified else ''}: {profile.source}",
    ]
    lines += [
        f"  {text}" for text in (profile.note, profile.lacks and f"lacks: {profile.lacks}") if text
    ]
    for name, unit in units_of(profile).items():
        lines.append(f"    {name:<24} {unit:<8}{' writable' if name in ends else ''}")
    lines.append("  if the gateway dies and never returns:")
    lines += [f"    {text}" for text in ends.values()] or ["    nothing is ever written"]
    return "\n".join(lines)


def _lint(options: Namespace) -> int:
    paths = [options.file] if options.file else sorted(FOLDER.glob("*.yaml"))
    found = {path: _findings(path) for path in paths}
    bad = any(f.severity is Severity.ERROR for findings in found.values() for f in findings)
    if options.json:
        told = [
            {"file": path.name, "key": f.key, "severity": f.severity, "message": f.message}
            for path, findings in found.items()
            for f in findings
        ]
        print(json.dumps({"ok": not bad, "findings": told}))
        return int(bad)
    for path, findings in found.items():
        for finding in findings:
            print(f"{path.name}: {finding}")
    print(f"{len(paths)} profiles: {'there are errors' if bad else 'good'}")
    return int(bad)


def _findings(path: Path) -> tuple[Finding, ...]:
    if path.is_file():
        return lint_file(path)
    return (Finding(str(path), "there is no such file"),)
