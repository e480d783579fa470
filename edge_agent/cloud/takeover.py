"""Telling a stolen client id from a bad line."""

from __future__ import annotations

from collections import deque

WINDOW_S = 60.0
ALARM_DROPS = 3


class TakeoverCounter:
    """Counts how often a standing connection was thrown out within a minute (monotonic seconds).

    AWS closes the socket without a word when a second client uses the id, so three unannounced
    drops a minute count like the broker's own word for it.
    """

    def __init__(self) -> None:
        self._drops: deque[float] = deque()

    def dropped(self, at_s: float, *, said_so: bool) -> int:
        """Drops within the last minute when that means a take-over, else 0."""
        self._drops.append(at_s)
        while self._drops[0] < at_s - WINDOW_S:
            self._drops.popleft()
        drops = len(self._drops)
        return drops if said_so or drops >= ALARM_DROPS else 0
