"""Is this the program it claims to be: 64-bit, and all three packages from one place."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path

POINTER_BYTES = 8


class HouseError(Exception):
    """The program cannot run here; the message says why and what to do."""


def check_house() -> None:
    """Raise HouseError on a 32-bit Python, or when `drivers` or `models` are strangers."""
    if struct.calcsize("P") < POINTER_BYTES:
        msg = "a 64-bit operating system is needed: the solver does not exist for 32-bit"
        raise HouseError(msg)
    home = Path(__file__).resolve().parent.parent
    for name in ("drivers", "models"):
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin).resolve() if spec is not None and spec.origin else None
        if origin is None or origin.parent.parent != home:
            msg = (
                f"the package {name!r} comes from {origin}, not from {home}: start the installed "
                f"semdr-edge from another folder, and without PYTHONPATH"
            )
            raise HouseError(msg)
