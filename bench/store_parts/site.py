"""Readings of a site for the benches of the store: the same every time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from drivers.types import Quality, Reading

START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def noise(seed: int) -> float:
    """A number in [0, 1) without a pattern."""
    return math.sin(seed * 12.9898) * 43758.5453 % 1.0


class Site:
    """Devices of so many points: of 20, 8 move, 5 now and then, 4 count energy, 3 stand."""

    def __init__(self, devices: int, points: int) -> None:
        self.devices = devices
        self.points = points
        self._values = [230.0 + number for number in range(devices * points)]
        self._turn = 0

    def sweep(self, device: int, at: datetime) -> list[Reading]:
        """All points of a device, a moment later than those of the device before."""
        self._turn += 1
        found = []
        for point in range(self.points):
            number = device * self.points + point
            kind, chance = number % 20, noise(self._turn * self.points + point)
            if kind < 8:
                self._values[number] += chance - 0.5
            elif kind < 13:
                self._values[number] += 0.1 if chance < 0.05 else 0.0
            elif kind < 17:
                self._values[number] += chance / 100
            found.append(
                Reading(
                    device=f"device_{device}",
                    point=f"point_{point}",
                    value=round(self._values[number], 1 if kind < 13 else 3),
                    unit="kWh" if 13 <= kind < 17 else "kW",
                    at=at + timedelta(milliseconds=device * 7 % 50),
                    quality=Quality.GOOD,
                )
            )
        return found

    def seconds(self, count: int) -> Iterator[list[Reading]]:
        """All devices each second."""
        for second in range(count):
            at = START + timedelta(seconds=second)
            yield [r for device in range(self.devices) for r in self.sweep(device, at)]
