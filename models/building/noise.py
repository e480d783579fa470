"""Randomness that a seed repeats exactly, however often and in whatever order it is looked at."""

from __future__ import annotations

import math
import random
from zlib import crc32

_WORD = 0xFFFF_FFFF_FFFF_FFFF
_SHORT = 0xFFFF


def stream(seed: int, name: str) -> random.Random:
    """An own stream of random numbers, so that a new one does not shift the others."""
    return random.Random(f"{seed}/{name}")  # noqa: S311 - weather and guests, not secrets


class MeanReverting:
    """A value that wanders around zero (Ornstein-Uhlenbeck).

    `spread` is its standard deviation, `memory_s` the time in which it forgets all but 1/e.
    """

    __slots__ = ("_keep", "_kick", "_rng", "value")

    def __init__(
        self, rng: random.Random, *, spread: float, memory_s: float, step_s: float
    ) -> None:
        self._rng = rng
        self._keep = math.exp(-step_s / memory_s)
        self._kick = spread * math.sqrt(1.0 - self._keep**2)
        self.value = rng.gauss(0.0, spread)

    def step(self) -> float:
        """Move on by one step and return the value there."""
        self.value = self.value * self._keep + self._rng.gauss(0.0, self._kick)
        return self.value


class SensorNoise:
    """White noise of one sensor as a pure function of the sample's index: mean 0, variance 1."""

    __slots__ = ("_key",)

    def __init__(self, seed: int, name: str) -> None:
        self._key = crc32(f"{seed}/{name}".encode()) << 32

    def at(self, index: int) -> float:
        """Noise of the sample with that index: four uniform words, nearly normal."""
        # splitmix64: one multiply-xor round per line, enough to decorrelate neighbours.
        word = (self._key + index * 0x9E37_79B9_7F4A_7C15) & _WORD
        word = ((word ^ (word >> 30)) * 0xBF58_476D_1CE4_E5B9) & _WORD
        word = ((word ^ (word >> 27)) * 0x94D0_49BB_1331_11EB) & _WORD
        word ^= word >> 31
        total = sum((word >> shift) & _SHORT for shift in (0, 16, 32, 48))
        return (total / _SHORT - 2.0) * math.sqrt(3.0)
