"""What a store is worth at the end, and the calm plan among those that cost the same."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from models.pricing import stored_value
from models.types import BatteryState, Plan, Problem, Pv, PvForecast, Tidiness
from models.verify import verify

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Solve


def test_a_short_window_sees_the_best_price_after_it(cases: Cases, solve: Solve) -> None:
    """Flat 0.2 within, 0.6 after: 0.6 x 0.9 less 0.02 of wear, so it is filled now."""
    problem = cases.plain((0.2,) * 3, (60.0,) * 3, batteries=(cases.battery,))
    blind = solve(problem)
    seeing = cases.outside(problem, later_import_price_per_kwh=(0.3, 0.6, 0.4))
    assert stored_value(seeing, cases.battery) == pytest.approx(0.52)
    assert blind.batteries[0].soc_kwh[-1] < 51
    assert solve(seeing).batteries[0].soc_kwh[-1] == pytest.approx(90.0)


def test_a_long_window_sees_the_mean_price(cases: Cases) -> None:
    problem = cases.plain((0.1, 0.3) * 6, (60.0,) * 12, batteries=(cases.battery,))
    problem = cases.outside(problem, later_import_price_per_kwh=(0.9,))
    assert stored_value(problem, cases.battery) == pytest.approx(0.2)


def test_a_given_value_is_taken(cases: Cases) -> None:
    problem = cases.plain((0.1,), (60.0,), batteries=(cases.battery,))
    problem = cases.outside(problem, later_import_price_per_kwh=(0.9,))
    assert stored_value(replace(problem, stored_value_per_kwh=0.0), cases.battery) == 0.0


def _restless(plan: Plan) -> float:
    power = plan.batteries[0].power_kw
    return sum(abs(after - before) for before, after in pairwise(power))


def _flat(cases: Cases) -> Problem:
    """Eight cheap and eight dear steps: within each block any order costs the same."""
    prices = (0.1,) * 8 + (0.5,) * 8
    problem = cases.plain(prices, (60.0,) * 16, step_s=900, batteries=(cases.battery,))
    return replace(problem, stored_value_per_kwh=0.0)


def test_among_equal_plans_the_calm_one(cases: Cases, solve: Solve) -> None:
    problem = _flat(cases)
    first = solve(problem)
    calm = solve(replace(problem, tidiness=Tidiness(money_share=1e-4)))
    money = first.cost.energy + first.cost.wear
    assert calm.cost.objective <= first.cost.objective + 1e-4 * money + 1e-6
    # Up to a level and down to a level, with one change between them.
    assert _restless(calm) <= _restless(first) + 1e-6
    power = calm.batteries[0].power_kw
    assert _restless(calm) == pytest.approx(max(power) - min(power), abs=0.5)


def test_the_last_plan_is_kept_where_it_is_as_good(cases: Cases, solve: Solve) -> None:
    """The last plan charged in the last four of the cheap steps; it may go on doing so."""
    problem = _flat(cases)
    problem = replace(problem, batteries=(BatteryState(id="bat", soc_kwh=50.0),))
    last = (0.0,) * 4 + (40 / 0.9,) * 4 + (-36.0,) * 8
    calm = solve(replace(problem, tidiness=Tidiness(last_kw=(("bat", last),))))
    away = sum(
        abs(now - before) for now, before in zip(calm.batteries[0].power_kw, last, strict=True)
    )
    first = solve(problem)
    first_away = sum(
        abs(now - before) for now, before in zip(first.batteries[0].power_kw, last, strict=True)
    )
    assert away < first_away
    assert calm.cost.objective <= first.cost.objective * (1 + 1e-3)


def test_the_calm_plan_of_a_full_day_is_verified_and_as_cheap(cases: Cases, solve: Solve) -> None:
    problem = cases.hotel(horizon_h=12)
    first = solve(problem)
    tidy = replace(problem, tidiness=Tidiness(money_share=5e-4))
    calm = solve(tidy)
    assert verify(tidy, calm).ok
    worth = abs(first.cost.energy) + abs(first.cost.demand) + abs(first.cost.wear)
    assert calm.cost.objective <= first.cost.objective + 5e-4 * worth + 1e-6
    assert _restless(calm) < _restless(first)


def test_the_calm_plan_gives_no_sun_away(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.2,) * 2, (10.0,) * 2, batteries=(cases.battery,), event_slots=0)
    site = replace(problem.site, pvs=(Pv(id="roof", peak_kw=100),))
    problem = cases.outside(
        replace(problem, site=site), pvs=(PvForecast(id="roof", available_kw=(60.0, 60.0)),)
    )
    plan = solve(replace(problem, tidiness=Tidiness()))
    assert plan.pvs[0].curtailed_kw == pytest.approx((0.0, 0.0), abs=1e-6)
