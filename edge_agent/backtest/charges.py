"""What a case pays for its peaks: billing periods, hours that count, ratchets; per quarter hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from edge_agent.backtest.data_file import QUARTER_S
from edge_agent.billing_month import billing_month
from edge_agent.site.load import LoadedSite
from edge_agent.site.tariff_schema import DemandCharge
from edge_agent.tariff.calendar import holidays_in
from edge_agent.tariff.demand import billing_period, measured
from models.forecast.history import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BilledCharge:
    """One demand charge of a case; series from the start of the data, powers in kW."""

    id: str
    rate_per_kw: float
    quarters: int
    """Quarter hours in a billing interval."""
    period: NDArray[np.int64]
    """Place of the billing period of every quarter hour, 0 for that of the first one played."""
    periods: int
    counted: Floats
    """1 where import counts, 0 where it does not."""
    ratchet_share: float = 0.0
    ratchet_months: int = 0
    before_kw: tuple[float, ...] = ()
    """Peaks of the months before the first period, the newest first, billed without a battery."""

    def ratchet_kw(self, place: int, peaks_kw: Sequence[float]) -> float:
        """What the billed peak of a period cannot fall below; `peaks_kw` of the periods before."""
        earlier = [*reversed(peaks_kw[:place]), *self.before_kw][: self.ratchet_months]
        return self.ratchet_share * max(earlier, default=0.0)

    def charged(self, place: int) -> bool:
        """Whether anything counts in a period: in months without the charge nothing is billed."""
        return bool(self.counted[self.period == place].any())

    def blocks(self, place: int, until: int | None = None) -> list[slice]:
        """The whole billing intervals of a period, as quarter hours of the case."""
        steps = np.flatnonzero(self.period[:until] == place)
        if not len(steps):
            return []
        firsts = range(int(steps[0]), int(steps[-1]) + 2 - self.quarters, self.quarters)
        return [slice(first, first + self.quarters) for first in firsts]

    def peak_kw(self, import_kwh: Floats, place: int, until: int | None = None) -> float:
        """Highest mean of a period's counted intervals, as far as it was played."""
        means = [
            float((import_kwh[one] * self.counted[one]).mean()) * 4
            for one in self.blocks(place, until)
        ]
        return max(means, default=0.0)

    def billed_kw(self, import_kwh: Floats, place: int, until: int | None = None) -> float:
        """The peak that is paid for a period."""
        if not self.charged(place):
            return 0.0
        before = (
            [self.peak_kw(import_kwh, one) for one in range(place)] if self.ratchet_share else []
        )
        own_kw = self.peak_kw(import_kwh, place, until)
        return max(own_kw, self.ratchet_kw(place, before))


def charges_of(
    loaded: LoadedSite, start: datetime, bounds: tuple[int, int], net_kw: Floats
) -> tuple[BilledCharge, ...]:
    """Those of the site's tariff; `bounds` = first and last + 1 quarter hour that is played."""
    return tuple(
        _charge(charge, loaded, start, bounds, net_kw) for charge in loaded.tariff.demand_charges
    )


def _charge(
    charge: DemandCharge,
    loaded: LoadedSite,
    start: datetime,
    bounds: tuple[int, int],
    net_kw: Floats,
) -> BilledCharge:
    first, last = bounds
    period = np.full(last, -1, dtype=np.int64)
    step = first
    while step < last:
        moment = start + timedelta(seconds=QUARTER_S * step)
        left_s = (billing_period(charge, moment, loaded.zone)[1] - moment).total_seconds()
        until = min(last, step + -(-int(left_s) // QUARTER_S))
        period[step:until] = period[step - 1] + 1 if step > first else 0
        step = until
    quarters = charge.interval_min * 60 // QUARTER_S
    return BilledCharge(
        id=charge.id,
        rate_per_kw=charge.rate_per_kw,
        quarters=quarters,
        period=period,
        periods=int(period[last - 1]) + 1,
        counted=_counted(charge, loaded, start, last),
        ratchet_share=charge.ratchet_share,
        ratchet_months=charge.ratchet_months,
        before_kw=_before(charge, loaded, start, first, net_kw) if charge.ratchet_share else (),
    )


def _counted(charge: DemandCharge, loaded: LoadedSite, start: datetime, last: int) -> Floats:
    if not charge.windows and not charge.months:
        return np.ones(last)
    is_holiday = holidays_in(loaded.tariff)
    moments = (start + timedelta(seconds=QUARTER_S * step) for step in range(last))
    return np.array([float(measured(charge, at, loaded.zone, is_holiday)) for at in moments])


def _before(
    charge: DemandCharge, loaded: LoadedSite, start: datetime, first: int, net_kw: Floats
) -> tuple[float, ...]:
    """Peaks of the months before, as far as the data reach back."""
    counted = _counted(charge, loaded, start, first)
    found: list[float] = []
    end = billing_month(start + timedelta(seconds=QUARTER_S * first), loaded.zone)[0]
    while end > start and len(found) < charge.ratchet_months:
        begin = billing_month(end - timedelta(seconds=1), loaded.zone)[0]
        steps = slice(
            max(0, round((begin - start).total_seconds() / QUARTER_S)),
            min(first, round((end - start).total_seconds() / QUARTER_S)),
        )
        paid = np.nan_to_num(np.maximum(net_kw[steps], 0.0) * counted[steps])
        found.append(float(paid.max(initial=0.0)))
        end = begin
    return tuple(found)
