"""Tanks, work, circuits and the last plan in a problem, and that the optimiser takes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from field_images import NOW, snapshot
from plans import plan
from pool_house import MEASURED, pool_house

from edge_agent.circuits import circuit_models
from edge_agent.histories import SiteHistory
from edge_agent.last_plan import last_powers
from edge_agent.planning_grid import plan_grid
from edge_agent.problem import build_problem
from edge_agent.reality import reality
from edge_agent.site.load import LoadedSite
from edge_agent.steered import steered_powers
from models.compiled import compile_site
from models.forecast.history import Floats, History
from models.rules import rules_plan
from models.solver import Optimiser
from models.types import Circuit, Plan, PlanSource, Problem, TimeGrid

LOAD_KW = 50.0


def history() -> SiteHistory:
    """A day at 50 kW and 25 degrees."""
    start = NOW - timedelta(days=1)

    def steady(value: float) -> History:
        values: Floats = np.full(96, value)
        return History(start, 900, values)

    return SiteHistory(
        load_kw=steady(LOAD_KW),
        outdoor_temp_c=steady(25.0),
        irradiance_w_per_m2=None,
        pv_kw={"roof": steady(10.0)},
    )


def problem_of(loaded: LoadedSite, **now: float | None) -> Problem:
    values = {key.replace("__", "."): value for key, value in now.items()}
    known = reality(loaded.site, loaded.tariff, snapshot(MEASURED | values), {}, {})
    made = build_problem(loaded, history(), known)
    assert isinstance(made, Problem)
    return made


def solved(problem: Problem) -> Plan:
    found = Optimiser(compile_site(problem.site, problem.grid.step_s)).solve(problem, 20.0, NOW)
    assert isinstance(found, Plan)
    return found


def test_everything_is_handed_over_and_planned(tmp_path: Path) -> None:
    loaded = pool_house(tmp_path)
    problem = problem_of(loaded)
    assert problem.forecast.load_kw == pytest.approx((LOAD_KW,) * 24)
    (draw,) = problem.forecast.thermal_stores
    assert min(draw.draw_kw) > 0
    assert problem.day_starts[0] <= problem.grid.start
    assert problem.tidiness is None
    made = solved(problem)
    assert made.source.by_solver
    (work,), (tank,) = made.shiftables, made.thermal_stores
    # Two of the four hours may wait for the two between the plan's end and the deadline.
    assert sum(work.power_kw) / 4 >= 8.0 - 1e-6
    assert min(tank.temperature_c) >= 60.0 - 1e-6


@pytest.mark.parametrize(
    ("values", "left", "load_kw"),
    [
        # 2 kW of draw without losses, and 16 kWh of work a day come back.
        ({"boiler__temperature": None}, "hot_water", LOAD_KW + 2.0),
        ({"pool__pump": None, "pool__power": None}, "pool", LOAD_KW + 16 / 24),
    ],
)
def test_what_is_left_alone_is_load_and_loses_no_plan(
    values: dict[str, None], left: str, load_kw: float, tmp_path: Path
) -> None:
    problem = problem_of(pool_house(tmp_path), **values)
    assert problem.forecast.load_kw == pytest.approx((load_kw,) * 24)
    made = solved(problem)
    assert any(left in reason.text and reason.degrades for reason in made.reasons)
    run_kwh = {part.id: sum(part.power_kw) for part in made.shiftables}
    assert run_kwh.get(left, 0.0) == 0.0
    assert left not in {part.id for part in made.thermal_stores}


def test_what_is_not_measured_is_off_the_load_by_its_usual_mean(tmp_path: Path) -> None:
    loaded = pool_house(tmp_path)
    assert steered_powers(loaded.site) == ("boiler.power", "pool.power")
    assets = loaded.site.assets
    blind = assets.thermal_stores[0].model_copy(update={"power": None})
    site = loaded.site.model_copy(
        update={"assets": assets.model_copy(update={"thermal_stores": (blind,)})}
    )
    problem = problem_of(replace(loaded, site=site))
    assert problem.forecast.load_kw == pytest.approx((LOAD_KW - 2.0,) * 24)
    text = "the power of hot_water is not measured: its usual 2.0 kW are off the load"
    assert text in [reason.text for reason in problem.reasons]
    assert steered_powers(site) == ("pool.power",)


def test_rules_without_a_solver_do_the_work_too(tmp_path: Path) -> None:
    made = rules_plan(problem_of(pool_house(tmp_path)), NOW)
    assert made.shiftables[0].power_kw == (4.0,) * 16 + (0.0,) * 8
    assert made.thermal_stores[0].temperature_c[-1] == pytest.approx(60 + (75 - 60) / 4)


@pytest.mark.parametrize(("threshold", "shed"), [(None, 0), (0.31, 0), (0.3, 1)])
def test_nothing_is_shed_below_its_price(
    threshold: float | None, shed: int, tmp_path: Path
) -> None:
    """At 0.3 a kWh, twice what the discomfort is worth."""
    group = {"id": "saunas", "switches": ["sauna"], "share": 0.1}
    more = {} if threshold is None else {"price_threshold_per_kwh": threshold}
    made = solved(problem_of(pool_house(tmp_path, demand={"sheddable": [group | more]})))
    assert bool(sum(made.sheds[0].shed_kw)) == bool(shed)


CIRCUITS: list[dict[str, Any]] = [
    {"name": "annex", "meter": "pool.power", "import_limit_kw": 30, "export_limit_kw": 20},
    {"name": "cellar", "meter": "boiler.power", "import_limit_kw": 25, "export_limit_kw": 20},
]


def with_circuits(folder: Path, *, names: list[str]) -> LoadedSite:
    loaded = pool_house(folder)
    assets = loaded.site.assets
    battery = assets.battery[0].model_copy(update={"circuits": tuple(names)})
    grid = type(assets.grid).model_validate(assets.grid.model_dump() | {"circuits": CIRCUITS})
    changed = assets.model_copy(update={"battery": (battery,), "grid": grid})
    return replace(loaded, site=loaded.site.model_copy(update={"assets": changed}))


def test_a_battery_behind_two_circuits_keeps_both_limits(tmp_path: Path) -> None:
    loaded = with_circuits(tmp_path, names=["annex", "cellar"])
    assert circuit_models(loaded.site) == (
        Circuit(id="annex", import_limit_kw=30, export_limit_kw=20, members=("cellar",)),
        Circuit(id="cellar", import_limit_kw=25, export_limit_kw=20, members=("bat",)),
    )
    problem = problem_of(loaded, pool__power=10.0, boiler__power=4.0)
    loads = {one.id: one.load_kw[0] for one in problem.forecast.circuits}
    # The battery gives 8: of the annex's 10 kW the cellar takes 4, and 12 of its own.
    assert loads == {"annex": 6.0, "cellar": 12.0}
    assert max(solved(problem).batteries[0].power_kw) <= 25.0 - 12.0 + 1e-6


def test_circuits_that_make_no_tree_are_left_to_the_guard(tmp_path: Path) -> None:
    loaded = with_circuits(tmp_path, names=["annex", "cellar", "annex"])
    assert circuit_models(loaded.site) == ()
    assert problem_of(loaded).forecast.circuits == ()


def test_a_battery_that_shares_its_name_is_left_to_the_guard(tmp_path: Path) -> None:
    loaded = with_circuits(tmp_path, names=["annex"])
    tank = loaded.site.assets.thermal_stores[0].model_copy(update={"id": "bat"})
    assets = loaded.site.assets.model_copy(update={"thermal_stores": (tank,)})
    same = replace(loaded, site=loaded.site.model_copy(update={"assets": assets}))
    assert circuit_models(same.site) == ()
    assert solved(problem_of(same)).source.by_solver


@pytest.mark.parametrize("water_c", [-5.0, 4.0, 59.0, 75.5, 99.0])
def test_no_temperature_of_the_water_costs_the_plan(water_c: float, tmp_path: Path) -> None:
    problem = problem_of(pool_house(tmp_path), boiler__temperature=water_c, pool__power=4.0)
    made = solved(problem)
    assert made.source.by_solver
    assert made.thermal_stores[0].temperature_c[-1] > min(water_c, 50.0)


def test_the_last_plan_on_the_steps_of_the_next(tmp_path: Path) -> None:
    loaded = pool_house(tmp_path)
    grid = plan_grid(loaded.site.planning, NOW)
    before = TimeGrid(start=NOW - timedelta(minutes=15), step_s=(900, 900, 1800))
    made = plan(grid=before, batteries=(replace(plan().batteries[0], power_kw=(1.0, 2.0, 3.0)),))
    assert last_powers(made, grid) == (("bat", (2.0, *(3.0,) * 23)),)
    assert last_powers(replace(made, source=PlanSource.RULES), grid) == ()
    assert last_powers(None, grid) == ()
    now = reality(loaded.site, loaded.tariff, snapshot(MEASURED), {}, {})
    known = replace(now, last_kw=last_powers(made, grid))
    problem = build_problem(loaded, history(), known)
    assert isinstance(problem, Problem)
    assert problem.tidiness is not None
    assert problem.tidiness.last_kw == known.last_kw
    assert solved(problem).source.by_solver
    gone = replace(made, grid=replace(before, start=NOW - timedelta(hours=2)))
    assert last_powers(gone, grid) == ()
