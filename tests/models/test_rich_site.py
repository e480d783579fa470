"""A site with one of everything: adversarial inputs, the cache, rounding, and `models.solve`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pe
import pytest
from rich_site import RICH, STEP_S, Chaos

import models
from models.affine import CompiledSite
from models.cache import compile_key, load, save
from models.compiled import compile_site
from models.parameters import parameters
from models.rules import rules_plan
from models.site import build
from models.site_json import from_json, to_json
from models.solver import Optimiser
from models.types import BadInputError, Grid, Plan, PlanSource, Problem, SiteModel
from models.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from tests.models.conftest import Cases


@pytest.fixture(scope="module")
def rich() -> CompiledSite:
    return compile_site(RICH, STEP_S)


def _draws(seed: int, count: int) -> Iterator[Problem]:
    chaos = Chaos(np.random.default_rng(seed))
    for _ in range(count):
        yield chaos.draw()


@pytest.mark.parametrize("seed", [11, 12])
def test_adversarial_inputs_are_always_answered(rich: CompiledSite, seed: int) -> None:
    """Each hot after the other; every plan has passed the judge, and so have the rules."""
    optimiser = Optimiser(rich)
    for problem in _draws(seed, 12):
        outcome = optimiser.solve(problem, 10.0, problem.grid.start)
        assert isinstance(outcome, Plan), (outcome, problem)
        assert outcome.source.by_solver
        ruled = rules_plan(problem, problem.grid.start)
        assert verify(problem, ruled).violations == ()
        most = ruled.cost.objective + 1e-3 * abs(ruled.cost.objective)
        assert outcome.cost.objective <= most


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_hundred_adversarial_inputs_are_answered(rich: CompiledSite, seed: int) -> None:
    optimiser = Optimiser(rich)
    for problem in _draws(seed, 25):
        outcome = optimiser.solve(problem, 10.0, problem.grid.start)
        assert isinstance(outcome, Plan), (outcome, problem)


def test_rounding_alone_is_always_answered(rich: CompiledSite) -> None:
    """Without branch and bound every decision is rounded; the plans still pass the judge."""
    optimiser, exact = Optimiser(rich, binary_rounds=0), Optimiser(rich)
    for problem in _draws(13, 12):
        outcome = optimiser.solve(problem, 10.0, problem.grid.start)
        best = exact.solve(problem, 10.0, problem.grid.start)
        assert isinstance(outcome, Plan), (outcome, problem)
        assert isinstance(best, Plan)
        assert best.cost.objective <= outcome.cost.objective + 1e-3 * abs(outcome.cost.objective)


def test_hot_equals_cold_whatever_came_before(rich: CompiledSite) -> None:
    """Binaries, held columns and the second stage of one solve leave nothing behind in the next."""
    optimiser = Optimiser(rich)
    for problem in _draws(14, 6):
        hot = optimiser.solve(problem, 10.0, problem.grid.start)
        cold = Optimiser(rich).solve(problem, 10.0, problem.grid.start)
        assert isinstance(hot, Plan)
        assert isinstance(cold, Plan)
        gap = 5e-4 * (1.0 + sum(abs(getattr(cold.cost, f.name)) for f in fields(cold.cost)))
        assert hot.cost.objective == pytest.approx(cold.cost.objective, abs=gap)


@pytest.mark.parametrize(
    "step_s", [(60,) * 60, (1800,) * 12, (3600,) * 48, (60, 300, 900, 3600, 3600)]
)
def test_any_step_and_horizon_is_answered(step_s: tuple[int, ...]) -> None:
    optimiser = Optimiser(compile_site(RICH, step_s))
    chaos = Chaos(np.random.default_rng(5), step_s=step_s)
    for _ in range(3):
        problem = chaos.draw()
        outcome = optimiser.solve(problem, 10.0, problem.grid.start)
        assert isinstance(outcome, Plan), (outcome, problem)
        assert verify(problem, rules_plan(problem, problem.grid.start)).violations == ()


def test_the_compiled_optimum_is_pyomos_own(rich: CompiledSite) -> None:
    """The same algebra with its integers, solved by Pyomo's own HiGHS interface."""
    problem = replace(next(_draws(21, 1)), tidiness=None)
    forecast = problem.forecast
    tame = replace(
        problem,
        forecast=replace(
            forecast,
            import_price_per_kwh=tuple(abs(each) + 0.2 for each in forecast.import_price_per_kwh),
            export_price_per_kwh=(0.05,) * len(STEP_S),
        ),
    )
    model = build(RICH, STEP_S)
    data = rich.flatten(parameters(tame))
    for name, group in rich.parameters.items():
        leaves = model.find_component(name).values()
        for leaf, value in zip(leaves, data[group.cells].tolist(), strict=True):
            leaf.set_value(value)
    solver = pe.SolverFactory("appsi_highs")
    solver.highs_options = {"mip_rel_gap": 1e-6}
    solver.solve(model)
    outcome = Optimiser(rich).solve(tame, 20.0, tame.grid.start)
    assert isinstance(outcome, Plan)
    best = pe.value(model.objective)
    assert outcome.cost.objective == pytest.approx(best, rel=3e-4)


def test_a_plan_with_a_part_missing_or_not_finite_is_refused(rich: CompiledSite) -> None:
    problem = next(each for each in _draws(30, 50) if len(each.events) == 2)
    plan = Optimiser(rich).solve(problem, 10.0, problem.grid.start)
    assert isinstance(plan, Plan)
    for name, words in (
        ("thermal_stores", "thermal stores: planned"),
        ("shiftables", "shiftables: planned"),
        ("sheds", "sheds: planned"),
        ("events", "events: planned"),
    ):
        cut: dict[str, Any] = {name: getattr(plan, name)[1:]}
        texts = verify(problem, replace(plan, **cut)).violations
        assert any(words in text for text in texts), texts
        first = getattr(plan, name)[0]
        series = next(f.name for f in fields(first) if isinstance(getattr(first, f.name), tuple))
        for bad, what in (((math.nan,) * len(STEP_S), "not finite"), ((1.0,), "1 values where")):
            broken: dict[str, Any] = {series: bad}
            parts = (replace(first, **broken), *getattr(plan, name)[1:])
            forged: dict[str, Any] = {name: parts}
            texts = verify(problem, replace(plan, **forged)).violations
            assert any(what in text for text in texts), texts


def test_cache_and_json_carry_everything(rich: CompiledSite, tmp_path: Path) -> None:
    save(rich, tmp_path / "site.npz")
    again = load(tmp_path / "site.npz", compile_key(RICH, STEP_S))
    assert again.integers.tolist() == rich.integers.tolist()
    assert len(again.integers) > 50
    assert from_json(to_json(RICH, STEP_S)) == (RICH, STEP_S)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to all numbers but those of the site and the grid."""
    if is_dataclass(value):
        for field in fields(value):
            if field.name not in {"reasons", "grid", "site", "firm"}:
                yield from _leaves(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, tuple):
        places = range(len(value)) if len(value) < 4 else (0, len(value) - 1)
        for index in places:
            yield from _leaves(value[index], (*path, index))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path


def _spoilt(value: Any, path: tuple[Any, ...], bad: object) -> Any:
    if not path:
        return bad
    key, rest = path[0], path[1:]
    if isinstance(key, str):
        return replace(value, **{key: _spoilt(getattr(value, key), rest, bad)})
    return (*value[:key], _spoilt(value[key], rest, bad), *value[key + 1 :])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_every_number_of_a_rich_problem_is_refused_by_name(bad: float) -> None:
    problem = next(each for each in _draws(30, 50) if len(each.events) == 2)
    paths = list(_leaves(problem))
    assert len(paths) > 100
    for path in paths:
        with pytest.raises(BadInputError) as caught:
            parameters(_spoilt(problem, path, bad))
        name = next(key for key in reversed(path) if isinstance(key, str))
        assert name in str(caught.value), path


def test_naive_times_are_refused_by_name() -> None:
    problem = next(each for each in _draws(30, 50) if each.events)
    naive = datetime(2026, 7, 1, 6)  # noqa: DTZ001 - the point of the test
    for path in (("events", 0, "start"), ("shiftables", 0, "jobs", 0, "deadline")):
        with pytest.raises(BadInputError, match=f"{path[-1]}: an aware time is due"):
            parameters(_spoilt(problem, path, naive))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("batteries", 0, "reserve_share"), 1.5, r"batteries\[bat\]\.reserve_share"),
        (("batteries", 0, "max_cycles_per_day"), -1.0, "max_cycles_per_day is below 0"),
        (("batteries", 0, "full_charge_every_h"), 0.0, "full_charge_every_h must be"),
        (("batteries", 0, "full_charge_share"), 0.5, "full_charge_share must lie"),
        (("pvs", 0, "inverter_kw"), -1.0, "inverter_kw is below 0"),
        (("zones", 0, "mass_resistance_k_per_kw"), 0.0, "mass_resistance_k_per_kw must"),
        (("zones", 0, "plant"), "nowhere", "there is no plant nowhere"),
        (("plants", 0, "cop_heating"), 0.5, "cop_heating is below 1"),
        (("thermal_stores", 0, "capacity_kwh_per_k"), 0.0, "capacity_kwh_per_k must be"),
        (("thermal_stores", 0, "low_c"), 70.0, "low_c is above high_c"),
        (("thermal_stores", 1, "immersion_kw"), 3.0, "immersion heater in a cold store"),
        (("thermal_stores", 0, "hygiene_c"), 20.0, "hygiene_c is below low_c"),
        (("shiftables", 0, "least_kw"), 9.0, "least_kw not within"),
        (("shiftables", 2, "min_block_s"), 900, "min_block_s without a least_kw"),
        (("shed_groups", 0, "most_share"), 1.5, "must lie in order within 0 .. 1"),
        (("shed_groups", 0, "least_share"), 0.0, "least_share must be positive"),
        (("shed_groups", 0, "most_s"), 60, "must lie in order above 0"),
        (("circuits", 0, "import_limit_kw"), -1.0, "limit below 0"),
        (("event_slots",), -1, "event_slots is below 0"),
    ],
)
def test_impossible_equipment_is_refused(
    path: tuple[Any, ...], value: object, message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        compile_site(_spoilt(RICH, path, value), STEP_S)


def test_solve_needs_no_site_file(cases: Cases) -> None:
    problem = cases.hotel(horizon_h=4)
    plan = models.solve(problem)
    assert plan.source is PlanSource.SOLVER
    assert plan.made_at == problem.grid.start
    assert verify(problem, plan).ok


def test_solve_answers_when_there_is_no_time(cases: Cases) -> None:
    plan = models.solve(cases.hotel(horizon_h=4), budget_s=0.0)
    assert plan.source is PlanSource.RULES
    assert plan.degraded


def test_unknown_names_are_no_part_of_models() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'resolve'"):
        models.resolve  # noqa: B018 - the access is the point


def test_a_plain_site_has_no_integers(cases: Cases) -> None:
    site = SiteModel(grid=Grid(import_limit_kw=9, export_limit_kw=9), batteries=(cases.battery,))
    assert compile_site(site, (900,) * 8).integers.tolist() == []
