"""What a kW of a month's peak is worth, by what recent days would have come to."""

from __future__ import annotations

from itertools import pairwise, permutations

import pytest

from edge_agent.peak_odds import (
    ALIKE,
    HELD_ON,
    LEAST_H,
    SHARES,
    exceeded_kw,
    lasts,
    levels_kw,
    priced,
    spread_per_kwh,
    worthwhile_h,
)
from models.types import DemandTerm, PeakLevel

TERM = DemandTerm(id="peak", price_per_kw=0.3, peak_so_far_kw=10.0)
MONTH_KW = tuple(float(kw) for kw in range(73, 101))


@pytest.mark.parametrize(("below", "days", "ahead"), [(1, 3, 1), (2, 3, 3), (4, 4, 2), (3, 5, 2)])
def test_the_odds_are_those_of_all_orders_of_days(below: int, days: int, ahead: int) -> None:
    """Counted: the first `days` places are the past, in every order that could have been."""
    orders = list(permutations(range(days + ahead)))
    kept = [one for one in orders if max(one[days:]) < sorted(one[:days])[below - 1]]
    alike = round(ALIKE)
    odds = lasts(below * alike, days * alike, ahead * alike)
    assert odds == pytest.approx(len(kept) / len(orders))


@pytest.mark.parametrize("ahead_days", [0.0, -0.5])
def test_with_no_day_ahead_every_peak_lasts(ahead_days: float) -> None:
    assert [lasts(below, 28, ahead_days) for below in (1, 28)] == pytest.approx([1.0, 1.0])


def test_a_lower_peak_and_a_longer_month_last_less() -> None:
    odds = [[lasts(below, 28, days) for below in range(1, 29)] for days in (2.0, 9.5, 29.0)]
    assert all(row == sorted(row) for row in odds)
    assert all(row[9] > later[9] for row, later in pairwise(odds))


def test_levels_rise_and_come_down_as_the_month_goes_by() -> None:
    early, late = levels_kw(MONTH_KW, 29.0), levels_kw(MONTH_KW, 2.0)
    assert list(early) == sorted(early)
    assert early[-1] == max(MONTH_KW)
    assert all(low < high for low, high in zip(late, early, strict=True))
    assert levels_kw(MONTH_KW, 0.0)[-1] < min(MONTH_KW)


def test_a_kw_is_worth_more_the_longer_its_peak_lasts() -> None:
    term = priced(TERM, 9.0, MONTH_KW, 29.0)
    first_kw, *more_kw = levels_kw(MONTH_KW, 29.0)
    assert term.billed_kw == first_kw
    assert [level.from_kw for level in term.levels] == more_kw
    prices = [term.price_per_kw, *(level.price_per_kw for level in term.levels)]
    assert prices == pytest.approx([9.0 * 0.055, 9.0 * 0.2, 9.0 * 0.4, 9.0])
    assert len(SHARES) == len(prices)


def test_a_ratchet_above_the_first_level_stays() -> None:
    high = DemandTerm(id="peak", price_per_kw=0.3, peak_so_far_kw=10.0, ratchet_kw=99.0)
    term = priced(high, 9.0, MONTH_KW, 29.0)
    assert term.billed_kw == 99.0
    assert term.worth(99.0) == 0.0
    assert term.worth(101.0) == pytest.approx(9.0 * 0.4 + 9.0)


@pytest.mark.parametrize(("past_kw", "last_kw"), [((80.0,), 80.0), ((0.0, 0.0), 0.0)])
def test_few_and_empty_days_give_levels_too(past_kw: tuple[float, ...], last_kw: float) -> None:
    assert priced(TERM, 9.0, past_kw, 20.0).levels[-1] == PeakLevel(last_kw, 9.0)


def test_a_spread_of_prices_is_what_a_kwh_could_earn() -> None:
    assert spread_per_kwh((0.1, 0.3, 0.2)) == pytest.approx(0.1)
    assert spread_per_kwh((0.2, 0.2)) == 0.0


@pytest.mark.parametrize(
    ("rate_per_kw", "spread", "hours"),
    [
        (9.0, 9.0 / HELD_ON / 6, 6.0),
        (9.0, 9.0 / HELD_ON / 4, LEAST_H),
        (9.0, 0.0, 24.0),
        (9.0, -1e-17, 24.0),
        (90.0, 0.1, 24.0),
        (0.0, 0.1, LEAST_H),
    ],
)
def test_a_kw_is_held_for_as_long_as_it_is_worth(
    rate_per_kw: float, spread: float, hours: float
) -> None:
    assert worthwhile_h(rate_per_kw, spread) == pytest.approx(hours)


@pytest.mark.parametrize(
    ("counted", "hours", "exceeded"),
    [
        ((), 0.0, 9.0),
        ((), 0.25, 7.0),
        ((), 0.6, 5.0),
        ((), 0.75, 0.0),  # an import of less than nothing is none
        ((), 24.0, 0.0),
        ((True, False, True, True), 0.25, 5.0),
        ((True, False, True, True), 0.75, 0.0),
    ],
)
def test_what_a_day_exceeds_for_so_long(
    counted: tuple[bool, ...], hours: float, exceeded: float
) -> None:
    assert exceeded_kw((5.0, 9.0, 7.0, -2.0), counted, 0.25, hours) == exceeded
