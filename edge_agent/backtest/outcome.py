"""What a policy cost and did, month by month; metered on 5 s, billed on block averages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from edge_agent.backtest.case import DAY, WEEK, Case
from edge_agent.backtest.charges import BilledCharge
from edge_agent.backtest.meter import FINE_S
from models.forecast.history import Floats

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """Money and energy of one billing month (or the part of it that was played)."""

    name: str
    energy: float
    demand: float
    wear: float
    stored: float
    """Minus what the change of stored energy is worth, so that months can be compared."""
    peaks_kw: tuple[float, ...]
    """Billed peak per demand charge, in its billing period up to the month's end."""

    @property
    def cost(self) -> float:
        """All of it."""
        return self.energy + self.demand + self.wear + self.stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week of quarter hours to look at."""

    days: tuple[datetime, ...]
    without_kw: tuple[float, ...]
    import_kw: tuple[float, ...]
    soc_kwh: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One policy over one case; energies in kWh."""

    policy: str
    months: tuple[Month, ...]
    import_kwh: float
    export_kwh: float
    discharged_kwh: float
    cycles_per_day: float
    self_consumption: float | None
    """Share of what the PV plants could make that was used on site; None without PV."""
    co2_kg: float | None
    notes: tuple[str, ...] = ()
    week: Week | None = None
    """That of the highest load."""

    @property
    def cost(self) -> float:
        """Energy, demand, wear and the change of what is in store."""
        return sum(month.cost for month in self.months)

    @property
    def peak_kw(self) -> float:
        """Highest of all billed peaks; 0 where none is billed."""
        return self.billed_kw or 0.0

    @property
    def billed_kw(self) -> float | None:
        """Highest of all billed peaks; None where the tariff bills none."""
        return max((peak_kw for month in self.months for peak_kw in month.peaks_kw), default=None)


@dataclass(slots=True, eq=False)
class Book:
    """Per quarter hour of a case: what was metered and where the battery ended."""

    case: Case
    import_kwh: Floats = field(init=False)
    export_kwh: Floats = field(init=False)
    discharged_kwh: Floats = field(init=False)
    """AC energy out of the battery: what wear is paid for."""
    soc_kwh: Floats = field(init=False)
    """At the end of the quarter hour."""
    curtailed_kwh: Floats = field(init=False)

    def __post_init__(self) -> None:
        count = self.case.last
        for name in ("import_kwh", "export_kwh", "discharged_kwh", "curtailed_kwh"):
            setattr(self, name, np.zeros(count))
        self.soc_kwh = np.full(count, start_soc_kwh(self.case))

    def post(self, step: int, net_kw: Floats, discharged_kwh: float) -> None:
        """One quarter hour: the meter every 5 s, and what came out of the battery."""
        hours = FINE_S / HOUR_S
        self.import_kwh[step] = float(np.maximum(net_kw, 0.0).sum()) * hours
        self.export_kwh[step] = float(np.maximum(-net_kw, 0.0).sum()) * hours
        self.discharged_kwh[step] = discharged_kwh


def start_soc_kwh(case: Case) -> float:
    """Every policy begins with the middle of the battery's window."""
    battery = case.battery
    return battery.capacity_kwh * (battery.soc_min_share + battery.soc_max_share) / 2


def stored_value(case: Case) -> float:
    """Money a kWh in store is worth at a month's end: the mean import price of the span."""
    return float(case.import_price[case.played].mean())


def settle(policy: str, book: Book, notes: tuple[str, ...] = ()) -> Outcome:
    """The bill of a book."""
    case, battery = book.case, book.case.battery
    played, charges = case.played, case.charges()
    days = (case.last - case.first) / DAY
    pv_kwh = float(case.pv_kw[played].sum()) / 4
    export_kwh = float(book.export_kwh[played].sum())
    curtailed_kwh = float(book.curtailed_kwh[played].sum())
    discharged = float(book.discharged_kwh[played].sum())
    co2 = case.co2_kg_per_kwh
    return Outcome(
        policy=policy,
        months=tuple(_month(book, place, charges) for place in range(len(case.month_names))),
        import_kwh=float(book.import_kwh[played].sum()),
        export_kwh=export_kwh,
        discharged_kwh=discharged,
        cycles_per_day=discharged / battery.capacity_kwh / days,
        self_consumption=(1.0 - (export_kwh + curtailed_kwh) / pv_kwh) if pv_kwh > 0 else None,
        co2_kg=None if co2 is None else float((co2 * book.import_kwh)[played].sum()),
        notes=notes,
    )


def highest_week(book: Book) -> Week:
    """The days around the highest load."""
    case = book.case
    top = case.first + int(np.argmax(case.net_kw[case.played]))
    first = max(case.first, min(top - WEEK // 2, case.last - WEEK))
    steps = slice(first, min(case.last, first + WEEK))
    count = -(-(steps.stop - first) // DAY)
    return Week(
        days=tuple(case.at(first) + timedelta(days=day) for day in range(count)),
        without_kw=tuple(np.maximum(0.0, case.net_kw[steps]).round(2).tolist()),
        import_kw=tuple((4 * book.import_kwh[steps]).round(2).tolist()),
        soc_kwh=tuple(book.soc_kwh[steps].round(2).tolist()),
    )


def _month(book: Book, place: int, charges: Sequence[BilledCharge]) -> Month:
    case = book.case
    steps = np.flatnonzero(case.month[: case.last] == place)
    bought, sold = book.import_kwh[steps], book.export_kwh[steps]
    before = steps[0] - 1
    begin_kwh = book.soc_kwh[before] if before >= case.first else start_soc_kwh(case)
    change_kwh = float(book.soc_kwh[steps[-1]] - begin_kwh)
    paid = [_peak_paid(book, charge, steps) for charge in charges]
    return Month(
        name=case.month_names[place],
        energy=float(bought @ case.import_price[steps] - sold @ case.export_price[steps]),
        demand=sum(money for money, _ in paid),
        wear=case.battery.wear_cost_per_kwh * float(book.discharged_kwh[steps].sum()),
        stored=-stored_value(case) * change_kwh,
        peaks_kw=tuple(peak_kw for _, peak_kw in paid),
    )


def _peak_paid(book: Book, charge: BilledCharge, steps: NDArray[np.int64]) -> tuple[float, float]:
    """What a month adds to a charge's bill, and the period's billed peak at the month's end.

    A period longer than a month is paid for as its peak rises.
    """
    begin, end = int(steps[0]), int(steps[-1]) + 1
    place = int(charge.period[end - 1])
    billed_kw = charge.billed_kw(book.import_kwh, place, end)
    before_kw = 0.0
    if begin and charge.period[begin - 1] == place:
        before_kw = charge.billed_kw(book.import_kwh, place, begin)
    return charge.rate_per_kw * (billed_kw - before_kw), billed_kw
