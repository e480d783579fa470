"""Which limits a plan runs up against, as sentences for the operator. Pure Python."""

from __future__ import annotations

from collections.abc import Iterator

from models.battery_terms import battery_terms
from models.circuit_flows import circuit_flows
from models.types import Plan, Problem, Series, TimeGrid

_NEAR = 1e-4
"""Of the limit."""


def binding_limits(problem: Problem, plan: Plan) -> tuple[str, ...]:
    """One sentence for each limit that is reached, with first and last time.

    Connection and circuits, batteries' power, window and cycles, and demand charges that the plan
    raises above what is billed already.
    """
    return (*_feeders(problem, plan), *_batteries(problem, plan), *_peaks(problem, plan))


def _feeders(problem: Problem, plan: Plan) -> Iterator[str]:
    """Connection and circuits."""
    limits = problem.site.grid
    fed = tuple(-power for power in plan.grid_kw)
    words = f"import limit {limits.import_limit_kw:g} kW is reached"
    yield from _when(plan.grid, words, plan.grid_kw, limits.import_limit_kw)
    words = f"export limit {limits.export_limit_kw:g} kW is reached"
    yield from _when(plan.grid, words, fed, limits.export_limit_kw)
    flows = circuit_flows(problem, plan)
    for circuit in problem.site.circuits:
        words = f"circuit {circuit.id}: limit {circuit.import_limit_kw:g} kW is reached"
        yield from _when(plan.grid, words, flows[circuit.id], circuit.import_limit_kw)


def _batteries(problem: Problem, plan: Plan) -> Iterator[str]:
    """Power, window and cycles; an idle battery is bound by nothing."""
    specs = {each.id: each for each in problem.site.batteries}
    hours = [seconds / 3600.0 for seconds in plan.grid.step_s]
    for battery in plan.batteries:
        spec = specs[battery.id]
        terms = battery_terms(problem, spec)
        charge, discharge = max(terms.charge_kw), max(terms.discharge_kw)
        out = tuple(-power for power in battery.power_kw)
        yield from _when(plan.grid, f"{battery.id} charges at its limit", battery.power_kw, charge)
        yield from _when(plan.grid, f"{battery.id} discharges at its limit", out, discharge)
        full, empty = max(terms.high_kwh), min(terms.low_kwh)
        yield from _when(plan.grid, f"{battery.id} is full", battery.soc_kwh, full)
        room = tuple(full - kwh for kwh in battery.soc_kwh)
        yield from _when(plan.grid, f"{battery.id} is at its lowest", room, full - empty)
        for budget in terms.budgets:
            used = sum(
                part
                * dt
                * (kw * spec.charge_efficiency if kw > 0 else -kw / spec.discharge_efficiency)
                for part, dt, kw in zip(budget.share, hours, battery.power_kw, strict=True)
            )
            if used > 0 and used >= budget.left_kwh * (1 - _NEAR):
                yield f"{battery.id} has used up a day's cycles"


def _peaks(problem: Problem, plan: Plan) -> Iterator[str]:
    """Demand charges the plan raises."""
    terms = {term.id: term for term in problem.demand_terms}
    for charge, peak in zip(problem.site.demand_charges, plan.peaks_kw, strict=False):
        billed = terms[charge].billed_kw
        if peak > billed * (1 + _NEAR) + _NEAR and terms[charge].highest_price_per_kw > 0:
            yield f"{charge}: the billed peak rises from {billed:.4g} to {peak:.4g} kW"


def _when(grid: TimeGrid, words: str, values: Series, limit: float) -> Iterator[str]:
    """Nothing, or the sentence with first and last time."""
    near = limit - _NEAR * (1.0 + abs(limit))
    steps = [step for step, value in enumerate(values) if value >= near]
    if steps and limit > 0:
        ends = (*grid.starts[1:], grid.end)
        first, last = grid.starts[steps[0]], ends[steps[-1]]
        yield f"{words} from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
