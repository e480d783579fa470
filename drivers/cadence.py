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


def period_s(cadence: Cadence, poll_s: float) -> float:
    """Plant seconds between two reads of a point of that cadence."""
    match cadence:
        case Cadence.FAST:
            return poll_s / FAST_PER_PERIOD
        case Cadence.NORMAL:
            return poll_s
        case Cadence.SLOW:
            return SLOW_PERIODS * poll_s
        case Cadence.ONCE:
            return ONCE_S


class Schedule:
    """The groups of one device polled every `poll_s` plant seconds.

    Everything is due at the first look; all later beats stand `phase_s` (less than a beat) behind
    it, so that devices started together do not ask together for ever.
    """

    def __init__(self, points: Iterable[Point], poll_s: float, phase_s: float = 0.0) -> None:
        self._groups: dict[Cadence, tuple[str, ...]] = {}
        for point in points:
            self._groups[point.cadence] = (*self._groups.get(point.cadence, ()), point.name)
        self._period_s = {cadence: period_s(cadence, poll_s) for cadence in Cadence}
        self._phase_s = phase_s
        self._due_s: dict[Cadence, float] = {}

    @property
    def beat_s(self) -> float:
        """How often `due` is worth asking: the period of the fastest group there is."""
        return min((self._period_s[cadence] for cadence in self._groups), default=ONCE_S)

    @property
    def first_beat_s(self) -> float:
        """From the first look to the second."""
        return self.beat_s - self._early_s

    def due(self, now_s: float) -> tuple[str, ...]:
        """Names of the points to read now; a late caller reads once, not once for each beat."""
        names: list[str] = []
        for cadence, group in self._groups.items():
            every_s = self._period_s[cadence]
            due_s = self._due_s.get(cadence)
            if due_s is None:
                self._due_s[cadence] = now_s + every_s - self._early_s
            elif now_s < due_s - _SLACK_S:
                continue
            else:
                self._due_s[cadence] = due_s + every_s * (1 + (now_s - due_s + _SLACK_S) // every_s)
            names += group
        return tuple(names)

    def again(self, names: Iterable[str], now_s: float) -> None:
        """What these points were read for did not come: their groups are due at the next beat."""
        asked = set(names)
        for cadence, group in self._groups.items():
            if asked.issuperset(group) and cadence in self._due_s:
                self._due_s[cadence] = min(self._due_s[cadence], now_s + self.beat_s)

    @property
    def _early_s(self) -> float:
        """By so much the second beat comes early, to stand in its phase from then on."""
        return self.beat_s - self._phase_s if self._phase_s else 0.0


def stagger_s(index: int, count: int, period_s: float) -> float:
    """When the `index`-th of `count` devices of a link starts, so that they do not ask at once."""
    return period_s * index / max(1, count)
