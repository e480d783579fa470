"""What breaking soft limits costs a plan, taken from what its series show. Pure Python."""

from __future__ import annotations

from models.battery_terms import battery_terms
from models.circuit_flows import circuit_flows
from models.event_terms import event_terms
from models.load_terms import shiftable_terms
from models.penalties import Penalties, penalties
from models.store_terms import store_terms
from models.types import Plan, Problem


def breach_cost(problem: Problem, plan: Plan) -> float:
    """Money for limits, windows, bands, jobs and commitments the series leave."""
    prices = penalties(problem)
    hours = [seconds / 3600.0 for seconds in plan.grid.step_s]
    return (
        _limits(problem, plan, hours, prices)
        + _batteries(problem, plan, hours, prices)
        + _zones(problem, plan, hours, prices)
        + _stores(problem, plan, hours, prices)
        + _jobs(problem, plan, prices)
        + _events(problem, plan, prices)
    )


def _limits(problem: Problem, plan: Plan, hours: list[float], prices: Penalties) -> float:
    """Connection and circuits beyond their limits."""
    limits = problem.site.grid
    total = sum(
        dt * outside(power, -limits.export_limit_kw, limits.import_limit_kw)
        for dt, power in zip(hours, plan.grid_kw, strict=True)
    )
    flows = circuit_flows(problem, plan)
    for circuit in problem.site.circuits:
        total += sum(
            dt * outside(power, -circuit.export_limit_kw, circuit.import_limit_kw)
            for dt, power in zip(hours, flows[circuit.id], strict=True)
        )
    return prices.limit_per_kwh * total


def _batteries(problem: Problem, plan: Plan, hours: list[float], prices: Penalties) -> float:
    """Stored energy outside the window, and full charges that are due and do not come."""
    places = {each.id: index for index, each in enumerate(problem.site.batteries)}
    total = 0.0
    for stored in plan.batteries:
        terms = battery_terms(problem, problem.site.batteries[places[stored.id]])
        band = zip(hours, stored.soc_kwh, terms.low_kwh, terms.high_kwh, strict=True)
        out = sum(dt * outside(kwh, low, high) for dt, kwh, low, high in band)
        total += prices.window_per_kwh_h * out
        if terms.full is not None and stored.full_at is None:
            total += prices.late_full[places[stored.id]]
    return total


def _zones(problem: Problem, plan: Plan, hours: list[float], prices: Penalties) -> float:
    """Kelvin hours outside the comfort bands."""
    comfort = {
        zone.id: price for zone, price in zip(problem.site.zones, prices.comfort, strict=True)
    }
    bands = {zone.id: zone for zone in problem.forecast.zones}
    total = 0.0
    for zone in plan.zones:
        band = zip(bands[zone.id].low_c, bands[zone.id].high_c, strict=True)
        total += comfort[zone.id] * sum(
            dt * outside(degrees, min(low, high), high)
            for dt, degrees, (low, high) in zip(hours, zone.temperature_c, band, strict=True)
        )
    return total


def _stores(problem: Problem, plan: Plan, hours: list[float], prices: Penalties) -> float:
    """Kelvin hours outside the tanks' bands, and hygiene cycles that are due and do not come."""
    places = {each.id: index for index, each in enumerate(problem.site.thermal_stores)}
    states = {each.id: each for each in problem.thermal_stores}
    draws = {each.id: each.draw_kw for each in problem.forecast.thermal_stores}
    total = 0.0
    for tank in plan.thermal_stores:
        spec = problem.site.thermal_stores[places[tank.id]]
        weather = (problem.forecast.outdoor_temp_c, draws[tank.id])
        terms = store_terms(problem.grid, spec, states[tank.id], weather)
        lows = list(terms.low_c)
        if terms.hygiene is not None and tank.hygiene_at is None:
            total += prices.late_hygiene[places[tank.id]]
        elif terms.hygiene is not None:
            for cycle in terms.hygiene.cycles:
                if cycle[0] == tank.hygiene_at:
                    for step in cycle:
                        lows[step] = terms.hygiene.celsius
        band = zip(hours, tank.temperature_c, lows, terms.high_c, strict=True)
        total += prices.stores[places[tank.id]] * sum(
            dt * outside(degrees, low, high) for dt, degrees, low, high in band
        )
    return total


def _jobs(problem: Problem, plan: Plan, prices: Penalties) -> float:
    """Work that can no longer be done in time."""
    devices = {each.id: each for each in problem.site.shiftables}
    states = {each.id: each for each in problem.shiftables}
    missing = 0.0
    for run in plan.shiftables:
        device = devices[run.id]
        for job in shiftable_terms(problem.grid, device, states[run.id]).jobs:
            done = sum(dt * kw for dt, kw in zip(job.hours, run.power_kw, strict=True))
            missing += device.weight * max(0.0, job.need_kwh - done - job.later_max_kwh)
    return prices.missing_per_kwh * missing


def _events(problem: Problem, plan: Plan, prices: Penalties) -> float:
    """Shortfall of firm commitments, and rebound beyond its cap."""
    total = 0.0
    for event in problem.events:
        terms = event_terms(problem.grid, event, problem.demand_terms)
        if event.firm:
            short = zip(terms.hours, plan.grid_kw, terms.target_kw, strict=True)
            total += sum(dt * max(0.0, power - target) for dt, power, target in short)
        over = zip(terms.rebound_hours, plan.grid_kw, terms.cap_kw, strict=True)
        total += sum(dt * max(0.0, power - cap) for dt, power, cap in over)
    return prices.firm_per_kwh * total


def outside(value: float, low: float, high: float) -> float:
    """How far a value lies outside low .. high."""
    return max(0.0, value - high, low - value)
