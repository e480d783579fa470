"""A demand charge whose kilowatts are worth more the higher the peak is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from models.types import BadInputError, BatteryState, DemandTerm, PeakLevel, Problem
from models.verify import verify

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Solve

TERM = DemandTerm(
    id="peak",
    price_per_kw=1.0,
    peak_so_far_kw=20.0,
    levels=(PeakLevel(60.0, 5.0), PeakLevel(90.0, 10.0)),
)


def charged(problem: Problem, *terms: DemandTerm) -> Problem:
    site = replace(problem.site, demand_charges=tuple(term.id for term in terms))
    return replace(problem, site=site, demand_terms=terms)


@pytest.mark.parametrize(
    ("billed_kw", "peak_kw", "worth"),
    [
        (20.0, 20.0, 0.0),
        (20.0, 50.0, 30.0),
        (20.0, 100.0, 40.0 + 30.0 * 5 + 10.0 * 10),
        (70.0, 100.0, 20.0 * 5 + 10.0 * 10),
        (95.0, 100.0, 5.0 * 10),
    ],
)
def test_what_a_peak_is_worth(
    cases: Cases, solve: Solve, billed_kw: float, peak_kw: float, worth: float
) -> None:
    """The same by hand, by the term, in the plan's cost and in the cost that verify recomputes."""
    term = replace(TERM, peak_so_far_kw=billed_kw)
    problem = charged(cases.plain((0.2,) * 3, (10.0, peak_kw, 10.0)), term)
    plan = solve(problem)
    assert term.worth(peak_kw) == pytest.approx(worth)
    assert plan.cost.demand == pytest.approx(worth, abs=1e-6)
    assert plan.peaks_kw == pytest.approx((peak_kw,))
    assert verify(problem, plan).ok


def test_a_peak_is_held_where_it_becomes_worth_it(cases: Cases, solve: Solve) -> None:
    """90 kW for an hour: 20 of them are held, for 70 hardly ever lasts and is worth nothing."""
    problem = cases.plain((0.2, 0.2), (10.0, 90.0), batteries=(cases.battery,))
    full = replace(problem, batteries=(BatteryState(id="bat", soc_kwh=90.0),))
    term = DemandTerm(
        id="peak", price_per_kw=0.0, peak_so_far_kw=0.0, levels=(PeakLevel(70.0, 10.0),)
    )
    plan = solve(replace(charged(full, term), stored_value_per_kwh=0.5))
    assert plan.peaks_kw == pytest.approx((70.0,), abs=1e-4)
    assert plan.batteries[0].power_kw == pytest.approx((0.0, -20.0), abs=1e-4)


def test_two_charges_have_levels_of_their_own(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.2,) * 2, (40.0, 100.0))
    other = replace(TERM, id="evening", counts=(1.0, 0.0), levels=(PeakLevel(30.0, 4.0),))
    plan = solve(charged(problem, TERM, other))
    assert plan.cost.demand == pytest.approx(TERM.worth(100.0) + 10.0 * 1 + 10.0 * 4)


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ((PeakLevel(90.0, 5.0), PeakLevel(60.0, 10.0)), "do not rise"),
        ((PeakLevel(60.0, 10.0), PeakLevel(90.0, 5.0)), "do not rise"),
        ((PeakLevel(60.0, 0.5),), "do not rise"),
        ((PeakLevel(60.0, float("nan")),), "is nan"),
        (tuple(PeakLevel(float(kw), 2.0) for kw in range(4)), "4 where 3 can be"),
    ],
)
def test_levels_that_cannot_be_planned_with(
    cases: Cases, solve: Solve, levels: tuple[PeakLevel, ...], words: str
) -> None:
    problem = cases.plain((0.2,) * 2, (40.0, 100.0))
    with pytest.raises(BadInputError, match=words):
        solve(charged(problem, replace(TERM, levels=levels)))
