"""What the hotel draws besides battery, PV and heating plant: shape, machines and noise."""

from __future__ import annotations

import random
from datetime import datetime

from models.building.noise import MeanReverting, stream
from models.building.parameters import LoadParameters

# Lighting, rooms, lifts, pumps, cold rooms: kW at each full local hour.
_WORKDAY_KW = (
    *(72.0, 70.0, 68.5, 68.0, 70.0, 79.0, 101.0, 124.0, 131.0, 124.0, 117.0, 114.0),
    *(117.0, 114.0, 107.0, 104.0, 108.0, 121.0, 137.0, 145.0, 140.0, 125.0, 103.0, 84.0),
)
_WEEKEND_KW = (
    *(80.0, 76.0, 72.0, 70.0, 70.0, 74.0, 88.0, 110.0, 129.0, 134.0, 126.0, 118.0),
    *(119.0, 116.0, 109.0, 106.0, 110.0, 122.0, 141.0, 151.0, 148.0, 135.0, 114.0, 93.0),
)
_SATURDAY = 5
# Starts per hour of one machine, by local hour.
_OVEN = {6: 1.2, 7: 1.5, 8: 0.9, 11: 1.2, 12: 1.2, 17: 1.0, 18: 1.6, 19: 1.6, 20: 1.0}
_WASHER = dict.fromkeys(range(8, 17), 0.9)


class Machine:
    """Something that is either off or on for a while."""

    __slots__ = ("_left_min", "_power_kw", "_run_min", "_starts_per_h")

    def __init__(self, power_kw: float, run_min: float, starts_per_h: dict[int, float]) -> None:
        self._power_kw = power_kw
        self._run_min = run_min
        self._starts_per_h = starts_per_h
        self._left_min = 0.0

    def minute(self, hour: int, rng: random.Random) -> float:
        """Electric power [kW] in the minute that begins now."""
        if self._left_min > 0:
            self._left_min -= 1.0
        elif rng.random() < self._starts_per_h.get(hour, 0.0) / 60.0:
            self._left_min = self._run_min * rng.uniform(0.6, 1.4)
        return self._power_kw if self._left_min > 0 else 0.0


class BaseLoad:
    """Electric power [kW] of everything nobody commands."""

    def __init__(self, parameters: LoadParameters, seed: int, step_s: float) -> None:
        self._parameters = parameters
        self._rng = stream(seed, "load.machines")
        self._machines = [
            *(Machine(parameters.oven_kw, 18.0, _OVEN) for _ in range(parameters.ovens)),
            *(Machine(parameters.washer_kw, 35.0, _WASHER) for _ in range(parameters.washers)),
        ]
        self._slow = MeanReverting(
            stream(seed, "load.slow"), spread=parameters.slow_share, memory_s=1200, step_s=60
        )
        self._fast = MeanReverting(
            stream(seed, "load.fast"), spread=parameters.fast_kw, memory_s=20, step_s=step_s
        )
        self._steady_kw = 0.0
        self.power_kw = 0.0

    def minute(self, local: datetime) -> None:
        """A new minute begins: shape, wandering and machines."""
        shape_kw = shape_at(local) * (1.0 + self._slow.step())
        machines_kw = sum(machine.minute(local.hour, self._rng) for machine in self._machines)
        self._steady_kw = shape_kw + machines_kw

    def step(self) -> float:
        """Power [kW] of the next substep."""
        limits = self._parameters
        wanted_kw = self._steady_kw + self._fast.step()
        self.power_kw = min(limits.ceiling_kw, max(limits.floor_kw, wanted_kw))
        return self.power_kw


def shape_at(local: datetime) -> float:
    """Expected steady load [kW] at a local time, straight lines between full hours."""
    table = _WEEKEND_KW if local.weekday() >= _SATURDAY else _WORKDAY_KW
    part = (local.minute + local.second / 60) / 60
    return table[local.hour] * (1 - part) + table[(local.hour + 1) % 24] * part
