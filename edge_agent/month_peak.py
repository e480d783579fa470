"""What the peak of the rest of a billing month will come to. Worker's side, pure.

A month begins with a billed peak of nothing, but a quiet first day tells nothing about the month:
holding a peak below what the month reaches anyway saves nothing and costs the arbitrage. For each
recent day the lowest peak is found that was worth holding and that the battery could have held; by
them `peak_odds` prices a kW of this month's peak.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from edge_agent.histories import SiteHistory
from edge_agent.peak_odds import exceeded_kw, priced, worthwhile_h
from edge_agent.tariff.calendar import holidays_in
from edge_agent.tariff.demand import billing_period, measured
from models.forecast.history import History
from models.types import Battery, DemandTerm, Series

if TYPE_CHECKING:
    from edge_agent.site.loaded import LoadedSite
    from edge_agent.site.tariff_schema import DemandCharge

ROUNDS = 14
"""Halvings of the search: a peak is found to a ten-thousandth."""
QUARTER_S = 900
DAY_S = 86_400.0
MOST_DAYS = 28
LOOP_SHARE = 0.005
"""Of the batteries' rating: what a held peak takes beyond the plan, however good the forecast."""


Day = tuple[datetime, Series]
"""UTC start of a local day, and its import without batteries per quarter hour [kW]."""


def floored(
    terms: Iterable[DemandTerm],
    loaded: LoadedSite,
    history: SiteHistory,
    batteries: Sequence[Battery],
    at: datetime,
    spread: float,
) -> tuple[DemandTerm, ...]:
    """Each charge with a kW at what it is worth; as it is where no whole day is known.

    `spread` [money per kWh] as `peak_odds.spread_per_kwh` tells it.
    """
    charges = {charge.id: charge for charge in loaded.tariff.demand_charges}
    if not charges:
        return tuple(terms)
    days = tuple(whole_days(net_history(history), loaded.zone, at))
    fleet = together(batteries)
    found = []
    for term in terms:
        charge = charges[term.id]
        seen = at + timedelta(hours=loaded.site.planning.horizon_h)
        ahead = (billing_period(charge, at, loaded.zone)[1] - seen).total_seconds() / DAY_S
        hours = worthwhile_h(charge.rate_per_kw, spread)
        held = peaks_kw(charge, days, loaded, fleet, hours)
        found.append(priced(term, charge.rate_per_kw, held, ahead) if held else term)
    return tuple(found)


def peaks_kw(
    charge: DemandCharge,
    days: Iterable[Day],
    loaded: LoadedSite,
    fleet: Battery | None,
    hours: float,
) -> list[float]:
    """The lowest peak per day that could be held and was worth it, for `hours` of it at most."""
    return [_worth_kw(fleet, hours, *_blocks(charge, day, loaded)) for day in days]


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


def least_margin(margin_kw: Series, batteries: Sequence[Battery], steps: int) -> Series:
    """The forecast's margin per step [kW; () = not known], never below what the fast loop needs.

    A peak planned without any is held to the last kWh: the load's flicker empties the battery in
    the last block, and the month's peak creeps up a little every day.
    """
    least_kw = LOOP_SHARE * sum(max(one.charge_kw, one.discharge_kw) for one in batteries)
    if least_kw == 0.0:
        return margin_kw
    return tuple(max(least_kw, kw) for kw in margin_kw or (0.0,) * steps)


def _worth_kw(
    fleet: Battery | None, hours: float, net_kw: Series, counted: tuple[bool, ...], step_h: float
) -> float:
    """The lowest peak of one day that could be held and was worth it."""
    held_kw = _held_day(fleet, net_kw, counted, step_h)
    return max(held_kw, exceeded_kw(net_kw, counted, step_h, hours))


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
