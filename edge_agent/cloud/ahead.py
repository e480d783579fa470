"""The newest commits, sent before the backlog in front of them. In RAM only: pure, no I/O.

What went ahead counts as sent only when the backlog has caught up with it, and is sent once more
after a restart, a reconnect or a fall of the cursor.
"""

from __future__ import annotations

from edge_agent.cloud.watermark import Range


class Ahead:
    """One contiguous range above the cursor that the broker has."""

    def __init__(self) -> None:
        self._range: Range | None = None

    @property
    def last(self) -> int | None:
        """Its end, None when nothing went ahead."""
        return None if self._range is None else self._range[1]

    def reach(self, after: int, upto: int) -> None:
        """Everything above `after` up to `upto` has gone."""
        if upto > after:
            self._range = (after + 1 if self._range is None else self._range[0], upto)

    def bound(self, last: int) -> int:
        """Where the backlog ends, `last` at most."""
        return last if self._range is None else min(last, self._range[0] - 1)

    def join(self, cursor: int, *, fell: bool) -> int:
        """The cursor, at the range's end when it has reached its beginning."""
        if self._range is None:
            return cursor
        first, last = self._range
        if fell or cursor >= first - 1:
            self._range = None
        return last if cursor == first - 1 and not fell else cursor

    def meets(self, oldest: int) -> bool:
        """Whether the oldest commit above the cursor went ahead already; then it is forgotten."""
        met = self._range is not None and oldest >= self._range[0]
        if met:
            self._range = None
        return met

    def forget(self) -> None:
        """Nothing went ahead."""
        self._range = None
