"""The example sites: beside the package in an installation, beside the packages in a checkout."""

from __future__ import annotations

from pathlib import Path

import edge_agent


class NoExampleError(Exception):
    """There is no example of that name; the message names those that are there."""


def example_path(name: str) -> Path:
    """Path of an example such as `hotel.yaml` or `tariffs/tou_2h.yaml`; raises NoExampleError."""
    for folder in _folders():
        path = folder / name
        if path.is_file():
            return path
    there = sorted(path.name for folder in _folders() for path in folder.glob("*.yaml"))
    msg = f"there is no example {name}: known are {', '.join(there) or 'none'}"
    raise NoExampleError(msg)


def _folders() -> tuple[Path, ...]:
    package = Path(edge_agent.__file__).parent
    return (package / "examples", package.parent / "examples")
