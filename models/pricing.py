"""What a plan costs, recomputed from its own series and the problem's data. Pure Python.

Shares nothing with the optimiser's rows: blocks are walked on the clock, penalties are taken from
the breaches the series show.
"""

from __future__ import annotations

from models.penalties import Penalties, penalties
from models.types import CostParts, DemandTerm, Plan, Problem, Series, TimeGrid


def stored_value(problem: Problem) -> float:
    """Money a kWh in store is worth at the end: as given, else the mean import price."""
    if problem.stored_value_per_kwh is not None:
        return problem.stored_value_per_kwh
    weighted = zip(problem.forecast.import_price_per_kwh, problem.grid.step_s, strict=True)
    return sum(price * seconds for price, seconds in weighted) / sum(problem.grid.step_s)


def price_plan(problem: Problem, plan: Plan) -> CostParts:
    """Money over the horizon by part, from the plan's series alone."""
    hours = [seconds / 3600.0 for seconds in plan.grid.step_s]
    prices = zip(
        problem.forecast.import_price_per_kwh, problem.forecast.export_price_per_kwh, strict=True
    )
    energy = sum(
        dt * (bought * max(0.0, power) - sold * max(0.0, -power))
        for dt, power, (bought, sold) in zip(hours, plan.grid_kw, prices, strict=True)
    )
    margin = problem.forecast.peak_margin_kw
    demand = sum(
        term.price_per_kw
        * (billed_peak(plan.grid, plan.grid_kw, term, margin) - term.peak_so_far_kw)
        for term in problem.demand_terms
    )
    batteries = {battery.id: battery for battery in problem.site.batteries}
    wear = sum(
        batteries[each.id].wear_cost_per_kwh * dt * max(0.0, -power)
        for each in plan.batteries
        for dt, power in zip(hours, each.power_kw, strict=True)
    )
    left_kwh = sum(each.soc_kwh[-1] for each in plan.batteries)
    return CostParts(
        energy=energy,
        demand=demand,
        wear=wear,
        stored=-stored_value(problem) * left_kwh if left_kwh else 0.0,
        penalties=_breaches(problem, plan, hours, penalties(problem)),
    )


def billed_peak(grid: TimeGrid, grid_kw: Series, term: DemandTerm, margin_kw: Series) -> float:
    """Highest block mean of import + margin [kW], at least the peak already billed."""
    energy_kws: dict[int, float] = {}
    known_s: dict[int, float] = {}
    first = round(grid.start.timestamp()) // term.block_s
    energy_kws[first] = term.open_block_kwh * 3600.0
    known_s[first] = term.open_block_elapsed_s
    for index, start in enumerate(grid.starts):
        moment = round(start.timestamp())
        end = moment + grid.step_s[index]
        power = max(0.0, grid_kw[index]) + (margin_kw[index] if margin_kw else 0.0)
        while moment < end:
            block = moment // term.block_s
            until = min(end, (block + 1) * term.block_s)
            energy_kws[block] = energy_kws.get(block, 0.0) + power * (until - moment)
            known_s[block] = known_s.get(block, 0.0) + until - moment
            moment = until
    return max(term.peak_so_far_kw, *(energy_kws[block] / known_s[block] for block in known_s))


def _breaches(problem: Problem, plan: Plan, hours: list[float], prices: Penalties) -> float:
    """Money for limits, windows and comfort bands the series leave."""
    limits = problem.site.grid
    total = prices.limit_per_kwh * sum(
        dt * outside(power, -limits.export_limit_kw, limits.import_limit_kw)
        for dt, power in zip(hours, plan.grid_kw, strict=True)
    )
    batteries = {battery.id: battery for battery in problem.site.batteries}
    for stored in plan.batteries:
        battery = batteries[stored.id]
        low = battery.soc_min_share * battery.capacity_kwh
        high = battery.soc_max_share * battery.capacity_kwh
        total += prices.window_per_kwh_h * sum(
            dt * outside(kwh, low, high) for dt, kwh in zip(hours, stored.soc_kwh, strict=True)
        )
    comfort = {
        zone.id: price for zone, price in zip(problem.site.zones, prices.comfort, strict=True)
    }
    bands = {zone.id: zone for zone in problem.forecast.zones}
    for zone in plan.zones:
        band = zip(bands[zone.id].low_c, bands[zone.id].high_c, strict=True)
        total += comfort[zone.id] * sum(
            dt * outside(degrees, min(low, high), high)
            for dt, degrees, (low, high) in zip(hours, zone.temperature_c, band, strict=True)
        )
    return total


def outside(value: float, low: float, high: float) -> float:
    """How far a value lies outside low .. high."""
    return max(0.0, value - high, low - value)
