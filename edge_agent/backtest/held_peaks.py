"""The floor of a month's peak from the days of a case, each day reckoned once."""

from __future__ import annotations

import numpy as np

from edge_agent.backtest.case import DAY, Case
from edge_agent.month_peak import floor_days, floor_kw, held_peak_kw


class HeldPeaks:
    """Lowest daily peaks a battery could have held, day after day of a case."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._held: dict[int, float | None] = {}

    def floor_kw(self, step: int, days_left: float) -> float:
        """What the rest of the month will hardly stay below; 0 before the first whole day."""
        whole = step - (step - self._case.first) % DAY
        firsts = [whole - DAY * back for back in range(1, floor_days(days_left) + 1)]
        return floor_kw(self._day(first) for first in firsts if first >= 0)

    def _day(self, first: int) -> float | None:
        if first not in self._held:
            steps = slice(first, first + DAY)
            net = self._case.measured_kw[steps] - self._case.pv_kw[steps]
            known = not np.isnan(net).any()
            self._held[first] = held_peak_kw(self._case.battery, net.tolist()) if known else None
        return self._held[first]
