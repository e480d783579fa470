"""A range the cloud asks for again: served once, a portion at a time, across drops and restarts."""

from __future__ import annotations

import json
from contextlib import suppress

from edge_agent.cloud.shadow_document import is_count
from edge_agent.cloud.watermark import Range


class Resend:
    """What is asked for, and how far it has been served. Pure, no I/O."""

    def __init__(self) -> None:
        self._wanted: Range | None = None
        self._served: Range | None = None
        self._done = 0
        self.changed = False
        """Progress differs from what was last written down."""

    def load(self, text: str | None) -> None:
        """Progress as written down by an earlier process; nonsense counts as none."""
        numbers: object = None
        with suppress(ValueError):
            numbers = json.loads(text or "")
        if isinstance(numbers, list) and len(numbers) == 3 and all(map(is_count, numbers)):  # noqa: PLR2004 - as dumped
            first, last, self._done = numbers
            self._served = (first, last)

    def dump(self) -> str:
        """Progress to be written down."""
        self.changed = False
        return json.dumps([*self._served, self._done] if self._served else [])

    def hear(self, asked: Range | None, *, whole: bool) -> None:
        """The cloud's wish; without one in the `whole` section, the same may be asked anew."""
        if asked is None and whole:
            self.changed = self.changed or self._served is not None
            self._wanted = self._served = None
        elif asked is not None:
            self._wanted = asked

    def due(self, first: int, last: int) -> Range | None:
        """What is left to send of what the store holds in `first..last`, None when nothing is."""
        if self._wanted is None:
            return None
        if self._served != self._wanted:
            self._served, self._done = self._wanted, 0
            self.changed = True
        start = max(self._wanted[0], self._done + 1, first)
        end = min(self._wanted[1], last)
        return (start, end) if start <= end else None

    def served(self, upto: int) -> None:
        """Sent up to here."""
        self._done = upto
        self.changed = True

    def finish(self) -> Range | None:
        """The range that is done now, to be reported once."""
        finished, self._wanted = self._wanted, None
        if finished is not None:
            self._done = finished[1]
            self.changed = True
        return finished
