"""What a peak of this month costs in later months, where a ratchet holds it there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from models.types import DemandTerm, PeakLevel

if TYPE_CHECKING:
    from edge_agent.site.tariff_schema import DemandCharge

YEAR = 12
"""Months."""


def held_from_kw(
    charge: DemandCharge, moment: datetime, peaks: Mapping[date, float], zone: ZoneInfo
) -> tuple[float, ...]:
    """For each later month that could be billed by it, the peak of this month from which it is.

    Ascending, in kW. `peaks` are in kW by the first day of their local month. A later month is
    expected to come to what the same month came to a year before; without that it is left out.
    """
    if not charge.ratchet_share:
        return ()
    this = _ordinal(moment.astimezone(zone).date())
    known = {_ordinal(month): kw for month, kw in peaks.items() if _ordinal(month) < this}
    for later in range(this + 1, this + charge.ratchet_months + 1):
        if later - YEAR in known:
            known[later] = known[later - YEAR]
    found = []
    for later in range(this + 1, this + charge.ratchet_months + 1):
        if later in known and _charged(charge, later):
            looked_back = range(later - charge.ratchet_months, later)
            others = max((known[one] for one in looked_back if one in known), default=0.0)
            found.append(max(known[later] / charge.ratchet_share, others))
    return tuple(sorted(found))


def whole_rate(charge: DemandCharge, peak_kw: float, held_from: Sequence[float]) -> float:
    """Money for the next kW above a peak of this month, all the months it is billed in together."""
    held = sum(1 for kw in held_from if kw <= peak_kw)
    return charge.rate_per_kw * (1.0 + charge.ratchet_share * held)


def carried(
    terms: Iterable[DemandTerm],
    charges: Iterable[DemandCharge],
    held_from_kw: Iterable[tuple[str, Sequence[float]]],
) -> tuple[DemandTerm, ...]:
    """The charges with each kW at what it is worth in this month and in those it is held in.

    `held_from_kw`: by charge, as the function of that name tells it.
    """
    found, later = {charge.id: charge for charge in charges}, dict(held_from_kw)
    return tuple(_carried(term, found[term.id], later.get(term.id, ())) for term in terms)


def _carried(term: DemandTerm, charge: DemandCharge, held_from: Sequence[float]) -> DemandTerm:
    if not held_from or not charge.rate_per_kw:
        return term

    def dearer(from_kw: float, price_per_kw: float) -> float:
        peak_kw = max(term.billed_kw, from_kw)
        return price_per_kw * whole_rate(charge, peak_kw, held_from) / charge.rate_per_kw

    levels = tuple(
        PeakLevel(one.from_kw, dearer(one.from_kw, one.price_per_kw)) for one in term.levels
    )
    return replace(term, price_per_kw=dearer(0.0, term.price_per_kw), levels=levels)


def earlier_months(charge: DemandCharge) -> Iterable[int]:
    """How far back months have to be known, counted from this one."""
    return range(1, max(charge.ratchet_months, YEAR - 1) + 1) if charge.ratchet_share else ()


def _charged(charge: DemandCharge, ordinal: int) -> bool:
    return not charge.months or ordinal % YEAR + 1 in charge.months


def _ordinal(month: date) -> int:
    return month.year * YEAR + month.month - 1
