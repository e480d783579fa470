from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyomo.environ as pe
import pytest

from models.affine import CompiledSite, Floats, Programme, fill, money_by_part
from models.cache import CacheError, compile_key, load, save
from models.compiled import NotAffine, compile_model, compile_site
from models.parameters import parameters
from models.site import COST_PARTS, build
from models.site_json import from_json, to_json
from models.solver import Optimiser
from models.types import BadInputError, CompileError, Plan, Problem, SiteModel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.models.conftest import Cases, Compile, Solve


def _feed(model: pe.ConcreteModel, compiled: CompiledSite, data: Floats) -> None:
    """Put the data vector into the Params of an ordinary Pyomo model."""
    for name, group in compiled.parameters.items():
        leaves = model.find_component(name).values()
        for leaf, value in zip(leaves, data[group.cells].tolist(), strict=True):
            leaf.set_value(value)


@dataclass(frozen=True, eq=False)
class Twin:
    site: CompiledSite
    model: pe.ConcreteModel
    filled: Programme
    values: Floats


@pytest.mark.parametrize("later_min", [0, 5, 400])
def test_compiled_optimum_equals_pyomos_own(
    cases: Cases, solve: Solve, compiled: Compile, later_min: int
) -> None:
    """The same algebra solved by Pyomo's HiGHS interface without our compiler."""
    problem = cases.hotel(timedelta(minutes=later_min))
    model = build(problem.site, problem.grid.step_s)
    site = compiled(problem)
    _feed(model, site, site.flatten(parameters(problem)))
    pe.SolverFactory("appsi_highs").solve(model)
    assert solve(problem).cost.objective == pytest.approx(pe.value(model.objective), rel=1e-6)


@pytest.fixture(scope="module")
def twin(cases: Cases, compiled: Compile) -> Twin:
    """A compiled site and the Pyomo model it came from, at the same random data and variables."""
    problem = cases.hotel(horizon_h=3)
    site, model = compiled(problem), build(problem.site, problem.grid.step_s)
    rng = np.random.default_rng(7)
    data = rng.uniform(-2, 2, sum(group.size for group in site.parameters.values()))
    values = rng.uniform(-2, 2, site.column_count)
    _feed(model, site, data)
    for name, group in site.columns.items():
        cells = zip(model.find_component(name).values(), values[group.cells], strict=True)
        for variable, value in cells:
            variable.set_value(value, skip_validation=True)
    return Twin(site, model, fill(site, data), values)


def test_rows_equal_pyomos_at_random_data(twin: Twin) -> None:
    site, filled = twin.site, twin.filled
    activity = np.bincount(
        site.matrix_row, filled.matrix * twin.values[site.matrix_column], minlength=site.row_count
    )
    mine: list[float] = []
    pyomos: list[float] = []
    for name, group in site.rows.items():
        for row, constraint in enumerate(twin.model.find_component(name).values(), group.start):
            mine += [filled.row_upper[row] - activity[row], activity[row] - filled.row_lower[row]]
            pyomos += [constraint.uslack(), constraint.lslack()]
    assert mine == pytest.approx(pyomos, abs=1e-9)


def test_costs_equal_pyomos_at_random_data(twin: Twin) -> None:
    money = money_by_part(twin.site, twin.filled, twin.values)
    pyomos = [pe.value(twin.model.cost[name]) for name in COST_PARTS]
    assert money == pytest.approx(pyomos, abs=1e-9)


def test_bounds_equal_pyomos_at_random_data(twin: Twin) -> None:
    for name, group in twin.site.columns.items():
        variables = list(twin.model.find_component(name).values())
        lower = [-math.inf if each.lb is None else each.lb for each in variables]
        upper = [math.inf if each.ub is None else each.ub for each in variables]
        assert twin.filled.column_lower[group.cells] == pytest.approx(lower, abs=1e-12)
        assert twin.filled.column_upper[group.cells] == pytest.approx(upper, abs=1e-12)


def _tiny() -> pe.ConcreteModel:
    model = pe.ConcreteModel()
    model.price = pe.Param(mutable=True, initialize=1.0)
    model.share = pe.Param(mutable=True, initialize=1.0)
    model.power_kw = pe.Var(bounds=(0, 1))
    model.cost = pe.Expression(COST_PARTS, rule=0.0)
    return model


def test_a_product_of_two_data_is_refused_by_name() -> None:
    model = _tiny()
    model.cost["energy"].set_value(model.price * model.share * model.power_kw)
    with pytest.raises(NotAffine, match=r"price\*share"):
        compile_model(model, (3600,), "key")


def test_a_division_by_data_is_refused_by_name() -> None:
    model = _tiny()
    model.row = pe.Constraint(expr=model.power_kw <= 1 / model.share)
    with pytest.raises(NotAffine, match="division by data"):
        compile_model(model, (3600,), "key")


def test_a_power_of_data_is_refused() -> None:
    model = _tiny()
    model.row = pe.Constraint(expr=model.power_kw <= model.share**2)
    with pytest.raises(NotAffine, match="share"):
        compile_model(model, (3600,), "key")


def test_a_product_of_variables_is_refused_by_name() -> None:
    model = _tiny()
    model.loss = pe.Constraint(expr=model.power_kw * model.power_kw <= 1)
    with pytest.raises(CompileError, match="loss is not linear"):
        compile_model(model, (3600,), "key")


def test_sums_scalings_and_constants_of_data_compile() -> None:
    model = _tiny()
    model.cost["energy"].set_value((2 * model.price - model.share / 4 + 3) * model.power_kw)
    site = compile_model(model, (3600,), "key")
    assert fill(site, np.array([5.0, 8.0])).cost.tolist() == [11.0]


def test_bad_equipment_does_not_compile(cases: Cases) -> None:
    battery = replace(cases.battery, charge_efficiency=float("nan"))
    site = SiteModel(grid=cases.hotel().site.grid, batteries=(battery,))
    with pytest.raises(BadInputError, match=r"site\.batteries\[bat\]\.charge_efficiency is nan"):
        compile_site(site, (3600,))


def _objective(problem: Problem, site: CompiledSite) -> float:
    outcome = Optimiser(site).solve(problem, 10.0, problem.grid.start)
    assert isinstance(outcome, Plan)
    return outcome.cost.objective


def test_a_cached_site_solves_alike(cases: Cases, compiled: Compile, tmp_path: Path) -> None:
    problem = cases.hotel()
    site = compiled(problem)
    save(site, tmp_path / "site.npz")
    again = load(tmp_path / "site.npz", compile_key(problem.site, problem.grid.step_s))
    assert again.step_s == problem.grid.step_s
    assert _objective(problem, again) == _objective(problem, site)
    assert [path.name for path in tmp_path.iterdir()] == ["site.npz"]


def test_a_damaged_or_foreign_cache_is_refused(
    cases: Cases, compiled: Compile, tmp_path: Path
) -> None:
    problem = cases.hotel(horizon_h=3)
    key = compile_key(problem.site, problem.grid.step_s)
    path = tmp_path / "site.npz"
    with pytest.raises(CacheError):
        load(path, key)
    save(compiled(problem), path)
    whole = path.read_bytes()
    with pytest.raises(CacheError, match="another site"):
        load(path, compile_key(problem.site, (3600,)))
    for size in (0, 1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(CacheError):
            load(path, key)
    for place in (0, 3, 5, 40, *range(50, len(whole), len(whole) // 200)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(CacheError, match="damaged"):
            load(path, key)


def test_indices_out_of_range_are_refused(cases: Cases, compiled: Compile, tmp_path: Path) -> None:
    site = compiled(cases.hotel(horizon_h=3))
    rows = site.matrix_row.copy()
    rows[0] = site.row_count
    save(replace(site, matrix_row=rows), tmp_path / "site.npz")
    with pytest.raises(CacheError, match="matrix rows: index out of range"):
        load(tmp_path / "site.npz", site.key)


def test_the_key_changes_with_site_and_steps(cases: Cases) -> None:
    site = cases.hotel().site
    other = replace(site, batteries=(replace(site.batteries[0], capacity_kwh=101),))
    keys = {compile_key(site, (900,)), compile_key(site, (300,)), compile_key(other, (900,))}
    assert len(keys) == 3


def test_site_json_round_trip(cases: Cases) -> None:
    problem = cases.hotel()
    text = to_json(problem.site, problem.grid.step_s)
    assert from_json(text) == (problem.site, problem.grid.step_s)
    for broken in ("", "[]", "{}", text.replace("capacity_kwh", "capacity_mwh")):
        with pytest.raises(BadInputError, match="not a site"):
            from_json(broken)


@pytest.mark.parametrize("name", ["roof.1", "b [old]", "o'neill", 'the "big" one', "a,b"])
def test_names_of_equipment_may_be_anything(cases: Cases, solve: Solve, name: str) -> None:
    """What Pyomo would quote or take for a path is still found under the model's own names."""
    plain = cases.hotel(horizon_h=1)
    site = plain.site
    named = replace(
        plain,
        site=replace(
            site,
            batteries=tuple(replace(each, id=name) for each in site.batteries),
            zones=(replace(site.zones[0], id=name), *site.zones[1:]),
        ),
        batteries=tuple(replace(each, id=name) for each in plain.batteries),
        zones=(replace(plain.zones[0], id=name), *plain.zones[1:]),
    )
    zones = (replace(plain.forecast.zones[0], id=name), *plain.forecast.zones[1:])
    plan = solve(cases.outside(named, zones=zones))
    assert plan.cost.objective == pytest.approx(solve(plain).cost.objective)
    assert [each.id for each in plan.batteries] == [name]


def _child(arguments: list[str], text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-m", "models.compile_child", *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_child_writes_the_cache_the_worker_reads(
    cases: Cases, compiled: Compile, tmp_path: Path
) -> None:
    problem = cases.hotel(horizon_h=6)
    path = tmp_path / "site.npz"
    done = _child([str(path)], to_json(problem.site, problem.grid.step_s))
    assert (done.returncode, done.stderr) == (0, "")
    site = load(path, compile_key(problem.site, problem.grid.step_s))
    assert _objective(problem, site) == _objective(problem, compiled(problem))


def test_the_child_says_why_it_failed(tmp_path: Path) -> None:
    wrong = _child([str(tmp_path / "site.npz")], "{}")
    assert wrong.returncode == 1
    assert "not a site" in wrong.stderr
    assert _child([], "").returncode == 2
    assert list(tmp_path.iterdir()) == []
