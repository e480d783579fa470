"""Everything of ours in a state directory, and its end."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from edge_agent.store.lock import StateLock

OURS = frozenset({"compiled", "control.sock", "feeds", "foreseen", "lock"})


@dataclass(frozen=True, slots=True)
class Wiped:
    """Names in the state directory."""

    removed: tuple[str, ...]
    left: tuple[str, ...]
    """Not ours: still there."""


def wipe(state_dir: Path, database: str, log_file: str = "") -> Wiped:
    """Remove store, copies, cache, logs and lock; LockHeldError while the agent runs, or OSError.

    The bytes are given back to the file system, not overwritten.
    """
    with StateLock.acquire(state_dir):
        names = sorted(path.name for path in state_dir.iterdir())
        removed = [name for name in names if _is_ours(name, database, log_file)]
        # The lock goes last: until then no agent starts here.
        for name in sorted(removed, key=lambda name: name == "lock"):
            path = state_dir / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    return Wiped(tuple(removed), tuple(name for name in names if name not in removed))


def _is_ours(name: str, database: str, log_file: str) -> bool:
    stems = (database, log_file) if log_file else (database,)
    return name in OURS or any(_stems_from(name, stem) for stem in stems)


def _stems_from(name: str, stem: str) -> bool:
    """The file itself, its log, and copies under a longer name."""
    return name == stem or name.startswith((f"{stem}-", f"{stem}."))
