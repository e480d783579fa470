"""What a roll-up keeps of the readings of one point in one span, and its row in few bytes. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

_EXACT_DIGITS = range(7)
_SIGNIFICANT = 7
"""Digits kept of values that are no short decimals."""
_MOST_DIGITS = 12
_LARGEST = 1e12
"""In units of the last digit: beyond it a sum would outgrow the row's whole numbers."""
_ROUNDING = 1e-4
"""Share of the last digit by which a sum of decimals may be off through binary rounding."""


class RollupRow(NamedTuple):
    """A row of a roll-up table after its key; values in units of 10**-digits."""

    last: int | None
    """None, like the next three, when no reading of the span was usable."""
    deviation: int | None
    """Sum of (value - last) over the usable readings."""
    low: int | None
    """Last minus lowest."""
    high: int | None
    """Highest minus last."""
    last_s: int
    """Second within the span at which `last` was read."""
    used: int
    """Usable readings."""
    uncertain: int
    """Usable readings that were not good."""
    unusable: int
    digits: int
    energy: int | None
    """Increase of an energy counter; None where there was no two to compare."""


@dataclass(slots=True)
class Summary:
    """Running figures of one point in one span, values in the point's unit."""

    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    last: float = 0.0
    last_ms: int = -(1 << 62)
    """When `last` was read, UTC since 1970."""
    used: int = 0
    uncertain: int = 0
    unusable: int = 0
    energy_kwh: float | None = None

    def add(self, times_ms: Sequence[int], values: Sequence[float], *, good: bool) -> None:
        """Take usable readings of this span, in any order of time."""
        self.total += math.fsum(values)
        self.low = min(self.low, *values)
        self.high = max(self.high, *values)
        self.used += len(values)
        self.uncertain += 0 if good else len(values)
        newest_ms = max(times_ms)
        if newest_ms >= self.last_ms:
            self.last_ms = newest_ms
            self.last = next(
                value
                for at_ms, value in zip(reversed(times_ms), reversed(values), strict=True)
                if at_ms == newest_ms
            )

    def merge(self, other: Summary) -> None:
        """Take what another summary of the same span, or of a part of it, has seen later."""
        self.total += other.total
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)
        self.used += other.used
        self.uncertain += other.uncertain
        self.unusable += other.unusable
        if other.used and other.last_ms >= self.last_ms:
            self.last_ms, self.last = other.last_ms, other.last
        if other.energy_kwh is not None:
            self.energy_kwh = (self.energy_kwh or 0.0) + other.energy_kwh


def storable(value: float) -> bool:
    """Whether a roll-up can hold the value: a finite number of a size that things have."""
    return -_LARGEST < value < _LARGEST


def to_row(summary: Summary, start_ms: int) -> RollupRow:
    """The row of a span that starts at `start_ms`: decimals exactly, others to seven digits."""
    if not summary.used:
        unusable = summary.unusable
        return RollupRow(None, None, None, None, 0, 0, 0, unusable, 0, None)
    digits = _digits(summary)
    scale = 10**digits
    last = round(summary.last * scale)
    energy = summary.energy_kwh
    return RollupRow(
        last=last,
        deviation=round(summary.total * scale) - last * summary.used,
        low=last - round(summary.low * scale),
        high=round(summary.high * scale) - last,
        last_s=(summary.last_ms - start_ms) // 1000,
        used=summary.used,
        uncertain=summary.uncertain,
        unusable=summary.unusable,
        digits=digits,
        energy=None if energy is None else round(energy * scale),
    )


def from_row(row: RollupRow, start_ms: int) -> Summary:
    """The inverse of to_row, to the second and to the digits that were kept."""
    if row.last is None or row.deviation is None or row.low is None or row.high is None:
        return Summary(unusable=row.unusable)
    scale = 10**row.digits
    return Summary(
        total=(row.last * row.used + row.deviation) / scale,
        low=(row.last - row.low) / scale,
        high=(row.last + row.high) / scale,
        last=row.last / scale,
        last_ms=start_ms + row.last_s * 1000,
        used=row.used,
        uncertain=row.uncertain,
        unusable=row.unusable,
        energy_kwh=None if row.energy is None else row.energy / scale,
    )


def _digits(summary: Summary) -> int:
    exact = (summary.last, summary.low, summary.high)
    sums = (summary.total, summary.energy_kwh or 0.0)
    largest = max(map(abs, exact))
    for digits in _EXACT_DIGITS:
        scale = 10**digits
        if digits and largest * scale > _LARGEST:
            break
        if all(round(value * scale) / scale == value for value in exact) and all(
            abs(round(value * scale) - value * scale) < _ROUNDING for value in sums
        ):
            return digits
    magnitude = math.floor(math.log10(largest)) if largest else 0
    return min(_MOST_DIGITS, max(0, _SIGNIFICANT - 1 - magnitude))
