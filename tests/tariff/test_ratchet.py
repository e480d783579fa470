"""What a new peak costs in the months that a ratchet holds it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from edge_agent.site.tariff_schema import DemandCharge
from edge_agent.tariff.demand import ratchet_kw
from edge_agent.tariff.ratchet import carried, earlier_months, held_from_kw, whole_rate
from models.types import DemandTerm, PeakLevel

BERLIN = ZoneInfo("Europe/Berlin")
CHARGE = DemandCharge(id="held", rate_per_kw=9.0, ratchet_share=0.8, ratchet_months=11)
JANUARY = datetime(2027, 1, 20, 12, tzinfo=UTC)
LAST_YEAR = {
    date(2026, month, 1): 300.0 if month in (2, 11, 12) else 200.0 for month in range(2, 13)
}
"""300 kW in February, November and December, 200 kW in between; this is January."""


def test_by_hand() -> None:
    # March to October would come to 200 kW, and 0.8 x 300 kW of December hold 240 kW there: a
    # January above 300 kW holds more. Three months of 300 kW are only passed from 300 / 0.8 on.
    held = held_from_kw(CHARGE, JANUARY, LAST_YEAR, BERLIN)
    assert held == (300.0,) * 8 + (375.0,) * 3
    assert whole_rate(CHARGE, 290.0, held) == pytest.approx(9.0)
    assert whole_rate(CHARGE, 310.0, held) == pytest.approx(9.0 * (1 + 0.8 * 8))
    assert whole_rate(CHARGE, 380.0, held) == pytest.approx(9.0 * (1 + 0.8 * 11))


def billed(charge: DemandCharge, january_kw: float, last_year: Mapping[date, float]) -> float:
    """Money of this January and the eleven months after it, each as the year before."""
    peaks = {**last_year, date(2027, 1, 1): january_kw}
    total = 0.0
    for month in range(1, 13):
        first = date(2027, month, 1)
        own_kw = january_kw if month == 1 else last_year.get(date(2026, month, 1), 0.0)
        peaks[first] = own_kw
        if charge.months and month not in charge.months:
            continue
        noon = datetime(2027, month, 15, 12, tzinfo=UTC)
        total += charge.rate_per_kw * max(own_kw, ratchet_kw(charge, noon, peaks, BERLIN))
    return total


@pytest.mark.parametrize("share", [0.5, 0.8, 1.0])
@pytest.mark.parametrize("months", [1, 3, 11])
@pytest.mark.parametrize("season", [(), (1, 2, 3, 11, 12)])
@pytest.mark.parametrize("kw", [210.0, 260.0, 310.0, 360.0, 390.0, 620.0])
def test_the_next_kw_costs_what_the_bills_of_a_year_rise_by(
    share: float, months: int, season: tuple[int, ...], kw: float
) -> None:
    charge = DemandCharge(
        id="c", rate_per_kw=9.0, ratchet_share=share, ratchet_months=months, months=season
    )
    uneven = {month: peak_kw + 7.0 * month.month for month, peak_kw in LAST_YEAR.items()}
    rise = billed(charge, kw + 0.1, uneven) - billed(charge, kw, uneven)
    held_by_others = ratchet_kw(charge, JANUARY, uneven, BERLIN)
    held = held_from_kw(charge, JANUARY, uneven, BERLIN)
    own = charge.rate_per_kw if kw < held_by_others else 0.0
    assert rise / 0.1 == pytest.approx(whole_rate(charge, kw, held) - own)


def test_every_level_of_a_term_costs_the_later_months_that_it_reaches() -> None:
    levels = (PeakLevel(250.0, 2.0), PeakLevel(310.0, 4.0), PeakLevel(400.0, 9.0))
    term = DemandTerm(id="held", price_per_kw=0.5, peak_so_far_kw=240.0, levels=levels)
    held = held_from_kw(CHARGE, JANUARY, LAST_YEAR, BERLIN)
    (found,) = carried((term,), (CHARGE,), (("held", held),))
    # Eight months are reached at 300 kW, eleven at 375 kW, each at 80 % of the rate.
    assert found.price_per_kw == pytest.approx(0.5)
    assert [one.from_kw for one in found.levels] == [250.0, 310.0, 400.0]
    prices = [one.price_per_kw for one in found.levels]
    assert prices == pytest.approx([2.0, 4.0 * 7.4, 9.0 * 9.8])
    billed = replace(term, peak_so_far_kw=320.0)
    (dear,) = carried((billed,), (CHARGE,), (("held", held),))
    assert dear.price_per_kw == pytest.approx(0.5 * 7.4)
    assert dear.levels[0].price_per_kw == pytest.approx(2.0 * 7.4)
    assert carried((term,), (CHARGE,), ()) == (term,)
    free = CHARGE.model_copy(update={"rate_per_kw": 0.0})
    assert carried((term,), (free,), (("held", held),)) == (term,)


def test_what_is_not_known_is_not_priced() -> None:
    assert held_from_kw(CHARGE, JANUARY, {}, BERLIN) == ()
    december = {date(2026, 12, 1): 300.0}
    # Of the months to come only December was seen, and only its own peak is known to hold it.
    assert held_from_kw(CHARGE, JANUARY, december, BERLIN) == (375.0,)
    plain = CHARGE.model_copy(update={"ratchet_share": 0.0})
    assert held_from_kw(plain, JANUARY, LAST_YEAR, BERLIN) == ()
    assert whole_rate(plain, 1e6, ()) == 9.0
    assert not list(earlier_months(plain))
    two = CHARGE.model_copy(update={"ratchet_months": 2})
    assert max(earlier_months(two)) == 11
    assert max(earlier_months(CHARGE.model_copy(update={"ratchet_months": 24}))) == 24
