"""Demand charges by window and ratchet, carbon, circuits, and export at no price."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from models.types import (
    BadInputError,
    BatteryState,
    Circuit,
    CircuitForecast,
    DemandTerm,
    Grid,
    Job,
    Problem,
    Pv,
    PvForecast,
    ReasonCode,
    Shiftable,
    ShiftableState,
)
from models.verify import verify

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Solve


def _charged(problem: Problem, *terms: DemandTerm) -> Problem:
    site = replace(problem.site, demand_charges=tuple(term.id for term in terms))
    return replace(problem, site=site, demand_terms=terms)


def test_two_demand_charges_each_bill_their_own_window(cases: Cases, solve: Solve) -> None:
    """Loads 40, 100, 60: all hours at 10 per kW, the last alone at 3 per kW: 1000 + 180."""
    problem = cases.plain((0.2,) * 3, (40.0, 100.0, 60.0))
    plan = solve(
        _charged(
            problem,
            DemandTerm(id="all", price_per_kw=10, peak_so_far_kw=0),
            DemandTerm(id="evening", price_per_kw=3, peak_so_far_kw=0, counts=(0, 0, 1)),
        )
    )
    assert plan.peaks_kw == pytest.approx((100.0, 60.0))
    assert plan.cost.demand == pytest.approx(10 * 100 + 3 * 60)


def test_a_window_moves_the_battery_into_it(cases: Cases, solve: Solve) -> None:
    """Only the second hour counts, so its 60 kW are met by 50 kW of battery and 10 of the grid."""
    problem = cases.plain((0.2,) * 3, (60.0,) * 3, batteries=(cases.battery,))
    term = DemandTerm(id="window", price_per_kw=10, peak_so_far_kw=0, counts=(0, 1, 0))
    full = replace(problem, batteries=(BatteryState(id="bat", soc_kwh=90.0),))
    plan = solve(_charged(full, term))
    assert plan.peaks_kw == pytest.approx((10.0,), abs=1e-4)
    assert max(plan.grid_kw) >= 60.0 - 1e-6


def test_the_ratchet_is_a_floor_that_costs_nothing_again(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.2,) * 3, (40.0, 100.0, 40.0))
    term = DemandTerm(id="peak", price_per_kw=10, peak_so_far_kw=20, ratchet_kw=90)
    plan = solve(_charged(problem, term))
    assert plan.peaks_kw == pytest.approx((100.0,))
    assert plan.cost.demand == pytest.approx(10 * 10)


def test_a_billing_period_that_ends_within_the_horizon(cases: Cases, solve: Solve) -> None:
    """The old month has 120 kW behind it, the new one begins at nothing: two terms, one cut."""
    problem = cases.plain((0.2,) * 4, (110.0, 110.0, 50.0, 70.0))
    plan = solve(
        _charged(
            problem,
            DemandTerm(id="june", price_per_kw=8, peak_so_far_kw=120, counts=(1, 1, 0, 0)),
            DemandTerm(id="july", price_per_kw=2, peak_so_far_kw=0, counts=(0, 0, 1, 1)),
        )
    )
    assert plan.peaks_kw == pytest.approx((120.0, 70.0))
    assert plan.cost.demand == pytest.approx(2 * 70)


def test_carbon_is_reported_whatever_it_weighs(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.2, 0.2), (60.0, 30.0))
    problem = cases.outside(problem, co2_kg_per_kwh=(0.5, 0.1), marginal_co2_kg_per_kwh=(0.8, 0.4))
    plan = solve(problem)
    assert plan.carbon.average_kg == pytest.approx(60 * 0.5 + 30 * 0.1)
    assert plan.carbon.marginal_kg == pytest.approx(60 * 0.8 + 30 * 0.4)
    assert plan.cost.carbon == 0.0


def test_unknown_intensity_is_no_zero(cases: Cases, solve: Solve) -> None:
    plan = solve(cases.plain((0.2, 0.2), (60.0, 30.0)))
    assert plan.carbon.average_kg is None
    assert plan.carbon.marginal_kg is None


def test_the_pareto_weight_moves_the_battery(cases: Cases, solve: Solve) -> None:
    """Hardly cheaper but dirty: with a weight the battery serves the dirty hour."""
    problem = cases.plain((0.2, 0.19), (60.0, 60.0), batteries=(cases.battery,))
    problem = replace(problem, stored_value_per_kwh=0.0)
    problem = cases.outside(problem, marginal_co2_kg_per_kwh=(0.1, 0.9))
    blind = solve(problem)
    green = solve(replace(problem, co2_price_per_kg=1.0))
    assert green.carbon.marginal_kg is not None
    assert blind.carbon.marginal_kg is not None
    assert green.carbon.marginal_kg < blind.carbon.marginal_kg - 10
    assert green.cost.carbon == pytest.approx(green.carbon.marginal_kg)
    assert blind.cost.energy <= green.cost.energy + 1e-6


def test_export_is_credited_only_as_told(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.2,), (10.0,), pvs=(Pv(id="roof", peak_kw=100),))
    problem = cases.outside(
        problem,
        pvs=(PvForecast(id="roof", available_kw=(60.0,)),),
        export_price_per_kwh=(0.05,),
        co2_kg_per_kwh=(0.4,),
    )
    assert solve(problem).carbon.average_kg == pytest.approx(0.0)
    credited = cases.outside(problem, export_co2_kg_per_kwh=(0.3,))
    assert solve(credited).carbon.average_kg == pytest.approx(-50 * 0.3)


def test_sun_is_not_thrown_away_at_an_export_price_of_nothing(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.2,) * 2, (10.0,) * 2, pvs=(Pv(id="roof", peak_kw=100),))
    problem = cases.outside(problem, pvs=(PvForecast(id="roof", available_kw=(60.0, 60.0)),))
    site = replace(problem.site, grid=Grid(import_limit_kw=100, export_limit_kw=30))
    plan = solve(replace(problem, site=site))
    assert plan.pvs[0].curtailed_kw == pytest.approx((20.0, 20.0))
    assert plan.grid_kw == pytest.approx((-30.0, -30.0))


def test_sun_is_thrown_away_at_a_negative_export_price(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.2,), (10.0,), pvs=(Pv(id="roof", peak_kw=100),))
    problem = cases.outside(
        problem,
        pvs=(PvForecast(id="roof", available_kw=(60.0,)),),
        export_price_per_kwh=(-0.01,),
    )
    plan = solve(problem)
    assert plan.pvs[0].curtailed_kw == pytest.approx((50.0,))
    assert plan.grid_kw == pytest.approx((0.0,), abs=1e-6)


def _garage(cases: Cases, limit_kw: float) -> Problem:
    """Two batteries and a load behind nested circuits; the first hour is cheap."""
    first = replace(cases.battery, id="first")
    second = replace(cases.battery, id="second")
    circuits = (
        Circuit(id="inner", import_limit_kw=limit_kw, export_limit_kw=99, members=("first",)),
        Circuit(id="outer", import_limit_kw=70, export_limit_kw=99, members=("inner", "second")),
    )
    problem = cases.plain((0.1, 0.9), (60.0,) * 2, batteries=(first, second), circuits=circuits)
    states = tuple(BatteryState(id=name, soc_kwh=10.0) for name in ("first", "second"))
    own = CircuitForecast(id="outer", load_kw=(15.0, 15.0))
    problem = cases.outside(problem, circuits=(own,))
    return replace(problem, batteries=states, stored_value_per_kwh=0.9)


def test_nested_circuits_bound_what_hangs_behind_them(cases: Cases, solve: Solve) -> None:
    """Inner 20 kW for the first battery; outer 70 less 15 of load leaves 35 for the second."""
    plan = solve(_garage(cases, 20.0))
    charging = {battery.id: battery.power_kw[0] for battery in plan.batteries}
    assert charging["first"] <= 20.0 + 1e-6
    assert sum(charging.values()) == pytest.approx(55.0)
    assert not plan.degraded


def test_a_circuit_that_cannot_hold_is_named(cases: Cases, solve: Solve) -> None:
    problem = _garage(cases, 20.0)
    own = CircuitForecast(id="outer", load_kw=(80.0, 15.0))
    plan = solve(cases.outside(problem, circuits=(own,)))
    # The batteries have nothing to give in the first hour.
    texts = [each.text for each in plan.reasons if each.code is ReasonCode.LIMIT_RELAXED]
    assert len(texts) == 1
    assert texts[0].startswith("import limit of circuit outer missed by up to 10 kW")


def test_a_breached_circuit_shows_in_the_money(cases: Cases, solve: Solve) -> None:
    """A plan that leaves the circuit without saying so claims a cost its series do not have."""
    problem = _garage(cases, 20.0)
    wide = replace(
        problem,
        site=replace(
            problem.site,
            circuits=tuple(replace(each, import_limit_kw=500) for each in problem.site.circuits),
        ),
    )
    assert not verify(problem, solve(wide)).ok


@pytest.mark.parametrize(
    ("circuits", "message"),
    [
        ((("a", ("bat", "nowhere")),), "nowhere is not the id of one piece"),
        ((("a", ("bat",)), ("b", ("bat",))), "bat hangs behind another circuit too"),
        ((("a", ("b",)), ("b", ("a",))), "hangs behind itself"),
    ],
)
def test_impossible_circuits_are_refused(
    cases: Cases, solve: Solve, circuits: tuple[tuple[str, tuple[str, ...]], ...], message: str
) -> None:
    feeders = tuple(
        Circuit(id=name, import_limit_kw=9, export_limit_kw=9, members=members)
        for name, members in circuits
    )
    problem = cases.plain((0.1,), (60.0,), batteries=(cases.battery,), circuits=feeders)
    with pytest.raises(BadInputError, match=message):
        solve(problem)


def test_a_shiftable_load_behind_a_circuit_takes_longer(cases: Cases, solve: Solve) -> None:
    car = Shiftable(id="car", power_kw=22)
    feeder = Circuit(id="garage", import_limit_kw=5, export_limit_kw=0, members=("car",))
    problem = cases.plain((0.1, 0.2, 0.3), (10.0,) * 3, shiftables=(car,), circuits=(feeder,))
    job = Job(earliest=cases.start, deadline=cases.start + timedelta(hours=3), energy_kwh=12.0)
    problem = replace(problem, shiftables=(ShiftableState(id="car", jobs=(job,)),))
    assert solve(problem).shiftables[0].power_kw == pytest.approx((5.0, 5.0, 2.0))


def test_a_feeder_bounds_the_sun_behind_it(cases: Cases, solve: Solve) -> None:
    """60 kW of sun behind a feeder that takes 25 back: the load elsewhere gets 25 of it."""
    feeder = Circuit(id="barn", import_limit_kw=9, export_limit_kw=25, members=("roof",))
    problem = cases.plain((0.3,), (50.0,), pvs=(Pv(id="roof", peak_kw=99),), circuits=(feeder,))
    plan = solve(cases.outside(problem, pvs=(PvForecast(id="roof", available_kw=(60.0,)),)))
    assert plan.pvs[0].pv_kw == pytest.approx((25.0,))
    assert plan.grid_kw == pytest.approx((25.0,))
