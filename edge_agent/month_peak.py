"""What the peak of the rest of a billing month will hardly stay below. Worker's side, pure.

A month begins with a billed peak of nothing, but a quiet first day tells nothing about the month:
holding a peak below what the month reaches anyway saves nothing and costs the arbitrage. For each
past day the lowest peak is found that the battery could have held; a share of the highest of as
many recent days as the month has left is the floor. Above it a kW costs what the tariff says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import ceil

from models.types import Battery, DemandTerm

ROUNDS = 14
"""Halvings of the search: a peak is found to a ten-thousandth."""
MOST_DAYS = 28
LEAST_DAYS = 7
EASE = 0.85
"""Holding a peak too low costs a little arbitrage, giving it away costs the month's rate: the floor
stays well below what was reached."""


def floor_days(days_left: float) -> int:
    """How many days back are looked at."""
    return min(MOST_DAYS, max(LEAST_DAYS, ceil(days_left)))


def floor_kw(held_kw: Iterable[float | None]) -> float:
    """The floor from the held peaks of recent days; None = a day not measured well enough."""
    known = [kw for kw in held_kw if kw is not None]
    return EASE * max(known) if known else 0.0


def with_floor(term: DemandTerm, rate_per_kw: float, kw: float) -> DemandTerm:
    """The charge with its whole rate above the floor."""
    return replace(term, price_per_kw=rate_per_kw, ratchet_kw=max(term.ratchet_kw, kw))


def held_peak_kw(battery: Battery, net_kw: Sequence[float], step_h: float = 0.25) -> float:
    """The lowest peak of one day that a battery, full at its beginning, can hold [kW]."""
    high = max(0.0, *net_kw)
    low = max(0.0, high - battery.discharge_kw)
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        if _holds(battery, net_kw, middle, step_h):
            high = middle
        else:
            low = middle
    return high


def _holds(battery: Battery, net_kw: Sequence[float], peak_kw: float, step_h: float) -> bool:
    usable = (battery.soc_max_share - battery.soc_min_share) * battery.capacity_kwh
    left = usable
    for kw in net_kw:
        over = kw - peak_kw
        if over > 0:
            left -= over * step_h / battery.discharge_efficiency
            if left < 0:
                return False
        else:
            charged = min(-over, battery.charge_kw) * step_h * battery.charge_efficiency
            left = min(usable, left + charged)
    return True
