"""What a kW of a billing period's peak is worth: the rate times the odds that it lasts. Pure.

A peak that a later day exceeds anyway was held for nothing, one that is given away costs the whole
rate. What recent days would have come to tells the odds: days that could have come in any order,
so that each of those ahead falls among them anywhere alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import exp, lgamma

import numpy as np

from models.types import DemandTerm, PeakLevel, Series

SHARES = (0.01, 0.1, 0.3, 0.5)
"""Odds between which a kW is priced alike; from the last on it is worth its whole rate."""
ALIKE = 2.0
"""Neighbouring days resemble each other: so many count as one."""
HELD_ON = 20.0
"""Days of a month that a peak is held on, about; each bears its part of the rate."""
LEAST_H = 5.0
"""Hours of a day that a kW is held for in any case: one day of high prices gives no peak away."""


def lasts(below: int, days: int, ahead_days: float) -> float:
    """Odds (0..1) that no day ahead exceeds the one that is `below`-th lowest of `days` past ones.

    n past days leave n + 1 places to the next one, k of them below the k-th lowest; with every day
    that falls there the places grow by one: k / (n + 1) * (k + 1) / (n + 2) * ... for all ahead.
    """
    low, places, ahead = below / ALIKE, days / ALIKE + 1.0, max(0.0, ahead_days) / ALIKE
    return exp(lgamma(low + ahead) - lgamma(low) + lgamma(places) - lgamma(places + ahead))


def levels_kw(past_kw: Sequence[float], ahead_days: float) -> Series:
    """The peaks [kW] that last with the odds of `SHARES`, none above the highest past one."""
    past = sorted(past_kw)
    odds = [lasts(below, len(past), ahead_days) for below in range(1, len(past) + 1)]
    return tuple(np.interp(SHARES, [0.0, *odds], [0.0, *past]).tolist())


def priced(
    term: DemandTerm, rate_per_kw: float, past_kw: Sequence[float], ahead_days: float
) -> DemandTerm:
    """The charge with each kW at what it is worth; nothing below the level that hardly ever lasts.

    `past_kw` are the peaks that recent days would have come to, `ahead_days` the days of the period
    that the plan does not see.
    """
    first_kw, *more_kw = levels_kw(past_kw, ahead_days)
    shares = [(low + high) / 2 for low, high in pairwise(SHARES)]
    return replace(
        term,
        price_per_kw=rate_per_kw * shares[0],
        ratchet_kw=max(term.ratchet_kw, first_kw),
        levels=tuple(
            PeakLevel(kw, rate_per_kw * share)
            for kw, share in zip(more_kw, [*shares[1:], 1.0], strict=True)
        ),
    )


def spread_per_kwh(import_price_per_kwh: Sequence[float]) -> float:
    """How far the highest price ahead is above their mean: what a kWh kept back could earn."""
    return max(import_price_per_kwh) - sum(import_price_per_kwh) / len(import_price_per_kwh)


def worthwhile_h(rate_per_kw: float, spread: float) -> float:
    """Hours of a day for which a kW may be held before it costs more than the day's part of it.

    `spread` as `spread_per_kwh` tells it: each hour keeps a kWh back.
    """
    day_rate = rate_per_kw / HELD_ON
    return 24.0 if day_rate >= 24.0 * spread else max(LEAST_H, day_rate / spread)


def exceeded_kw(
    net_kw: Sequence[float], counted: Sequence[bool], step_h: float, hours: float
) -> float:
    """What a day's counted import (kW per step) exceeds for so long; 0 where it counts for less.

    To hold a lower peak the battery has to stand by for longer.
    """
    paid = zip(net_kw, counted or (True,) * len(net_kw), strict=True)
    high = sorted((kw for kw, counts in paid if counts), reverse=True)
    place = int(hours / step_h)
    return max(0.0, high[place]) if place < len(high) else 0.0
