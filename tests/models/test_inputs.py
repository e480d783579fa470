"""Every number of a Problem in turn is spoilt: refused by name before anything else happens."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from models.inputs import check_problem
from models.parameters import parameters
from models.types import BadInputError, BatteryState, Problem, Pv

if TYPE_CHECKING:
    from tests.models.conftest import Cases


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to all floats: field names and indices."""
    if is_dataclass(value):
        for field in fields(value):
            if field.name not in {"reasons", "step_s", "start"}:
                yield from _leaves(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, tuple):
        places = range(len(value)) if len(value) < 3 or is_dataclass(value[0]) else (0, 2)
        for index in places:
            yield from _leaves(value[index], (*path, index))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path


def _spoilt(value: Any, path: tuple[Any, ...], bad: float) -> Any:
    if not path:
        return bad
    key, rest = path[0], path[1:]
    if isinstance(key, str):
        return replace(value, **{key: _spoilt(getattr(value, key), rest, bad)})
    return (*value[:key], _spoilt(value[key], rest, bad), *value[key + 1 :])


def _full(cases: Cases) -> Problem:
    problem = cases.plain(
        (0.1, 0.5, 0.3),
        (60.0,) * 3,
        batteries=(cases.battery,),
        zones=(cases.zone,),
        pvs=(Pv(id="roof", peak_kw=30),),
        demand_charges=("peak",),
    )
    state = BatteryState(id="bat", soc_kwh=50.0, charge_limit_kw=9.0, discharge_limit_kw=9.0)
    problem = replace(problem, batteries=(state,), stored_value_per_kwh=0.2)
    return cases.outside(problem, peak_margin_kw=(1.0, 2.0, 3.0))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e300])
def test_every_number_is_refused_by_name(cases: Cases, bad: float) -> None:
    problem = _full(cases)
    check_problem(problem)
    paths = list(_leaves(problem))
    assert len(paths) > 40
    for path in paths:
        with pytest.raises(BadInputError) as caught:
            parameters(_spoilt(problem, path, bad))
        name = next(key for key in reversed(path) if isinstance(key, str))
        assert name in str(caught.value), path
        if isinstance(path[-1], int):
            assert f"{name}[{path[-1]}] is" in str(caught.value)


def test_the_name_leads_to_the_number(cases: Cases) -> None:
    problem = _spoilt(_full(cases), ("forecast", "zones", 0, "low_c", 2), math.nan)
    with pytest.raises(BadInputError, match=r"^forecast\.zones\[room\]\.low_c\[2\] is nan$"):
        check_problem(problem)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"load_kw": (1.0, 2.0)}, "forecast.load_kw has 2 values where 3 are due"),
        ({"load_kw": (1.0, None, 2.0)}, "forecast.load_kw[1] is missing"),
        ({"peak_margin_kw": (1.0,)}, "forecast.peak_margin_kw has 1 values where 3 are due"),
        ({"pvs": ()}, "forecast.pvs: [] given where ['roof'] are due"),
        ({"zones": ()}, "forecast.zones: [] given where ['room'] are due"),
    ],
)
def test_misfits_are_refused(cases: Cases, change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError) as caught:
        check_problem(cases.outside(_full(cases), **change))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("demand_terms", 0, "block_s"), 600, "block_s must be one of"),
        (("demand_terms", 0, "price_per_kw"), -1.0, "price_per_kw is below 0"),
        (("demand_terms", 0, "open_block_elapsed_s"), 1000.0, "outside its block"),
        (("site", "batteries", 0, "charge_efficiency"), 0.0, "charge_efficiency not in"),
        (("site", "batteries", 0, "discharge_efficiency"), 1.1, "discharge_efficiency not in"),
        (("site", "batteries", 0, "soc_min_share"), 0.95, "must lie in order"),
        (("site", "batteries", 0, "capacity_kwh"), 0.0, "capacity_kwh must be positive"),
        (("site", "batteries", 0, "charge_kw"), -1.0, "power below 0"),
        (("site", "batteries", 0, "self_discharge_per_h"), 1.0, "self_discharge_per_h"),
        (("site", "batteries", 0, "wear_cost_per_kwh"), -0.1, "wear_cost_per_kwh is below 0"),
        (("site", "zones", 0, "resistance_k_per_kw"), 0.0, "resistance_k_per_kw must be"),
        (("site", "zones", 0, "cop_cooling"), 0.0, "cop_cooling must be positive"),
        (("site", "zones", 0, "comfort_weight"), -1.0, "comfort_weight is below 0"),
        (("site", "pvs", 0, "peak_kw"), -1.0, "peak_kw is below 0"),
        (("site", "grid", "import_limit_kw"), -1.0, "import_limit_kw is below 0"),
    ],
)
def test_impossible_equipment_is_refused(
    cases: Cases, path: tuple[Any, ...], value: float, message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        check_problem(_spoilt(_full(cases), path, value))


def test_naive_time_and_empty_grid_are_refused(cases: Cases) -> None:
    problem = _full(cases)
    naive = replace(problem.grid, start=problem.grid.start.replace(tzinfo=None))
    with pytest.raises(BadInputError, match="aware UTC"):
        check_problem(replace(problem, grid=naive))
    with pytest.raises(BadInputError, match="at least one step"):
        check_problem(replace(problem, grid=replace(problem.grid, step_s=())))


def test_a_zero_in_stored_value_differs_from_none(cases: Cases) -> None:
    problem = _full(cases)
    given = parameters(replace(problem, stored_value_per_kwh=0.0))
    mean = parameters(replace(problem, stored_value_per_kwh=None))
    assert float(given["battery[bat].stored_value"]) == 0.0
    assert float(mean["battery[bat].stored_value"]) == pytest.approx(0.3)
