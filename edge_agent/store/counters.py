"""Energy counters as differences: what a meter counted between two readings. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

PLAUSIBLE_KW = 10_000.0
"""No meter of a site behind one gateway counts faster; what seems to is another meter."""
_HOUR_MS = 3_600_000
_NEAR_END = 0.99
"""A counter that wraps was in the last hundredth of its range before, in the first after."""
_JITTER = 1e-6
"""Share of its value by which a counter may seem to fall through its own rounding."""
_NEAR_ZERO = 0.01
"""A counter that was set to zero stands below this share of what it showed."""
_DISPLAY_ENDS = (1e4, 1e5, 1e6, 1e7, 1e8, 1e9)
_REGISTER_ENDS = (2**16 / 1, 2**16 / 10, 2**32 / 1, 2**32 / 10, 2**32 / 100, 2**32 / 1000)
_ENDS = tuple(sorted({*_DISPLAY_ENDS, *_REGISTER_ENDS}))
"""Where counters wrap: the digits of a display, the bits of a register and its scale, kWh."""


class Jump(StrEnum):
    """What else than counting moved a counter."""

    NONE = "none"
    WRAP = "wrap"
    """It went past its last digit; the energy is counted across."""
    RESET = "reset"
    """It was set to zero; what it shows now is counted."""
    SWAP = "swap"
    """Another meter shows another number; what lies between is unknown and not counted."""


class Count(NamedTuple):
    """A counter as read: UTC ms since 1970 and kWh."""

    at_ms: int
    value_kwh: float


class Step(NamedTuple):
    """What was counted between two readings."""

    energy_kwh: float | None
    """None when it cannot be known."""
    jump: Jump = Jump.NONE


def follow(before: Count, after: Count) -> tuple[Step, Count]:
    """The energy counted from `before` to a later reading, and what to compare next."""
    found = _step(before, after)
    if found.jump is Jump.NONE and after.value_kwh < before.value_kwh:
        return found, Count(after.at_ms, before.value_kwh)
    return found, after


def _step(before: Count, after: Count) -> Step:
    most_kwh = PLAUSIBLE_KW * max(1000, after.at_ms - before.at_ms) / _HOUR_MS
    rise = after.value_kwh - before.value_kwh
    if rise >= 0:
        return Step(rise) if rise <= most_kwh else Step(None, Jump.SWAP)
    if -rise <= _JITTER * before.value_kwh:
        return Step(0.0)
    wrapped = _across(before.value_kwh, after.value_kwh)
    if wrapped is not None and wrapped <= most_kwh:
        return Step(wrapped, Jump.WRAP)
    if 0 <= after.value_kwh <= min(most_kwh, _NEAR_ZERO * before.value_kwh):
        return Step(after.value_kwh, Jump.RESET)
    return Step(None, Jump.SWAP)


def _across(before_kwh: float, after_kwh: float) -> float | None:
    """The least energy that leads from one to the other past the end of a counter."""
    for end in _ENDS:
        if _NEAR_END * end <= before_kwh < end and 0 <= after_kwh <= (1 - _NEAR_END) * end:
            return end - before_kwh + after_kwh
    return None
