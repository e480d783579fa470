"""Readings that speak against a value we hold: reason to look at the device before its time."""

from __future__ import annotations

from drivers.types import Point
from edge_agent.snapshot import Snapshot
from edge_agent.store.types import LeaseRow, LeaseState


class Doubts:
    """A value that cannot revert by itself is checked rarely; a reading in between tells earlier.

    What a point shows against the same held value is looked into once: a device may have its own
    way to show it.
    """

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None
        """Of the running cycle."""
        self._looked: dict[str, tuple[float, float]] = {}

    def due(self, lease: LeaseRow | None, point: Point) -> bool:
        """Whether a reading newer than the last look at the device differs from what we hold."""
        shown = self._shown(lease, point)
        if lease is None or shown is None:
            return False
        if abs(shown - lease.value) <= point.tolerance:
            self._looked.pop(point.key, None)
            return False
        return self._looked.get(point.key) != (lease.value, shown)

    def looked(self, lease: LeaseRow, point: Point) -> None:
        """The device is being looked at now."""
        shown = self._shown(lease, point)
        if shown is not None:
            self._looked[point.key] = (lease.value, shown)

    def _shown(self, lease: LeaseRow | None, point: Point) -> float | None:
        if lease is None or lease.state is not LeaseState.ACTIVE or point.reverts.by_itself:
            return None
        if self.snapshot is None or (shown := self.snapshot.value(point.key)) is None:
            return None
        usable = self.snapshot.seen[point.key].usable
        return shown if usable is not None and usable.at > lease.since else None
