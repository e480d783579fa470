"""Shedding worked by hand: above its price only, all or nothing, not too long, and what returns."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from models.rules import rules_plan
from models.solver import Optimiser
from models.types import Event, Plan, Problem, Series, ShedGroup, ShedState
from models.verify import verify

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Compile, Solve

LIGHTS = ShedGroup(id="lights", penalty_per_mwh=150)


def _site(cases: Cases, prices: Series, *groups: ShedGroup, step_s: int = 3600) -> Problem:
    return cases.plain(prices, (100.0,) * len(prices), step_s=step_s, shed_groups=groups)


def test_shed_only_where_the_price_is_above_the_penalty(cases: Cases, solve: Solve) -> None:
    """C2: 150 per MWh is 0.15 per kWh; the most is 15 % of 100 kW."""
    plan = solve(_site(cases, (0.14, 0.16, 0.14), LIGHTS))
    assert plan.sheds[0].shed_kw == pytest.approx((0, 15, 0), abs=1e-6)
    assert plan.grid_kw == pytest.approx((100, 85, 100))
    assert plan.cost.shedding == pytest.approx(0.15 * 15)


@pytest.mark.parametrize("hours", [6, 24, 48])
def test_shedding_does_not_depend_on_the_horizon(cases: Cases, solve: Solve, hours: int) -> None:
    """C2: the same first six hours whatever follows."""
    prices = ((0.14, 0.16, 0.2, 0.14, 0.16, 0.1) * 8)[:hours]
    off = solve(_site(cases, prices, LIGHTS)).sheds[0].shed_kw
    assert off[:6] == pytest.approx((0, 15, 15, 0, 15, 0), abs=1e-6)


def test_guests_weigh_more(cases: Cases, solve: Solve) -> None:
    group = replace(LIGHTS, guest_weight=2.0)
    assert solve(_site(cases, (0.29, 0.31), group)).sheds[0].shed_kw == pytest.approx((0, 15))


def test_nothing_or_at_least_the_least(cases: Cases, solve: Solve, compiled: Compile) -> None:
    """The peak wants 2 kW off; 5 % of the load is the least: 5 kW are worth it at 1 per kW each."""
    problem = cases.plain(
        (0.1,) * 3, (98.0, 100.0, 98.0), shed_groups=(LIGHTS,), demand_charges=("peak",)
    )
    term = replace(problem.demand_terms[0], price_per_kw=1.0)
    plan = solve(replace(problem, demand_terms=(term,)))
    off = plan.sheds[0].shed_kw
    assert all(kw == pytest.approx(0, abs=1e-6) or 4.9 <= kw <= 15 + 1e-6 for kw in off)
    assert plan.cost.objective <= 0.1 * 296 + 100


def test_no_event_is_longer_than_four_hours(cases: Cases, solve: Solve) -> None:
    """Six dear hours: at most four in a row, then at least an hour of rest."""
    plan = solve(_site(cases, (0.3,) * 7, replace(LIGHTS, cool_down_s=7200)))
    on = [kw > 1 for kw in plan.sheds[0].shed_kw]
    assert sum(on) == 5
    assert verify(_site(cases, (0.3,) * 7, LIGHTS), plan).ok


def test_a_running_event_has_used_its_time(cases: Cases, solve: Solve) -> None:
    problem = _site(cases, (0.5, 0.3, 0.3, 0.3), LIGHTS)
    state = ShedState(id="lights", active_s=3 * 3600)
    plan = solve(replace(problem, sheds=(state,)))
    # One hour is left of four, then one of rest.
    assert plan.sheds[0].shed_kw == pytest.approx((15, 0, 15, 15), abs=1e-6)


def test_rest_that_is_due_is_kept(cases: Cases, solve: Solve) -> None:
    problem = _site(cases, (0.3,) * 4, LIGHTS, step_s=900)
    state = ShedState(id="lights", cooling_s=1700)
    plan = solve(replace(problem, sheds=(state,)))
    assert plan.sheds[0].shed_kw == pytest.approx((0, 0, 15, 15), abs=1e-6)


def test_the_first_priority_goes_first(cases: Cases, solve: Solve) -> None:
    """Equal penalties, one event to be served by either: the lower number gives."""
    first, second = replace(LIGHTS, id="first"), replace(LIGHTS, id="second", priority=2)
    problem = cases.plain((0.1,) * 2, (100.0,) * 2, shed_groups=(second, first), event_slots=1)
    event = Event(
        id="e",
        start=cases.start,
        duration_s=3600,
        committed_kw=15,
        baseline_kw=(100.0,) * 2,
        penalty_per_kwh=1.0,
    )
    plan = solve(replace(problem, events=(event,)))
    assert {shed.id: shed.shed_kw[0] for shed in plan.sheds} == pytest.approx(
        {"first": 15.0, "second": 0.0}, abs=1e-5
    )


def test_a_price_threshold_bars_what_would_pay(cases: Cases, solve: Solve) -> None:
    group = replace(LIGHTS, price_threshold_per_kwh=0.5)
    assert solve(_site(cases, (0.4, 0.6), group)).sheds[0].shed_kw == pytest.approx((0, 15))


def test_what_is_shed_comes_back(cases: Cases, solve: Solve) -> None:
    """15 kWh shed, 80 % of it returns at 1 - 1/e of the backlog per hour."""
    group = replace(LIGHTS, rebound_share=0.8, rebound_s=3600)
    plan = solve(_site(cases, (0.5, 0.1, 0.1), group))
    back = 1 - math.exp(-1)
    first = 12 * back
    assert plan.sheds[0].shed_kw == pytest.approx((15, 0, 0), abs=1e-6)
    assert plan.sheds[0].rebound_kw == pytest.approx((0, first, (12 - first) * back), abs=1e-5)
    owed = 12 - first - (12 - first) * back
    assert plan.cost.stored == pytest.approx(owed * 0.7 / 3, rel=1e-4)


def test_a_rebound_into_a_dearer_hour_is_seen(cases: Cases, solve: Solve) -> None:
    """At 0.2 shedding pays by itself, but all of it would return at 0.5."""
    group = replace(LIGHTS, rebound_share=1.0, rebound_s=900)
    off = solve(_site(cases, (0.2, 0.5, 0.5), group)).sheds[0].shed_kw
    assert off[0] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("off", "words"),
    [
        ((20.0, 0.0, 0.0, 0.0, 0.0), "sheds above its share"),
        ((2.0, 0.0, 0.0, 0.0, 0.0), "sheds below its least share"),
        ((15.0,) * 5, "is shed for 18000 s"),
        ((15.0, 0.0, 15.0, 15.0, 0.0), "while it should rest"),
    ],
)
def test_forged_shedding_is_refused(cases: Cases, solve: Solve, off: Series, words: str) -> None:
    problem = _site(cases, (0.1,) * 5, replace(LIGHTS, cool_down_s=7200))
    plan = solve(problem)
    forged = replace(plan, sheds=(replace(plan.sheds[0], shed_kw=off),))
    texts = verify(problem, forged).violations
    assert any(words in text for text in texts), texts


@pytest.mark.parametrize("rebound", [0.0, 0.5])
def test_rounding_and_rules_obey_it_too(cases: Cases, compiled: Compile, rebound: float) -> None:
    group = replace(LIGHTS, rebound_share=rebound, most_s=3600, cool_down_s=1800)
    prices = tuple(0.1 + 0.08 * ((5 * step) % 7) for step in range(20))
    problem = cases.plain(prices, (100.0,) * 20, step_s=900, shed_groups=(group,), event_slots=1)
    event = Event(
        id="e",
        start=cases.start + timedelta(hours=1),
        duration_s=5400,
        committed_kw=10,
        baseline_kw=(100.0,) * 20,
        price_per_kwh=0.5,
    )
    problem = replace(problem, events=(event,))
    exact = Optimiser(compiled(problem)).solve(problem, 10.0, cases.start)
    quick = Optimiser(compiled(problem), binary_rounds=0).solve(problem, 10.0, cases.start)
    assert isinstance(exact, Plan)
    assert isinstance(quick, Plan)
    for plan in (exact, quick, rules_plan(problem, cases.start)):
        assert verify(problem, plan).violations == ()
        assert exact.cost.objective <= plan.cost.objective + 1e-6
    assert max(rules_plan(problem, cases.start).sheds[0].shed_kw) >= 10.0
