"""Which points of a device are due, by the cadence of each; pure but for its own memory.

Groups are passed to `Driver.read` as they are due, so that the read planner keeps one plan each.
"""

from __future__ import annotations

from collections.abc import Iterable

from drivers.types import Cadence, Point

FAST_PER_PERIOD = 4
SLOW_PERIODS = 10
ONCE_S = 86_400.0
_SLACK_S = 1e-6


class Schedule:
    """The groups of one device polled every `poll_s` plant seconds."""

    def __init__(self, points: Iterable[Point], poll_s: float) -> None:
        self._groups: dict[Cadence, tuple[str, ...]] = {}
        for point in points:
            self._groups[point.cadence] = (*self._groups.get(point.cadence, ()), point.name)
        self._period_s = {
            Cadence.FAST: poll_s / FAST_PER_PERIOD,
            Cadence.NORMAL: poll_s,
            Cadence.SLOW: SLOW_PERIODS * poll_s,
            Cadence.ONCE: ONCE_S,
        }
        self._due_s: dict[Cadence, float] = {}

    @property
    def beat_s(self) -> float:
        """How often `due` is worth asking: the period of the fastest group there is."""
        return min((self._period_s[cadence] for cadence in self._groups), default=ONCE_S)

    def due(self, now_s: float) -> tuple[str, ...]:
        """Names of the points to read now; a late caller reads once, not once for each beat."""
        names: list[str] = []
        for cadence, group in self._groups.items():
            due_s = self._due_s.setdefault(cadence, now_s)
            if now_s < due_s - _SLACK_S:
                continue
            names += group
            period_s = self._period_s[cadence]
            self._due_s[cadence] = due_s + period_s * (1 + (now_s - due_s + _SLACK_S) // period_s)
        return tuple(names)


def stagger_s(index: int, count: int, period_s: float) -> float:
    """When the `index`-th of `count` devices of a link starts, so that they do not ask at once."""
    return period_s * index / max(1, count)
