"""What may be planned with: every number finite, every series as long as the grid, ids that match.

A refusal is a BadInputError whose message names the input and the step, for instance
"forecast.load_kw[3] is nan".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import timedelta

from models.billing import BLOCK_LENGTHS_S
from models.types import BadInputError, Problem, Series, SiteModel

LARGEST = 1e7
"""No power, energy, price or temperature of a building is larger."""
_FORECAST_SERIES = ("load_kw", "outdoor_temp_c", "import_price_per_kwh", "export_price_per_kwh")
_ZONE_SERIES = ("gains_kw", "low_c", "high_c")


def check_problem(problem: Problem) -> None:
    """BadInputError unless every number of `problem` can be planned with."""
    if problem.grid.start.utcoffset() != timedelta(0):
        msg = f"grid.start: an aware UTC time is due, got {problem.grid.start!r}"
        raise BadInputError(msg)
    check_site(problem.site, problem.grid.step_s)
    _check_numbers(problem, "")
    _check_lengths(problem)
    _check_ids(problem)
    for term in problem.demand_terms:
        _check_term(f"demand_terms[{term.id}]", term.block_s, term.price_per_kw)
        if not 0.0 <= term.open_block_elapsed_s <= term.block_s:
            msg = f"demand_terms[{term.id}].open_block_elapsed_s is outside its block"
            raise BadInputError(msg)


def check_site(site: SiteModel, step_s: Sequence[int]) -> None:
    """BadInputError unless the site's own numbers and the step lengths make sense."""
    if not step_s or any(seconds <= 0 for seconds in step_s):
        msg = "grid.step_s: at least one step, all longer than 0 s"
        raise BadInputError(msg)
    _check_numbers(site, "site.")
    _check_grid(site)
    for battery in site.batteries:
        name = f"site.batteries[{battery.id}]"
        _require(battery.capacity_kwh > 0, f"{name}.capacity_kwh must be positive")
        _require(min(battery.charge_kw, battery.discharge_kw) >= 0, f"{name}: power below 0")
        _require(0 < battery.charge_efficiency <= 1, f"{name}.charge_efficiency not in (0, 1]")
        _require(
            0 < battery.discharge_efficiency <= 1, f"{name}.discharge_efficiency not in (0, 1]"
        )
        _require(
            0 <= battery.soc_min_share <= battery.soc_max_share <= 1,
            f"{name}: soc_min_share .. soc_max_share must lie in order within 0 .. 1",
        )
        _require(0 <= battery.self_discharge_per_h < 1, f"{name}.self_discharge_per_h not in [0,1)")
        _require(battery.wear_cost_per_kwh >= 0, f"{name}.wear_cost_per_kwh is below 0")
    for zone in site.zones:
        name = f"site.zones[{zone.id}]"
        _require(min(zone.heat_kw, zone.cool_kw) >= 0, f"{name}: power below 0")
        _require(zone.comfort_weight >= 0, f"{name}.comfort_weight is below 0")
        for field in ("resistance_k_per_kw", "capacity_kwh_per_k", "cop_heating", "cop_cooling"):
            _require(getattr(zone, field) > 0, f"{name}.{field} must be positive")


def _check_grid(site: SiteModel) -> None:
    """Limits, sizes and ids of the connection, the PV plants and everything named."""
    _require(site.grid.import_limit_kw >= 0, "site.grid.import_limit_kw is below 0")
    _require(site.grid.export_limit_kw >= 0, "site.grid.export_limit_kw is below 0")
    for pv in site.pvs:
        _require(pv.peak_kw >= 0, f"site.pvs[{pv.id}].peak_kw is below 0")
    for kind in ("batteries", "pvs", "zones"):
        ids = [each.id for each in getattr(site, kind)]
        _require(len(set(ids)) == len(ids), f"site.{kind}: an id stands twice")


def _require(holds: bool, text: str) -> None:  # noqa: FBT001 - the condition is the argument
    """BadInputError unless it holds."""
    if not holds:
        raise BadInputError(text)


def _check_numbers(value: object, path: str) -> None:
    """Walk dataclasses and tuples; every number must be finite and of a building's size."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            inner = getattr(value, field.name)
            dot = "." if is_dataclass(inner) else ""
            _check_numbers(inner, f"{path}{field.name}{dot}")
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            place = f"{path}[{getattr(item, 'id', index)}]"
            _require(item is not None, f"{place} is missing")
            _check_numbers(item, f"{place}." if is_dataclass(item) else place)
    elif isinstance(value, (int, float)):
        _require(math.isfinite(value), f"{path} is {value}")
        _require(abs(value) <= LARGEST, f"{path} is {value:g}, beyond {LARGEST:g}")


def _check_lengths(problem: Problem) -> None:
    """One number per step in every series."""
    due = len(problem.grid)

    def check(series: Series, name: str) -> None:
        _require(len(series) == due, f"{name} has {len(series)} values where {due} are due")

    forecast = problem.forecast
    for field in _FORECAST_SERIES:
        check(getattr(forecast, field), f"forecast.{field}")
    if forecast.peak_margin_kw:
        check(forecast.peak_margin_kw, "forecast.peak_margin_kw")
    for pv in forecast.pvs:
        check(pv.available_kw, f"forecast.pvs[{pv.id}].available_kw")
    for zone in forecast.zones:
        for field in _ZONE_SERIES:
            check(getattr(zone, field), f"forecast.zones[{zone.id}].{field}")


def _check_ids(problem: Problem) -> None:
    """Every asset of the site has its forecast and state, each once, and nothing else has."""
    site, forecast = problem.site, problem.forecast
    for name, due, given in (
        ("batteries", [each.id for each in site.batteries], problem.batteries),
        ("zones", [each.id for each in site.zones], problem.zones),
        ("forecast.pvs", [each.id for each in site.pvs], forecast.pvs),
        ("forecast.zones", [each.id for each in site.zones], forecast.zones),
        ("demand_terms", list(site.demand_charges), problem.demand_terms),
    ):
        ids = [each.id for each in given]
        _require(sorted(ids) == sorted(due), f"{name}: {ids} given where {due} are due")


def _check_term(name: str, block_s: int, price_per_kw: float) -> None:
    """A demand charge the peak rows can express."""
    _require(block_s in BLOCK_LENGTHS_S, f"{name}.block_s must be one of {BLOCK_LENGTHS_S}")
    _require(price_per_kw >= 0, f"{name}.price_per_kw is below 0")
