"""Whether a meter sees the grid's frequency well enough to answer it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

COARSEST_HZ = 0.010
SLOWEST_S = 0.5
LEAST_SAMPLES = 20
LEAST_VALUES = 3
"""Fewer different values say nothing about the steps between them."""
LATE_SHARE = 0.95
"""So many of the readings must come in time."""
DIGITS = 4
"""Finer differences are dust of the number format, no resolution."""
DUST_HZ = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyMeter:
    """What a meter was seen to do: its steps in Hz and the time between its readings in s."""

    resolution_hz: float
    every_s: float


def observed(samples: Sequence[tuple[datetime, float]]) -> FrequencyMeter | None:
    """Steps and pace of a run of readings (time, Hz); None while they are too few to tell."""
    if len(samples) < LEAST_SAMPLES:
        return None
    levels = sorted({round(hz, DIGITS) for _, hz in samples})
    if len(levels) < LEAST_VALUES:
        return None
    gaps_s = sorted((later[0] - earlier[0]).total_seconds() for earlier, later in pairwise(samples))
    steps_hz = [high - low for low, high in pairwise(levels)]
    return FrequencyMeter(
        resolution_hz=min(steps_hz), every_s=gaps_s[int(LATE_SHARE * (len(gaps_s) - 1))]
    )


def refusal(meter: FrequencyMeter | None) -> str | None:
    """Why droop support is refused with this meter; None = it may run."""
    if meter is None:
        return "too few different frequency readings yet to know the meter's resolution"
    if meter.resolution_hz > COARSEST_HZ + DUST_HZ:
        return (
            f"the meter resolves {1000 * meter.resolution_hz:.0f} mHz; "
            f"droop support needs {1000 * COARSEST_HZ:.0f} mHz or finer"
        )
    if meter.every_s > SLOWEST_S + DUST_HZ:
        return (
            f"the meter is read every {meter.every_s:.1f} s; "
            f"droop support needs {SLOWEST_S:.1f} s or less"
        )
    return None
