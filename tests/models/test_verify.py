"""The judge refuses every plan that was tampered with, and says where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from models.types import Plan, PlanSource, Problem, Series
from models.verify import verify

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Solve

Tamper = Callable[[Plan], Plan]


@pytest.fixture(scope="module")
def problem(cases: Cases) -> Problem:
    return cases.hotel(horizon_h=6)


@pytest.fixture(scope="module")
def plan(problem: Problem, solve: Solve) -> Plan:
    return solve(problem)


def _moved(series: Series, by: float, step: int = 5) -> Series:
    return (*series[:step], series[step] + by, *series[step + 1 :])


def _battery(**moves: float) -> Tamper:
    def tamper(plan: Plan) -> Plan:
        one = plan.batteries[0]
        changed: dict[str, Any] = {
            name: _moved(getattr(one, name), by) for name, by in moves.items()
        }
        return replace(plan, batteries=(replace(one, **changed),))

    return tamper


def _zone(**moves: float) -> Tamper:
    def tamper(plan: Plan) -> Plan:
        one = plan.zones[0]
        changed: dict[str, Any] = {
            name: _moved(getattr(one, name), by) for name, by in moves.items()
        }
        return replace(plan, zones=(replace(one, **changed), *plan.zones[1:]))

    return tamper


def _pv(**moves: float) -> Tamper:
    def tamper(plan: Plan) -> Plan:
        one = plan.pvs[0]
        changed: dict[str, Any] = {
            name: _moved(getattr(one, name), by) for name, by in moves.items()
        }
        return replace(plan, pvs=(replace(one, **changed),))

    return tamper


def _cost(**moves: float) -> Tamper:
    def tamper(plan: Plan) -> Plan:
        changed = {name: getattr(plan.cost, name) + by for name, by in moves.items()}
        return replace(plan, cost=replace(plan.cost, **changed))

    return tamper


TAMPERED: list[tuple[str, Tamper]] = [
    ("the balance is open", lambda plan: replace(plan, grid_kw=_moved(plan.grid_kw, 0.1))),
    ("load differs", lambda plan: replace(plan, load_kw=_moved(plan.load_kw, 0.1))),
    ("hvac power is not", lambda plan: replace(plan, hvac_kw=_moved(plan.hvac_kw, 0.1))),
    ("load_kw: not finite", lambda plan: replace(plan, load_kw=_moved(plan.load_kw, float("nan")))),
    ("grid_kw: 0 values", lambda plan: replace(plan, grid_kw=())),
    ("batteries: planned", lambda plan: replace(plan, batteries=())),
    ("zones: planned", lambda plan: replace(plan, zones=plan.zones[:1])),
    ("pvs: planned", lambda plan: replace(plan, pvs=())),
    ("0 peaks for 1", lambda plan: replace(plan, peaks_kw=())),
    ("the planned peak is", lambda plan: replace(plan, peaks_kw=(plan.peaks_kw[0] - 1,))),
    ("bat stored energy is not", _battery(soc_kwh=0.1)),
    ("bat stored energy is not what its power", _battery(power_kw=0.1)),
    ("bat charges beyond", _battery(power_kw=200.0)),
    ("bat discharges beyond", _battery(power_kw=-200.0)),
    ("room_0 temperature is not", _zone(temperature_c=0.1)),
    ("room_0 heats beyond", _zone(heat_kw=30.0)),
    ("room_0 cools beyond", _zone(cool_kw=30.0)),
    ("room_0 heats and cools", _zone(heat_kw=5.0, cool_kw=5.0)),
    ("room_0 has a negative", _zone(heat_kw=-1.0)),
    ("roof does not add up", _pv(pv_kw=1.0)),
    ("roof has a negative", _pv(pv_kw=1.0, curtailed_kw=-1.0)),
    ("energy costs", _cost(energy=-0.01)),
    ("demand costs", _cost(demand=-0.01)),
    ("wear costs", _cost(wear=-0.01)),
    ("stored costs", _cost(stored=-0.01)),
    ("penalties costs", _cost(penalties=0.01)),
    ("objective costs", _cost(energy=0.02)),
]


def test_an_honest_plan_passes(problem: Problem, plan: Plan) -> None:
    assert verify(problem, plan).violations == ()
    assert verify(problem, plan).ok


@pytest.mark.parametrize(("words", "tamper"), TAMPERED)
def test_a_tampered_plan_is_refused(
    problem: Problem, plan: Plan, words: str, tamper: Tamper
) -> None:
    verdict = verify(problem, tamper(plan))
    assert not verdict.ok
    assert any(words in text for text in verdict.violations), verdict.violations


def test_a_plan_on_another_grid_is_refused(cases: Cases, problem: Problem, plan: Plan) -> None:
    elsewhere = replace(plan, grid=cases.hotel(horizon_h=3).grid)
    assert verify(problem, elsewhere).violations == ("the plan stands on another grid",)


def test_leaving_the_window_is_refused(cases: Cases, solve: Solve) -> None:
    """A consistent plan that empties the battery below its minimum."""
    problem = cases.plain((0.2,) * 2, (60.0,) * 2, batteries=(cases.battery,))
    plan = solve(problem)
    battery = replace(plan.batteries[0], power_kw=(-40.0, 0.0), soc_kwh=(50 - 40 / 0.9,) * 2)
    emptied = replace(plan, batteries=(battery,), grid_kw=(20.0, 60.0))
    verdict = verify(problem, emptied)
    assert any("bat leaves its window by 4.44" in text for text in verdict.violations)


def test_burning_energy_shows_in_the_money(cases: Cases, solve: Solve) -> None:
    """Buying and selling at once nets out in the series; the claimed cost gives it away."""
    problem = cases.plain((0.2,) * 2, (60.0,) * 2)
    problem = cases.outside(problem, export_price_per_kwh=(0.5, 0.5))
    plan = solve(problem)
    claimed = replace(plan, cost=replace(plan.cost, energy=plan.cost.energy - 0.3 * 100))
    assert not verify(problem, claimed).ok


def test_the_cost_of_the_rules_is_not_asked_for(problem: Problem, plan: Plan) -> None:
    """Only optimisers claim a cost; a plan by rules is judged by its physics."""
    ruled = replace(_cost(energy=5.0)(plan), source=PlanSource.RULES)
    assert verify(problem, ruled).ok
