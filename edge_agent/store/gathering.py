"""Readings on their way to a commit, cut where the clock was set or its worth changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from drivers.types import Clock, Reading
from edge_agent.clock_trust import ClockTrust, sight, step_between
from edge_agent.store.trusting import Stamp, stamp_of


class Part(NamedTuple):
    """Readings of one commit: one clock, one trust."""

    readings: tuple[Reading, ...]
    stamp: Stamp


class Gathering:
    """What was read since the last commit, at most `most` readings, the oldest give way."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._open: deque[Reading] = deque()
        self._parts: deque[Part] = deque()
        self._count = 0
        self._trust = ClockTrust.ESTIMATED
        self._sight = sight(clock)
        self.dropped = 0

    def append(self, readings: Iterable[Reading]) -> None:
        """Gather readings that were just read."""
        self._look()
        before = len(self._open)
        self._open.extend(readings)
        self._count += len(self._open) - before
        self._drop(self._count - self._most)

    def set_trust(self, trust: ClockTrust) -> None:
        """What readings are worth from now on; those gathered keep what was said before."""
        self._look()
        if trust is not self._trust:
            self.cut()
            self._trust = trust

    def cut(self) -> None:
        """End a commit here."""
        if self._open:
            self._parts.append(Part(tuple(self._open), stamp_of(self._sight, self._trust)))
            self._open.clear()

    def take(self) -> list[Part]:
        """Everything gathered, as one commit or as many as there were clocks."""
        self._look()
        self.cut()
        parts = list(self._parts)
        self._parts.clear()
        self._count = 0
        return parts

    def _look(self) -> None:
        """Cut where the clock was set; then nobody has said yet that it was set rightly."""
        now = sight(self._clock)
        if step_between(self._sight, now) is not None:
            self.cut()
            if self._trust is ClockTrust.SYNCHRONISED:
                self._trust = ClockTrust.UNKNOWN
        self._sight = now

    def _drop(self, excess: int) -> None:
        if excess <= 0:
            return
        self._count -= excess
        self.dropped += excess
        while excess and self._parts:
            first = self._parts.popleft()
            if len(first.readings) > excess:
                self._parts.appendleft(first._replace(readings=first.readings[excess:]))
            excess -= min(excess, len(first.readings))
        for _ in range(excess):
            self._open.popleft()
