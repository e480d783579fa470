"""Readings that speak against a value we hold: reason to look at the device before its time."""

from __future__ import annotations

from datetime import datetime

from drivers.types import Point
from edge_agent.snapshot import Snapshot
from edge_agent.store.types import LeaseRow, LeaseState

EVERY_S = 60.0
"""A point that shows ever other values against the same held one is not looked at more often."""


class Doubts:
    """A value that cannot revert by itself is checked rarely; a reading in between tells earlier.

    What a point shows against the same held value is looked into once: a device may have its own
    way to show it.
    """

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None
        """Of the running cycle."""
        self._looked: dict[str, tuple[float, float, datetime]] = {}

    def due(self, lease: LeaseRow | None, point: Point) -> bool:
        """Whether a reading newer than the last look at the device differs from what we hold."""
        shown = self._shown(lease, point)
        if lease is None or shown is None:
            return False
        last = self._looked.get(point.key)
        if abs(shown - lease.value) <= point.tolerance:
            if last is not None:
                self._looked[point.key] = (last[0], lease.value, last[2])
            return False
        if last is None or last[0] != lease.value or self.snapshot is None:
            return True
        return shown != last[1] and abs((self.snapshot.at - last[2]).total_seconds()) >= EVERY_S

    def looked(self, lease: LeaseRow, point: Point) -> None:
        """The device is being looked at now."""
        shown = self._shown(lease, point)
        if shown is not None and self.snapshot is not None:
            self._looked[point.key] = (lease.value, shown, self.snapshot.at)

    def _shown(self, lease: LeaseRow | None, point: Point) -> float | None:
        if lease is None or lease.state is not LeaseState.ACTIVE or point.reverts.by_itself:
            return None
        if self.snapshot is None or (shown := self.snapshot.value(point.key)) is None:
            return None
        usable = self.snapshot.seen[point.key].usable
        return shown if usable is not None and usable.at > lease.since else None
