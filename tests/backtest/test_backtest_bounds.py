"""The plain policies and the bound: what each does, and that nothing is cheaper than the bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from backtest_month import month_case

from edge_agent.backtest.case import DAY, Case
from edge_agent.backtest.foresight import perfect
from edge_agent.backtest.meter import Meter
from edge_agent.backtest.outcome import start_soc_kwh, stored_value
from edge_agent.backtest.plain_policies import greedy, no_control, peak_rule, thresholds_kw
from edge_agent.month_peak import held_peak_kw
from models.compiled import compile_site
from models.solver import Optimiser
from models.types import (
    BatteryState,
    DemandTerm,
    Forecast,
    Grid,
    Plan,
    Problem,
    SiteModel,
    TimeGrid,
)

QUIET = Meter(sigma_share=0.0)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return month_case(tmp_path_factory.mktemp("case"), days=12, first_day=8)


def one_day(case: Case) -> Case:
    return replace(case, last=case.first + DAY)


def test_no_control_is_billed_by_hand(case: Case) -> None:
    found, net = no_control(case, QUIET), case.net_kw[case.played]
    bought, sold = np.maximum(net, 0) / 4, np.maximum(-net, 0) / 4
    energy = bought @ case.import_price[case.played] - sold @ case.export_price[case.played]
    assert found.cost == pytest.approx(energy + 9.0 * net.max())
    assert found.peak_kw == pytest.approx(net.max())
    assert found.cycles_per_day == 0.0
    pv_kwh = case.pv_kw[case.played].sum() / 4
    assert found.self_consumption == pytest.approx(1 - sold.sum() / pv_kwh)


def test_the_bound_is_the_planners_own_optimum_of_a_day(case: Case) -> None:
    day = one_day(case)
    steps, limits = day.played, day.loaded.site.assets.grid
    site = SiteModel(
        grid=Grid(import_limit_kw=limits.import_limit_kw, export_limit_kw=limits.export_limit_kw),
        batteries=(day.battery,),
        pvs=(),
        demand_charges=("peak",),
    )
    grid = TimeGrid(start=day.at(day.first), step_s=(900,) * DAY)
    problem = Problem(
        grid=grid,
        site=site,
        forecast=Forecast(
            load_kw=tuple(day.net_kw[steps].tolist()),
            outdoor_temp_c=(0.0,) * DAY,
            import_price_per_kwh=tuple(day.import_price[steps].tolist()),
            export_price_per_kwh=tuple(day.export_price[steps].tolist()),
        ),
        batteries=(BatteryState(id="bat", soc_kwh=start_soc_kwh(day)),),
        demand_terms=(DemandTerm(id="peak", price_per_kw=9.0, peak_so_far_kw=0.0),),
        stored_value_per_kwh=stored_value(day),
    )
    plan = Optimiser(compile_site(site, grid.step_s)).solve(problem, 30.0, grid.start)
    assert isinstance(plan, Plan)
    begin = stored_value(day) * start_soc_kwh(day)
    assert perfect(day).cost == pytest.approx(plan.cost.objective + begin, rel=1e-5)


def test_nothing_is_cheaper_than_the_bound(case: Case) -> None:
    best = perfect(case).cost
    costs = [policy(case, QUIET).cost for policy in (no_control, greedy, peak_rule)]
    assert best < min(costs)


def test_greedy_uses_its_own_sun_and_the_peak_rule_keeps_its_threshold(case: Case) -> None:
    none, own, peak = (policy(case, QUIET) for policy in (no_control, greedy, peak_rule))
    assert own.self_consumption is not None
    assert none.self_consumption is not None
    assert own.self_consumption > none.self_consumption
    assert own.export_kwh < none.export_kwh
    assert thresholds_kw(case)[case.played].min() - 1e-6 <= peak.peak_kw < none.peak_kw


def test_held_peak_of_a_day_is_what_its_energy_allows(case: Case) -> None:
    battery = case.battery
    net = np.full(DAY, 50.0)
    usable = (battery.soc_max_share - battery.soc_min_share) * battery.capacity_kwh
    given = usable * battery.discharge_efficiency
    assert held_peak_kw(battery, net.tolist()) == pytest.approx(50.0 - given / 24, abs=0.1)
    net[40:80] = 150.0
    assert held_peak_kw(battery, net.tolist()) == pytest.approx(150.0 - given / 10, abs=0.1)
    net[40:41] = 400.0
    assert held_peak_kw(battery, net.tolist()) == pytest.approx(
        400.0 - battery.discharge_kw, abs=0.1
    )
