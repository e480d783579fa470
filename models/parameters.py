"""A Problem as named arrays, one for each Param of the compiled site. Pure numpy."""

from __future__ import annotations

import numpy as np

from models.affine import Floats
from models.billing import BilledBlock, billed_blocks, candidate_pairs, row_count
from models.inputs import check_problem
from models.penalties import Penalties, penalties
from models.physics import allowed_kw, hours_of, kept_share
from models.pricing import stored_value
from models.types import (
    Battery,
    BatteryState,
    DemandTerm,
    Problem,
    Zone,
    ZoneForecast,
    ZoneState,
)

Named = dict[str, Floats]


def parameters(problem: Problem) -> Named:
    """Every Param by name; BadInputError names the first number that cannot be planned with."""
    check_problem(problem)
    prices = penalties(problem)
    site, forecast = problem.site, problem.forecast
    named: Named = {
        "demand.load_kw": np.array(forecast.load_kw, dtype=np.float64),
        "demand.unserved_price": np.array(prices.unserved_per_kwh),
        **_grid(problem, prices),
    }
    available = {each.id: each.available_kw for each in forecast.pvs}
    for pv in site.pvs:
        named[f"pv[{pv.id}].available_kw"] = np.clip(available[pv.id], 0.0, pv.peak_kw)
    battery_states = {each.id: each for each in problem.batteries}
    for battery in site.batteries:
        values = _battery(battery, battery_states[battery.id], problem, prices)
        named |= {f"battery[{battery.id}].{name}": value for name, value in values.items()}
    zone_states = {each.id: each for each in problem.zones}
    zone_forecasts = {each.id: each for each in forecast.zones}
    for zone, price in zip(site.zones, prices.comfort, strict=True):
        values = _zone(zone, zone_states[zone.id], zone_forecasts[zone.id], price)
        values["outdoor_c"] = np.array(forecast.outdoor_temp_c)
        named |= {f"zone[{zone.id}].{name}": value for name, value in values.items()}
    return named


def _grid(problem: Problem, prices: Penalties) -> Named:
    """Prices, limits and the peak rows of the connection point."""
    forecast, steps = problem.forecast, len(problem.grid)
    named: Named = {
        "grid.import_price": np.array(forecast.import_price_per_kwh),
        "grid.export_price": np.array(forecast.export_price_per_kwh),
        "grid.import_limit_kw": np.full(steps, problem.site.grid.import_limit_kw),
        "grid.export_limit_kw": np.full(steps, problem.site.grid.export_limit_kw),
        "grid.over_price": np.array(prices.limit_per_kwh),
    }
    by_id = {term.id: term for term in problem.demand_terms}
    terms = [by_id[charge] for charge in problem.site.demand_charges]
    price = np.array([term.price_per_kw for term in terms])
    billed = np.array([term.peak_so_far_kw for term in terms])
    weights, floors = _peak_rows(problem, terms)
    return named | {
        "grid.block_weight": weights,
        "grid.block_floor_kw": floors,
        "grid.peak_price": price,
        "grid.billed_peak_kw": billed,
        "grid.billed_peak_cost": price * billed,
    }


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


def _battery(battery: Battery, state: BatteryState, problem: Problem, prices: Penalties) -> Named:
    """Start, limits and window of one battery; unknown stored energy means hands off."""
    known = state.soc_kwh is not None
    start_kwh = state.soc_kwh if state.soc_kwh is not None else 0.0
    charge_kw = allowed_kw(battery.charge_kw, state.charge_limit_kw)
    discharge_kw = allowed_kw(battery.discharge_kw, state.discharge_limit_kw)
    hours = hours_of(problem.grid.step_s)
    idle_kwh = start_kwh * np.cumprod([kept_share(battery, step_h) for step_h in hours])
    high_kwh = battery.soc_max_share * battery.capacity_kwh
    low_kwh = battery.soc_min_share * battery.capacity_kwh
    return {
        "start_kwh": np.array(start_kwh),
        "charge_limit_kw": np.array(charge_kw if known else 0.0),
        "discharge_limit_kw": np.array(discharge_kw if known else 0.0),
        "window_price": np.array(prices.window_per_kwh_h if known else 0.0),
        "stored_value": np.array(stored_value(problem) if known else 0.0),
        "over_max_kwh": np.maximum(0.0, idle_kwh - high_kwh),
        "under_max_kwh": np.maximum(0.0, low_kwh - idle_kwh),
    }


def _zone(zone: Zone, state: ZoneState, forecast: ZoneForecast, price: float) -> Named:
    """Start, band and limits of one zone; an unknown temperature means hands off."""
    known = state.temperature_c is not None
    high = np.array(forecast.high_c)
    return {
        "start_c": np.array(state.temperature_c if known else 0.0),
        "heat_limit_kw": np.array(zone.heat_kw if known else 0.0),
        "cool_limit_kw": np.array(zone.cool_kw if known else 0.0),
        "comfort_price": np.array(price if known else 0.0),
        "gains_kw": np.array(forecast.gains_kw),
        "low_c": np.minimum(forecast.low_c, high),
        "high_c": high,
    }
