"""Who may command a point, and why: a priority array per point, one winner. Pure.

A plain claim wants one value. A confining claim (with `bounds`) leaves the point to the claims
below its class, but only inside its bounds; its own value stands when nobody else wants one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

Bounds = tuple[float, float]
EVERYTHING: Bounds = (-math.inf, math.inf)


class Priority(IntEnum):
    """Classes of command, the lowest number wins."""

    SAFETY = 0
    GRID_OPERATOR = 1
    LOCAL_OVERRIDE = 2
    MANUAL = 3
    EVENT = 4
    CLOUD = 5
    PLAN = 6
    RULES = 7
    RELEASED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One claim on a point; `value` None asks that the point be left to the device itself."""

    point: str
    value: float | None
    priority: Priority
    owner: str
    reason: str
    since: datetime
    expires: datetime | None
    """Never None but for safety."""
    bounds: Bounds | None = None
    """Where given, claims of this class and below may have any value inside (low, high)."""

    def __post_init__(self) -> None:
        """Refuse a claim that would never end, and bounds that hold nothing."""
        if self.expires is None and self.priority is not Priority.SAFETY:
            msg = f"{self.point}: a claim of class {self.priority.name} needs an expiry"
            raise ValueError(msg)
        if self.bounds is None:
            return
        low, high = self.bounds
        if self.value is None or not low <= self.value <= high:
            msg = f"{self.point}: {self.value} does not lie in its own bounds {low:g}..{high:g}"
            raise ValueError(msg)

    def live(self, now: datetime) -> bool:
        """Whether the claim holds at `now`."""
        return self.expires is None or now < self.expires

    @property
    def who(self) -> str:
        """Class, owner and reason in one line."""
        return f"{self.priority.name.lower()} ({self.owner}): {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The winner of one point, and the whole array that lost or won, highest first."""

    point: str
    winner: Entry | None
    array: tuple[Entry, ...]
    confined: Bounds | None = None
    """Where the winner's value must lie, for the confining claims of its class and above."""
    confiner: Entry | None = None
    """The highest of them."""

    @property
    def value(self) -> float | None:
        """What the winner wants, inside the bounds; None = released."""
        if self.winner is None or self.winner.value is None or self.confined is None:
            return None if self.winner is None else self.winner.value
        return clamp(self.winner.value, self.confined)

    @property
    def reason(self) -> str:
        """Who controls the point and why."""
        if self.winner is None:
            return "released: nobody claims this point"
        if self.confiner is None or self.value == self.winner.value:
            return self.winner.who
        return f"{self.winner.who}; held by {self.confiner.who}"


def clamp(value: float, bounds: Bounds) -> float:
    """The nearest value inside."""
    return min(max(value, bounds[0]), bounds[1])


def within(inner: Bounds, outer: Bounds) -> Bounds:
    """`inner` as far as it lies in `outer`; where they do not meet, the nearest edge of `outer`."""
    return clamp(inner[0], outer), clamp(inner[1], outer)


def arbitrate(points: Iterable[str], entries: Iterable[Entry], now: datetime) -> list[Decision]:
    """One decision per point, in the order of `points`; among equals the youngest claim wins."""
    live = [entry for entry in entries if entry.live(now)]
    decisions = []
    for point in points:
        claims = [entry for entry in live if entry.point == point]
        array = tuple(sorted(claims, key=_rank) if len(claims) > 1 else claims)
        decisions.append(_decide(point, array))
    return decisions


def _rank(entry: Entry) -> tuple[int, float, str, str, str]:
    # Owner, reason and value only make the order the same whatever the order of arrival.
    return (
        entry.priority,
        -entry.since.timestamp(),
        entry.owner,
        entry.reason,
        f"{entry.value} {entry.bounds}",
    )


def _decide(point: str, array: tuple[Entry, ...]) -> Decision:
    plain = next((entry for entry in array if entry.bounds is None), None)
    lowest = Priority.RELEASED if plain is None else plain.priority
    above = [one for one in array if one.bounds is not None and one.priority <= lowest]
    if not above:
        return Decision(point=point, winner=plain, array=array)
    silent = plain is None or plain.value is None or not math.isfinite(plain.value)
    return Decision(
        point=point,
        winner=above[0] if silent else plain,
        array=array,
        confined=_meet(above),
        confiner=above[0],
    )


def _meet(confining: Sequence[Entry]) -> Bounds:
    """Where all of them meet; where they do not, the higher class has its way."""
    bounds = EVERYTHING
    for entry in confining:
        bounds = within(entry.bounds or EVERYTHING, bounds)
    return bounds
