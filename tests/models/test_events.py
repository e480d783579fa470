"""A demand-response event as a commitment, worked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from models.rules import rules_plan
from models.types import (
    BadInputError,
    BatteryState,
    Event,
    Problem,
    ReasonCode,
    ZoneState,
)
from models.verify import verify

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Solve


def _event(cases: Cases, steps: int, **changes: Any) -> Event:
    event = Event(
        id="grid_call",
        start=cases.start + timedelta(hours=1),
        duration_s=3600,
        committed_kw=30,
        baseline_kw=(60.0,) * steps,
        price_per_kwh=0.4,
        penalty_per_kwh=0.2,
    )
    return replace(event, **changes)


def _site(cases: Cases, steps: int = 4, soc: float = 50.0, **changes: Any) -> Problem:
    load = (60.0,) * steps
    problem = cases.plain((0.2,) * steps, load, batteries=(cases.battery,), event_slots=2)
    return replace(
        problem,
        batteries=(BatteryState(id="bat", soc_kwh=soc),),
        events=(_event(cases, steps, **changes),),
    )


def test_a_commitment_is_met_and_paid(cases: Cases, solve: Solve) -> None:
    """30 kW below 60 for an hour at 0.4 per kWh."""
    plan = solve(_site(cases))
    assert plan.grid_kw[1] <= 30 + 1e-5
    assert plan.events[0].delivered_kw[1] >= 30 - 1e-5
    assert plan.events[0].delivered_kw[0] == 0.0
    assert plan.events[0].shortfall_kwh == pytest.approx(0.0, abs=1e-6)
    assert plan.cost.events == pytest.approx(-0.4 * 30, abs=1e-4)


def test_what_cannot_be_delivered_costs_and_is_named(cases: Cases, solve: Solve) -> None:
    """15 kWh above the window give 13.5 kWh: short by 16.5 kWh at 0.2, and 0.4 not earned."""
    plan = solve(_site(cases, soc=25.0, start=cases.start))
    assert plan.events[0].shortfall_kwh == pytest.approx(30 - 13.5, abs=1e-4)
    assert plan.cost.events == pytest.approx(0.2 * 16.5 - 0.4 * 13.5, abs=1e-3)
    texts = [each.text for each in plan.reasons if each.code is ReasonCode.LIMIT_RELAXED]
    assert texts[0].startswith("commitment of event grid_call missed by up to 16.5 kW")


def test_the_battery_is_charged_for_what_is_announced(cases: Cases, solve: Solve) -> None:
    """Empty now, an event in an hour: 30 / 0.9 kWh are charged before it."""
    plan = solve(_site(cases, soc=10.0))
    assert plan.batteries[0].power_kw[0] >= 30 / 0.81 - 1e-4
    assert plan.events[0].shortfall_kwh == pytest.approx(0.0, abs=1e-5)


def test_notice_shortens_what_binds(cases: Cases, solve: Solve) -> None:
    """Announced at the start of a two-hour event with an hour's notice: its second hour binds."""
    plan = solve(
        _site(cases, start=cases.start, duration_s=7200, announced_at=cases.start, notice_s=3600)
    )
    assert plan.events[0].delivered_kw[0] == 0.0
    assert plan.events[0].delivered_kw[1] >= 30 - 1e-5


def test_an_event_stands_on_the_clock_not_on_steps(cases: Cases, solve: Solve) -> None:
    """From half past to half past: half of each hour counts, so the reward is that of one hour."""
    plan = solve(_site(cases, start=cases.start + timedelta(minutes=90)))
    assert plan.cost.events == pytest.approx(-0.4 * 30, abs=1e-4)
    assert max(plan.grid_kw[1:3]) <= 30 + 1e-5


def test_the_rebound_is_capped(cases: Cases, solve: Solve) -> None:
    """Dear at the end, so the battery would refill at once with 50 kW; 10 above baseline are."""
    free = replace(_site(cases, rebound_cap_kw=500.0), stored_value_per_kwh=0.5)
    capped = replace(_site(cases, rebound_cap_kw=10.0), stored_value_per_kwh=0.5)
    assert solve(free).grid_kw[2] > 90
    assert solve(capped).grid_kw[2] == pytest.approx(70.0, abs=1e-4)


def test_the_rebound_never_raises_the_billed_peak(cases: Cases, solve: Solve) -> None:
    """75 kW are billed already and a further kW is cheap: still not above them in the rebound."""
    problem = replace(_site(cases, rebound_cap_kw=500.0), stored_value_per_kwh=0.5)
    site = replace(problem.site, demand_charges=("peak",))
    plain = cases.plain((0.2,) * 4, (60.0,) * 4, demand_charges=("peak",))
    term = replace(plain.demand_terms[0], price_per_kw=0.01, peak_so_far_kw=75.0)
    plan = solve(replace(problem, site=site, demand_terms=(term,)))
    assert plan.grid_kw[2] <= 75 + 1e-4
    assert plan.grid_kw[3] > 75


def test_comfort_of_critical_zones_outranks_the_event(cases: Cases, solve: Solve) -> None:
    """A hot zone: cooling goes on through a firm event only where comfort is critical."""
    cooled = {}
    for critical in (False, True):
        zone = replace(cases.zone, comfort_critical=critical)
        problem = cases.plain((0.2,) * 2, (10.0,) * 2, zones=(zone,), event_slots=1)
        event = _event(cases, 2, start=cases.start, committed_kw=6.0, baseline_kw=(14.0,) * 2)
        state = ZoneState(id="room", temperature_c=27.0)
        plan = solve(replace(problem, zones=(state,), events=(event,)))
        cooled[critical] = plan.zones[0].cool_kw[0]
        assert verify(replace(problem, zones=(state,), events=(event,)), plan).ok
    assert cooled[False] == pytest.approx(0.0, abs=1e-5)
    assert cooled[True] > 5.0


def test_an_optional_event_is_left_when_it_does_not_pay(cases: Cases, solve: Solve) -> None:
    """Without rank and with a tiny price, 30 kWh of store worth 0.9 each are worth more."""
    problem = _site(cases, firm=False, price_per_kwh=0.01, penalty_per_kwh=0.0)
    plan = solve(replace(problem, stored_value_per_kwh=0.9))
    assert plan.events[0].shortfall_kwh > 29


def test_the_rules_serve_the_event(cases: Cases) -> None:
    problem = _site(cases)
    plan = rules_plan(problem, cases.start)
    assert verify(problem, plan).violations == ()
    assert plan.grid_kw[1] == pytest.approx(30.0)
    assert plan.events[0].shortfall_kwh == pytest.approx(0.0)


def test_more_events_than_compiled_for_are_refused(cases: Cases, solve: Solve) -> None:
    problem = _site(cases)
    with pytest.raises(BadInputError, match="3 where 2 can be"):
        solve(replace(problem, events=problem.events * 3))


def test_a_claimed_delivery_is_checked(cases: Cases, solve: Solve) -> None:
    problem = _site(cases)
    plan = solve(problem)
    given = replace(plan.events[0], delivered_kw=(0.0, 45.0, 0.0, 0.0))
    texts = verify(problem, replace(plan, events=(given,))).violations
    assert any("is not delivered as claimed" in text for text in texts), texts
