"""Device profiles: what a device says in which registers, as checked YAML.

A profile is data beside this file (or in a folder of the site): `registers` maps addresses to
points, `sunspec` maps fields of SunSpec models, `bacnet` is a template whose objects the site
names.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from drivers.profile_bacnet import BacnetTemplate
from drivers.profile_registers import RegisterProfile
from drivers.profile_sunspec import SunSpecProfile
from drivers.types import ProfileError

__all__ = [
    "BacnetTemplate",
    "Profile",
    "RegisterProfile",
    "SunSpecProfile",
    "load_profile",
    "profile_names",
]

FOLDER = Path(__file__).parent / "profiles"

Profile = RegisterProfile | SunSpecProfile | BacnetTemplate
_KINDS: dict[str, type[RegisterProfile] | type[SunSpecProfile] | type[BacnetTemplate]] = {
    "registers": RegisterProfile,
    "sunspec": SunSpecProfile,
    "bacnet": BacnetTemplate,
}


def profile_names(folder: Path | None = None) -> tuple[str, ...]:
    """Names of the profiles in `folder` (those shipped when None)."""
    return tuple(sorted(path.stem for path in (folder or FOLDER).glob("*.yaml")))


def load_profile(name: str, folder: Path | None = None) -> Profile:
    """The checked profile `name`; ProfileError names file, key and remedy."""
    path = (folder or FOLDER) / f"{name}.yaml"
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,47}", name) or not path.is_file():
        known = ", ".join(profile_names(folder)) or "none"
        msg = f"{path.name}: no such profile in {path.parent}; there are: {known}"
        raise ProfileError(msg)
    content = _parse(path)
    kind = content.get("kind")
    if kind not in _KINDS:
        msg = f"{path.name}: kind: {kind!r} is none of {', '.join(_KINDS)}; write one of them"
        raise ProfileError(msg)
    if content.get("name") != name:
        msg = f"{path.name}: name: {content.get('name')!r} differs from the file; write {name}"
        raise ProfileError(msg)
    try:
        return _KINDS[kind].model_validate(content)
    except ValidationError as error:
        raise ProfileError(_explain(path, error)) from error


def _parse(path: Path) -> dict[str, Any]:
    """The file as plain YAML 1.2; ProfileError when it is none."""
    try:
        content = YAML(typ="safe", pure=True).load(path)
    except (YAMLError, UnicodeDecodeError) as error:
        detail = " ".join(str(error).split())
        msg = f"{path.name}: not YAML: {detail}; mend the line it names"
        raise ProfileError(msg) from error
    if not isinstance(content, dict):
        msg = f"{path.name}: expected keys and values at the top; see the shipped profiles"
        raise ProfileError(msg)
    return content


def _explain(path: Path, error: ValidationError) -> str:
    """Every mistake with its key and what to do, one a line."""
    lines = []
    for mistake in error.errors(include_url=False):
        key = ".".join(str(part) for part in mistake["loc"]) or "profile"
        match mistake["type"]:
            case "extra_forbidden":
                remedy = "unknown key; remove it or mend its spelling"
            case "missing":
                remedy = "required; add it"
            case _:
                remedy = mistake["msg"].removeprefix("Value error, ")
        lines.append(f"{path.name}: {key}: {remedy}")
    return "\n".join(lines)
