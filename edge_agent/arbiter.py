"""Who may command a point, and why: a priority array per point, one winner. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


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

    def __post_init__(self) -> None:
        """Refuse a claim that would never end."""
        if self.expires is None and self.priority is not Priority.SAFETY:
            msg = f"{self.point}: a claim of class {self.priority.name} needs an expiry"
            raise ValueError(msg)

    def live(self, now: datetime) -> bool:
        """Whether the claim holds at `now`."""
        return self.expires is None or now < self.expires


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The winner of one point, and the whole array that lost or won, highest first."""

    point: str
    winner: Entry | None
    array: tuple[Entry, ...]

    @property
    def value(self) -> float | None:
        """What the winner wants; None = released."""
        return None if self.winner is None else self.winner.value

    @property
    def reason(self) -> str:
        """Who controls the point and why."""
        if self.winner is None:
            return "released: nobody claims this point"
        return f"{self.winner.priority.name.lower()} ({self.winner.owner}): {self.winner.reason}"


def arbitrate(points: Iterable[str], entries: Iterable[Entry], now: datetime) -> list[Decision]:
    """One decision per point, in the order of `points`; among equals the youngest claim wins."""
    live = [entry for entry in entries if entry.live(now)]
    decisions = []
    for point in points:
        claims = [entry for entry in live if entry.point == point]
        array = tuple(sorted(claims, key=lambda e: (e.priority, -e.since.timestamp(), e.owner)))
        decisions.append(Decision(point=point, winner=array[0] if array else None, array=array))
    return decisions
