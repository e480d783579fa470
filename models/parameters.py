"""A Problem as named arrays, one for each Param of the compiled site. Pure numpy."""

from __future__ import annotations

import numpy as np

from models.affine import Floats
from models.billing import BilledBlock, billed_blocks, candidate_pairs, row_count
from models.conditions import MOST_LEVELS
from models.inputs import check_problem
from models.parameters_loads import event_values, shed_values, shiftable_values
from models.parameters_rooms import plant_values, zone_values
from models.parameters_storage import battery_values, store_values
from models.penalties import Penalties, penalties
from models.pricing import carbon_prices
from models.types import DemandTerm, Problem

Named = dict[str, Floats]


def parameters(problem: Problem) -> Named:
    """Every Param by name; BadInputError names the first number that cannot be planned with."""
    check_problem(problem)
    prices = penalties(problem)
    forecast = problem.forecast
    named: Named = {
        "demand.load_kw": np.array(forecast.load_kw, dtype=np.float64),
        "demand.unserved_price": np.array(prices.unserved_per_kwh),
        **_grid(problem, prices),
        **_pvs(problem),
        **_circuits(problem, prices),
        **battery_values(problem, prices),
        **zone_values(problem, prices),
        **plant_values(problem),
        **store_values(problem, prices),
        **shiftable_values(problem, prices),
        **shed_values(problem),
    }
    return named | event_values(problem, prices)


def _grid(problem: Problem, prices: Penalties) -> Named:
    """Prices, limits and the peak rows of the connection point."""
    forecast, steps = problem.forecast, len(problem.grid)
    drawn, fed = carbon_prices(problem)
    named: Named = {
        "grid.import_price": np.array(forecast.import_price_per_kwh),
        "grid.export_price": np.array(forecast.export_price_per_kwh),
        "grid.import_carbon_price": np.array(drawn),
        "grid.export_carbon_price": np.array(fed),
        "grid.import_limit_kw": np.full(steps, problem.site.grid.import_limit_kw),
        "grid.export_limit_kw": np.full(steps, problem.site.grid.export_limit_kw),
        "grid.over_price": np.array(prices.limit_per_kwh),
    }
    by_id = {term.id: term for term in problem.demand_terms}
    terms = [by_id[charge] for charge in problem.site.demand_charges]
    price = np.array([term.price_per_kw for term in terms])
    billed = np.array([term.billed_kw for term in terms])
    weights, floors = _peak_rows(problem, terms)
    return named | {
        "grid.block_weight": weights,
        "grid.block_floor_kw": floors,
        "grid.peak_price": price,
        "grid.billed_peak_kw": billed,
        "grid.billed_peak_cost": price * billed,
        **_levels(terms),
    }


def _levels(terms: list[DemandTerm]) -> Named:
    """Where further peak is dearer and by how much, charge after charge; by nothing at first."""
    level_kw = np.zeros((len(terms), MOST_LEVELS))
    price = np.zeros((len(terms), MOST_LEVELS))
    for index, term in enumerate(terms):
        level_kw[index] = term.billed_kw
        for place, rise in enumerate(term.rises):
            level_kw[index, place], price[index, place] = rise.from_kw, rise.price_per_kw
    return {"grid.level_kw": level_kw.ravel(), "grid.level_price": price.ravel()}


def _peak_rows(problem: Problem, terms: list[DemandTerm]) -> tuple[Floats, Floats]:
    """Weights of the candidate pairs and floors of the rows, charge after charge."""
    pairs = candidate_pairs(problem.grid.step_s)
    place = {pair: index for index, pair in enumerate(pairs)}
    weights = np.zeros((len(terms), len(pairs)))
    floors = np.zeros((len(terms), row_count(problem.grid.step_s)))
    margin = problem.forecast.peak_margin_kw
    for index, term in enumerate(terms):
        for block in billed_blocks(problem.grid, term):
            for step, weight in block.weights.items():
                weights[index, place[block.row, step]] = weight
            floors[index, block.row] = block.floor_kw + _margin(block, margin)
    return weights.ravel(), floors.ravel()


def _margin(block: BilledBlock, margin_kw: tuple[float, ...]) -> float:
    """Mean forecast margin over a block [kW]."""
    if not margin_kw:
        return 0.0
    return sum(weight * margin_kw[step] for step, weight in block.weights.items())


def _pvs(problem: Problem) -> Named:
    """Available power, never above what the plant can give."""
    available = {each.id: each.available_kw for each in problem.forecast.pvs}
    return {
        f"pv[{pv.id}].available_kw": np.clip(available[pv.id], 0.0, pv.rated_kw)
        for pv in problem.site.pvs
    }


def _circuits(problem: Problem, prices: Penalties) -> Named:
    """Loads and limits of the circuits."""
    loads = {each.id: each.load_kw for each in problem.forecast.circuits}
    named: Named = {}
    for circuit in problem.site.circuits:
        name = f"circuit[{circuit.id}]"
        load = loads.get(circuit.id, (0.0,) * len(problem.grid))
        named[f"{name}.load_kw"] = np.array(load)
        named[f"{name}.over_price"] = np.array(prices.limit_per_kwh)
        named[f"{name}.import_limit_kw"] = np.array(circuit.import_limit_kw)
        named[f"{name}.export_limit_kw"] = np.array(circuit.export_limit_kw)
    return named
