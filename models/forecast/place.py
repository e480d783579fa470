"""Where a plant stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where a plant stands, degrees, north and east positive."""

    latitude: float
    longitude: float
