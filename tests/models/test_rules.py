from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from models.knowledge import Knowledge, knowledge_of
from models.rules import rules_plan, safe_plan
from models.types import (
    BatteryState,
    PlanSource,
    Problem,
    Pv,
    PvForecast,
    Reason,
    ReasonCode,
    ZoneState,
)
from models.verify import verify

if TYPE_CHECKING:
    from tests.models.conftest import Cases

LATE = Reason(code=ReasonCode.SOLVER_LATE, text="the worker did not answer")


def _sunny(cases: Cases, available: tuple[float, ...]) -> Problem:
    steps = len(available)
    problem = cases.plain(
        (0.2,) * steps,
        (60.0,) * steps,
        batteries=(cases.battery,),
        pvs=(Pv(id="roof", peak_kw=200),),
    )
    return cases.outside(problem, pvs=(PvForecast(id="roof", available_kw=available),))


def test_rules_obey_the_same_physics(cases: Cases) -> None:
    problem = cases.hotel()
    plan = rules_plan(problem, problem.grid.start, (LATE,))
    assert verify(problem, plan).violations == ()
    assert plan.source is PlanSource.RULES
    assert plan.reasons == (LATE,)


def test_rules_charge_from_surplus_only(cases: Cases) -> None:
    plan = rules_plan(_sunny(cases, (80.0, 300.0, 0.0)), cases.start)
    assert plan.batteries[0].power_kw == pytest.approx((20.0, (90 - 68) / 0.9, 0.0))
    assert plan.grid_kw == pytest.approx((0.0, 60 - 200 + (90 - 68) / 0.9, 60.0))


def test_rules_discharge_only_above_the_peak(cases: Cases) -> None:
    problem = cases.plain(
        (0.2,) * 4, (60.0, 95.0, 60.0, 60.0), batteries=(cases.battery,), demand_charges=("peak",)
    )
    loads = tuple(95.0 if step == 20 else 60.0 for step in range(48))
    problem = cases.plain(
        (0.2,) * 48, loads, step_s=900, batteries=(cases.battery,), demand_charges=("peak",)
    )
    term = replace(problem.demand_terms[0], peak_so_far_kw=80.0)
    plan = rules_plan(replace(problem, demand_terms=(term,)), cases.start)
    power = plan.batteries[0].power_kw
    assert power[20] == pytest.approx(-15.0)
    assert sum(map(abs, power)) == pytest.approx(15.0)
    assert plan.peaks_kw == pytest.approx((80.0,))


def test_rules_defend_the_import_limit(cases: Cases) -> None:
    problem = cases.plain((0.2,) * 2, (1020.0, 900.0), batteries=(cases.battery,))
    plan = rules_plan(problem, cases.start)
    assert plan.grid_kw == pytest.approx((1000.0, 900.0))


def test_rules_curtail_down_to_the_export_limit(cases: Cases) -> None:
    problem = _sunny(cases, (190.0, 190.0))
    site = replace(problem.site, grid=replace(problem.site.grid, export_limit_kw=50.0))
    plan = rules_plan(replace(problem, site=site), cases.start)
    assert min(plan.grid_kw) >= -50.0 - 1e-9
    assert plan.pvs[0].curtailed_kw == pytest.approx((80.0, 80.0))


def test_rules_hold_the_middle_of_the_band(cases: Cases) -> None:
    problem = cases.plain((0.2,) * 4, (60.0,) * 4, zones=(cases.zone,))
    room = rules_plan(problem, cases.start).zones[0]
    assert room.temperature_c == pytest.approx((22.0,) * 4)
    assert all(power > 0 for power in room.cool_kw)
    assert room.heat_kw == (0.0,) * 4


def test_rules_respect_the_bms(cases: Cases) -> None:
    problem = _sunny(cases, (80.0, 300.0))
    state = BatteryState(id="bat", soc_kwh=50.0, charge_limit_kw=5.0)
    plan = rules_plan(replace(problem, batteries=(state,)), cases.start)
    assert plan.batteries[0].power_kw == pytest.approx((5.0, 5.0))


def test_without_a_load_the_rules_are_silent(cases: Cases) -> None:
    known = replace(knowledge_of(cases.hotel()), load_kw=None)
    plan = rules_plan(known, cases.start, (LATE,))
    assert plan.source is PlanSource.SAFE
    assert plan.load_kw == plan.grid_kw == plan.hvac_kw == ()
    assert [reason.code for reason in plan.reasons] == [
        ReasonCode.SOLVER_LATE,
        ReasonCode.INPUT_MISSING,
    ]


def test_what_is_unknown_is_left_out_and_named(cases: Cases) -> None:
    full = knowledge_of(cases.hotel(zones=1))
    known = replace(
        full,
        outdoor_temp_c=None,
        pvs=(),
        batteries=(BatteryState(id="bat", soc_kwh=None),),
        demand_terms=(),
    )
    plan = rules_plan(known, cases.start)
    assert plan.source is PlanSource.RULES
    assert (plan.batteries, plan.zones, plan.pvs, plan.peaks_kw) == ((), (), (), ())
    assert plan.grid_kw == full.load_kw
    assert {reason.text.split(":")[0] for reason in plan.reasons} == {"roof", "room_0"}
    assert plan.degraded


def test_an_unmeasured_zone_is_left_to_its_thermostat(cases: Cases) -> None:
    problem = cases.plain((0.2,) * 2, (60.0,) * 2, zones=(cases.zone,))
    problem = replace(problem, zones=(ZoneState(id="room", temperature_c=None),))
    assert rules_plan(problem, cases.start).zones == ()


def test_safe_leaves_everything_alone(cases: Cases) -> None:
    problem = cases.hotel()
    leaky = replace(problem.site.batteries[0], self_discharge_per_h=0.01)
    problem = replace(problem, site=replace(problem.site, batteries=(leaky,)))
    plan = safe_plan(problem, cases.start, (LATE,))
    assert plan.source is PlanSource.SAFE
    assert set(plan.batteries[0].power_kw) == {0.0}
    assert plan.batteries[0].soc_kwh[-1] == pytest.approx(50 * 0.99**24)
    assert (plan.zones, plan.pvs) == ((), ())
    assert plan.reasons == (LATE,)


def test_safe_needs_no_forecast_at_all(cases: Cases) -> None:
    problem = cases.hotel()
    plan = safe_plan(Knowledge(grid=problem.grid, site=problem.site), cases.start)
    assert plan.batteries == ()
    assert plan.load_kw == ()
