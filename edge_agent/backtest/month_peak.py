"""What the peak of the rest of a billing month will hardly stay below, from the weeks before. Pure.

A month begins with a billed peak of nothing, but a quiet first day tells nothing about the month:
shaving below what the month reaches anyway saves nothing. For each past day the lowest peak is
found that the battery could have held; the highest of as many recent days as the month has left is
taken for the rest of it. Above that, a kW costs what it costs.
"""

from __future__ import annotations

import numpy as np

from edge_agent.backtest.case import DAY, Case
from models.forecast.history import Floats
from models.types import Battery

HOURS = 0.25
ROUNDS = 14
"""Halvings of the search: a peak is found to a ten-thousandth."""
MOST_DAYS = 28
WEEK_DAYS = 7
EASE = 0.98
"""Held days are those of hindsight, and months differ: a little lower is aimed at."""


class HeldPeaks:
    """Lowest daily peaks a battery could have held, day after day of a case."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._held: dict[int, float] = {}

    def floor_kw(self, step: int, days_left: float) -> float:
        """What the rest of the month will hardly stay below; 0 before the first whole day."""
        count = min(MOST_DAYS, max(WEEK_DAYS, int(np.ceil(days_left))))
        firsts = [step - DAY * (back + 1) for back in range(count)]
        held = [self._day(first - (first - self._case.first) % DAY) for first in firsts]
        known = [kw for kw in held if kw is not None]
        return EASE * max(known) if known else 0.0

    def _day(self, first: int) -> float | None:
        if first < 0:
            return None
        if first not in self._held:
            net = (
                self._case.measured_kw[first : first + DAY] - self._case.pv_kw[first : first + DAY]
            )
            if np.isnan(net).any():
                self._held[first] = 0.0
            else:
                self._held[first] = held_peak_kw(self._case.battery, net)
        return self._held[first]


def held_peak_kw(battery: Battery, net_kw: Floats) -> float:
    """The lowest peak of one day that a battery, full at its beginning, can hold [kW]."""
    high = max(0.0, float(net_kw.max()))
    low = max(0.0, high - battery.discharge_kw)
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        if _holds(battery, net_kw, middle):
            high = middle
        else:
            low = middle
    return high


def _holds(battery: Battery, net_kw: Floats, peak_kw: float) -> bool:
    usable = (battery.soc_max_share - battery.soc_min_share) * battery.capacity_kwh
    left = usable
    for kw in net_kw.tolist():
        over = kw - peak_kw
        if over > 0:
            left -= over * HOURS / battery.discharge_efficiency
            if left < 0:
                return False
        else:
            charged = min(-over, battery.charge_kw) * HOURS * battery.charge_efficiency
            left = min(usable, left + charged)
    return True
