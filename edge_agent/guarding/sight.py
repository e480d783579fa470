"""What the guard can see: believable numbers of the snapshot, and how old they are. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from edge_agent.snapshot import Snapshot

BELIEVABLE = 1e7
"""No power, current, voltage or temperature of a site is larger."""


def number(key: str, snapshot: Snapshot) -> float | None:
    """The fresh value of a point; None when it is missing, stale, infinite or beyond belief."""
    value = snapshot.value(key)
    # What is no number at all compares as False.
    return value if value is not None and -BELIEVABLE <= value <= BELIEVABLE else None


def unseen(keys: Iterable[str], snapshot: Snapshot) -> tuple[str, ...]:
    """Why nothing can be said, one sentence per point that shows no number."""
    return tuple(_why(key, snapshot) for key in keys if number(key, snapshot) is None)


def _why(key: str, snapshot: Snapshot) -> str:
    value = snapshot.value(key)
    return snapshot.why_missing(key) if value is None else f"{key} shows {value}"


def apart_s(first: str, second: str, snapshot: Snapshot) -> float:
    """Seconds between the last usable readings of two points."""
    one, other = snapshot.seen.get(first), snapshot.seen.get(second)
    if one is None or other is None or one.usable is None or other.usable is None:
        return math.inf
    return abs((one.usable.at - other.usable.at).total_seconds())


def age_s(key: str, snapshot: Snapshot) -> float:
    """Seconds since the last usable reading; infinite when there never was one."""
    seen = snapshot.seen.get(key)
    age = None if seen is None else seen.age_s(snapshot.at)
    return math.inf if age is None else age
