"""What the peak of the rest of a billing month will hardly stay below. Worker's side, pure.

A month begins with a billed peak of nothing, but a quiet first day tells nothing about the month:
holding a peak below what the month reaches anyway saves nothing and costs the arbitrage. For each
past day the lowest peak is found that the battery could have held; a share of the highest of as
many recent days as the month has left is the floor. Above it a kW costs what the tariff says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from math import ceil
from zoneinfo import ZoneInfo

import numpy as np

from edge_agent.histories import SiteHistory
from edge_agent.site.load import LoadedSite
from edge_agent.site.tariff_schema import DemandCharge
from edge_agent.tariff.calendar import holidays_in
from edge_agent.tariff.demand import billing_period, measured
from models.forecast.history import History
from models.types import Battery, DemandTerm, Series

ROUNDS = 14
"""Halvings of the search: a peak is found to a ten-thousandth."""
QUARTER_S = 900
DAY_S = 86_400.0
MOST_DAYS = 28
LEAST_DAYS = 7
EASE = 0.85
"""Holding a peak too low costs a little arbitrage, giving it away costs the month's rate: the floor
stays well below what was reached."""


Day = tuple[datetime, Series]
"""UTC start of a local day, and its import without batteries per quarter hour [kW]."""


def floored(
    terms: Iterable[DemandTerm],
    loaded: LoadedSite,
    history: SiteHistory,
    batteries: Sequence[Battery],
    at: datetime,
) -> tuple[DemandTerm, ...]:
    """Each charge at its whole rate above its floor; as it is where no whole day is known."""
    charges = {charge.id: charge for charge in loaded.tariff.demand_charges}
    if not charges:
        return tuple(terms)
    days = tuple(whole_days(net_history(history), loaded.zone, at))
    fleet = together(batteries)
    found = []
    for term in terms:
        charge = charges[term.id]
        left = (billing_period(charge, at, loaded.zone)[1] - at).total_seconds() / DAY_S
        held = [_held_day(fleet, *_blocks(charge, day, loaded)) for day in days[: floor_days(left)]]
        found.append(with_floor(term, charge.rate_per_kw, floor_kw(held)) if held else term)
    return tuple(found)


def net_history(history: SiteHistory) -> History:
    """Load less PV; nothing is imported for certain where a plant was held back."""
    load = history.load_kw
    net = load.values.copy()
    for plant in history.pv_kw.values():
        net -= np.where(np.isnan(plant.values), np.inf, plant.values)
    return replace(load, values=np.where(np.isneginf(net), 0.0, net))


def whole_days(net: History, zone: ZoneInfo, at: datetime) -> Iterator[Day]:
    """The local days before `at` of which every quarter hour is known, the newest first."""
    today = at.astimezone(zone).date()
    for back in range(1, MOST_DAYS + 1):
        begin, end = (
            datetime.combine(today - timedelta(days=days), time(0), zone).astimezone(UTC)
            for days in (back, back - 1)
        )
        first, last = (
            round((moment - net.start).total_seconds() / QUARTER_S) for moment in (begin, end)
        )
        if first < 0:
            return
        values = net.values[first:last]
        if len(values) == last - first and not np.isnan(values).any():
            yield begin, tuple(values.tolist())


def together(batteries: Sequence[Battery]) -> Battery | None:
    """All of them as one; None where there is none."""
    if not batteries:
        return None
    total_kwh = sum(one.capacity_kwh for one in batteries)

    def mean(values: Iterable[float]) -> float:
        pairs = zip(values, batteries, strict=True)
        return sum(value * one.capacity_kwh for value, one in pairs) / total_kwh

    return replace(
        batteries[0],
        capacity_kwh=total_kwh,
        charge_kw=sum(one.charge_kw for one in batteries),
        discharge_kw=sum(one.discharge_kw for one in batteries),
        charge_efficiency=mean(one.charge_efficiency for one in batteries),
        discharge_efficiency=mean(one.discharge_efficiency for one in batteries),
        soc_min_share=mean(one.soc_min_share for one in batteries),
        soc_max_share=mean(one.soc_max_share for one in batteries),
    )


def _blocks(
    charge: DemandCharge, day: Day, loaded: LoadedSite
) -> tuple[Series, tuple[bool, ...], float]:
    """Means of the charge's blocks over a day, which of them count (() = all), hours of a block."""
    begin, values = day
    quarters = charge.interval_min * 60 // QUARTER_S
    means = np.array(values[: len(values) // quarters * quarters]).reshape(-1, quarters).mean(1)
    counted: tuple[bool, ...] = ()
    if charge.windows or charge.months:
        block, is_holiday = timedelta(minutes=charge.interval_min), holidays_in(loaded.tariff)
        starts = (begin + place * block for place in range(len(means)))
        counted = tuple(measured(charge, start, loaded.zone, is_holiday) for start in starts)
    return tuple(means.tolist()), counted, charge.interval_min / 60


def floor_days(days_left: float) -> int:
    """How many days back are looked at."""
    return min(MOST_DAYS, max(LEAST_DAYS, ceil(days_left)))


def floor_kw(held_kw: Iterable[float | None]) -> float:
    """The floor from the held peaks of recent days; None = a day not measured well enough."""
    known = [kw for kw in held_kw if kw is not None]
    return EASE * max(known) if known else 0.0


def with_floor(term: DemandTerm, rate_per_kw: float, kw: float) -> DemandTerm:
    """The charge with its whole rate above the floor; for less, arbitrage would buy new peaks."""
    return replace(term, price_per_kw=rate_per_kw, ratchet_kw=max(term.ratchet_kw, kw))


@lru_cache(maxsize=256)
def _held_day(
    fleet: Battery | None, net_kw: Series, counted: tuple[bool, ...], step_h: float
) -> float:
    """Of one day; the days stay the same from plan to plan."""
    if fleet is None:
        paid = zip(net_kw, counted or (True,) * len(net_kw), strict=True)
        return max((kw for kw, counts in paid if counts), default=0.0)
    return held_peak_kw(fleet, net_kw, step_h, counted)


def held_peak_kw(
    battery: Battery,
    net_kw: Sequence[float],
    step_h: float = 0.25,
    counted: Sequence[bool] = (),
) -> float:
    """The lowest peak of one day that a battery, full at its beginning, can hold [kW].

    Where import is not counted (`counted`; empty = everywhere) the battery is charged.
    """
    paid = [
        kw if counts else None
        for kw, counts in zip(net_kw, counted or (True,) * len(net_kw), strict=True)
    ]
    high = max(0.0, *(kw or 0.0 for kw in paid))
    low = max(0.0, high - battery.discharge_kw)
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        if _holds(battery, paid, middle, step_h):
            high = middle
        else:
            low = middle
    return high


def _holds(battery: Battery, paid: Sequence[float | None], peak_kw: float, step_h: float) -> bool:
    usable = (battery.soc_max_share - battery.soc_min_share) * battery.capacity_kwh
    left = usable
    for kw in paid:
        over = -battery.charge_kw if kw is None else kw - peak_kw
        if over > 0:
            left -= over * step_h / battery.discharge_efficiency
            if left < 0:
                return False
        else:
            charged = min(-over, battery.charge_kw) * step_h * battery.charge_efficiency
            left = min(usable, left + charged)
    return True
