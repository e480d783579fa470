"""The demand charges in the LP of perfect foresight: a period's peak and what is billed."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from edge_agent.backtest.case import Case
from edge_agent.backtest.charges import BilledCharge
from models.forecast.history import Floats

KINDS = 6
"""Columns per quarter hour before those of the peaks."""
BUY = 2


class PeakRows:
    """Two columns a period: its peak, and after all of them what is billed; rows <= 0."""

    def __init__(self, case: Case) -> None:
        self._case, self._charges = case, case.charges()
        self._count = case.last - case.first
        self._first = {
            charge.id: 2 * sum(one.periods for one in self._charges[:place])
            for place, charge in enumerate(self._charges)
        }
        self.columns = 2 * sum(charge.periods for charge in self._charges)
        self.rows = 0
        self._entries: list[tuple[int, int, float]] = []
        for charge in self._charges:
            self._peak_rows(charge)
            self._billed_rows(charge)

    def matrix(self) -> sparse.csr_array:
        """Of all columns of the LP."""
        rows, columns, values = zip(*self._entries, strict=True) if self._entries else ((), (), ())
        width = KINDS * self._count + self.columns
        return sparse.csr_array((values, (rows, columns)), shape=(self.rows, width))

    def costs(self) -> Floats:
        """Money per kW of what is billed."""
        costs = np.zeros(self.columns)
        for charge in self._charges:
            for place in range(charge.periods):
                if charge.charged(place):
                    costs[self._first[charge.id] + charge.periods + place] = charge.rate_per_kw
        return costs

    def bounds(self) -> Floats:
        """No less than earlier months hold."""
        bounds = np.tile([0.0, np.inf], (self.columns, 1))
        for charge in self._charges:
            for place in range(charge.periods):
                held = charge.ratchet_kw(place, [0.0] * place)
                bounds[self._first[charge.id] + charge.periods + place, 0] = held
        return bounds

    def _peak_rows(self, charge: BilledCharge) -> None:
        """Mean import of every interval is no more than its period's peak."""
        first = self._case.first
        for place in range(charge.periods):
            for one in charge.blocks(place):
                for step in range(one.start, one.stop):
                    column = BUY * self._count + step - first
                    weight = float(charge.counted[step]) / charge.quarters
                    self._entries.append((self.rows, column, weight))
                self._entries.append((self.rows, self._column(charge, place), -1.0))
                self.rows += 1

    def _billed_rows(self, charge: BilledCharge) -> None:
        """What is billed is no less than the peak, and a share of the peaks before."""
        for place in range(charge.periods):
            earliest = max(0, place - charge.ratchet_months) if charge.ratchet_share else place
            for other in range(earliest, place + 1):
                share = 1.0 if other == place else charge.ratchet_share
                self._entries.append((self.rows, self._column(charge, other), share))
                self._entries.append(
                    (self.rows, self._column(charge, charge.periods + place), -1.0)
                )
                self.rows += 1

    def _column(self, charge: BilledCharge, place: int) -> int:
        return KINDS * self._count + self._first[charge.id] + place
