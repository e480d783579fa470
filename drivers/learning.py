"""What a driver finds out about its device that is worth keeping over a restart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from drivers.readplan import Span


@runtime_checkable
class LearnsHoles(Protocol):
    """A driver that plans its requests around registers the device does not have."""

    @property
    def holes(self) -> tuple[Span, ...]:
        """Spans the device refused to read."""
        ...

    def learn(self, holes: Iterable[Span]) -> None:
        """Take holes found by an earlier run at the very same device."""
        ...
