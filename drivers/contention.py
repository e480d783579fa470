"""Telling a second master from a person: how often our value is changed while we hold a point.

The rate counts hours of holding, not of the wall: a person turns the knob once in many hours, a
second master rewrites minutes after each of our writes, however long we stand back in between.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

_HOUR_S = 3600.0
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Change:
    """One change against us: seconds held in total until then, and when (monotonic plant s)."""

    held_s: float
    at_s: float


@dataclass(frozen=True, slots=True)
class Contention:
    """What is known of one point; `limit` changes within an hour of holding are a second master.

    What happened more than `forgiven_after_s` of plant time ago does not count.
    """

    limit: int = 3
    forgiven_after_s: float = _DAY_S
    held_s: float = 0.0
    changes: tuple[Change, ...] = ()

    def held(self, seconds: float) -> Contention:
        """After holding the point for `seconds` more."""
        return replace(self, held_s=self.held_s + max(0.0, seconds))

    def changed(self, at_s: float) -> Contention:
        """After somebody changed our value, noticed at `at_s`; only the last `limit` matter."""
        changes = (*self.changes, Change(self.held_s, at_s))[-self.limit :]
        return replace(self, changes=changes)

    def recent(self, now_s: float) -> int:
        """Changes within the last hour of holding that are not forgiven yet."""
        return sum(
            self.held_s - change.held_s < _HOUR_S and now_s - change.at_s < self.forgiven_after_s
            for change in self.changes
        )

    def second_master(self, now_s: float) -> bool:
        """Whether somebody keeps rewriting; a day later we may try again."""
        return self.recent(now_s) >= self.limit
