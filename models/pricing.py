"""What a plan costs, recomputed from its own series and the problem's data. Pure Python.

Shares nothing with the optimiser's rows: blocks are walked on the clock, penalties are taken from
the breaches the series show.
"""

from __future__ import annotations

from models.breaches import breach_cost
from models.event_terms import event_terms
from models.load_terms import shed_price, shiftable_terms
from models.physics import cop_at
from models.types import (
    Battery,
    Carbon,
    CostParts,
    DemandTerm,
    Plan,
    Problem,
    Series,
    ThermalStore,
    TimeGrid,
)

SHORT_WINDOW_H = 12.0
"""Below it a store is worth the best price after the window, from there on the mean price."""


def mean_price(problem: Problem) -> float:
    """Time-weighted mean import price of the horizon, with its weighed carbon."""
    weighted = zip(
        problem.forecast.import_price_per_kwh,
        carbon_prices(problem)[0],
        problem.grid.step_s,
        strict=True,
    )
    total = sum((price + carbon) * seconds for price, carbon, seconds in weighted)
    return total / sum(problem.grid.step_s)


def stored_value(problem: Problem, battery: Battery) -> float:
    """Money a kWh in store is worth at the end.

    As given; else for windows under 12 h the best price known after it, less losses and wear; else
    the mean import price of the horizon.
    """
    if problem.stored_value_per_kwh is not None:
        return problem.stored_value_per_kwh
    later = problem.forecast.later_import_price_per_kwh
    if later and sum(problem.grid.step_s) < SHORT_WINDOW_H * 3600:
        return max(later) * battery.discharge_efficiency - battery.wear_cost_per_kwh
    return mean_price(problem)


def stored_heat_value(problem: Problem, store: ThermalStore) -> float:
    """Money a thermal kWh in a tank is worth at the end: as given, else what making it costs."""
    if problem.stored_heat_value_per_kwh is not None:
        return problem.stored_heat_value_per_kwh
    outdoor_c = problem.forecast.outdoor_temp_c
    cop = cop_at(store.cop, store.cop_per_k, store.cop_at_c, sum(outdoor_c) / len(outdoor_c))
    return mean_price(problem) / (cop if store.pump_kw else 1.0)


def postponed_price(problem: Problem) -> float:
    """Money per kWh of work or load that is left for after the horizon."""
    return max(0.0, mean_price(problem))


def carbon_prices(problem: Problem) -> tuple[Series, Series]:
    """What the emissions of an imported and of an exported kWh are weighed at, per step.

    Marginal intensity where it is known, for that is what a decision changes.
    """
    forecast, weight = problem.forecast, problem.co2_price_per_kg
    none = (0.0,) * len(problem.grid)
    drawn = forecast.marginal_co2_kg_per_kwh or forecast.co2_kg_per_kwh or none
    fed = forecast.export_co2_kg_per_kwh or none
    return tuple(weight * each for each in drawn), tuple(weight * each for each in fed)


def carbon_of(problem: Problem, plan: Plan) -> Carbon:
    """Emissions of the plan's import, less what its export is credited with [kg]."""
    forecast = problem.forecast
    if not plan.grid_kw:
        return Carbon()
    hours = [seconds / 3600.0 for seconds in plan.grid.step_s]
    credit = sum(
        dt * kg * max(0.0, -power)
        for dt, power, kg in zip(
            hours,
            plan.grid_kw,
            forecast.export_co2_kg_per_kwh or (0.0,) * len(hours),
            strict=True,
        )
    )

    def emitted(intensity: Series) -> float | None:
        if not intensity:
            return None
        flows = zip(hours, plan.grid_kw, intensity, strict=True)
        return sum(dt * kg * max(0.0, power) for dt, power, kg in flows) - credit

    return Carbon(
        average_kg=emitted(forecast.co2_kg_per_kwh),
        marginal_kg=emitted(forecast.marginal_co2_kg_per_kwh),
    )


def price_plan(problem: Problem, plan: Plan) -> CostParts:
    """Money over the horizon by part, from the plan's series alone."""
    forecast = problem.forecast
    margin = forecast.peak_margin_kw
    batteries = {battery.id: battery for battery in problem.site.batteries}
    hours = [seconds / 3600.0 for seconds in plan.grid.step_s]
    return CostParts(
        energy=_traded(plan, forecast.import_price_per_kwh, forecast.export_price_per_kwh),
        demand=sum(
            term.worth(billed_peak(plan.grid, plan.grid_kw, term, margin))
            for term in problem.demand_terms
        ),
        wear=sum(
            batteries[each.id].wear_cost_per_kwh * dt * max(0.0, -power)
            for each in plan.batteries
            for dt, power in zip(hours, each.power_kw, strict=True)
        ),
        stored=_left(problem, plan),
        penalties=breach_cost(problem, plan),
        carbon=_traded(plan, *carbon_prices(problem)),
        shedding=_shedding(problem, plan, hours),
        events=_events(problem, plan),
    )


def _traded(plan: Plan, bought: Series, sold: Series) -> float:
    """Net import times one price, net export times the other."""
    flows = zip(plan.grid.step_s, plan.grid_kw, bought, sold, strict=True)
    return sum(
        seconds / 3600.0 * (buy * max(0.0, power) - sell * max(0.0, -power))
        for seconds, power, buy, sell in flows
    )


def _left(problem: Problem, plan: Plan) -> float:
    """Minus the value of what is in store at the end, plus the cost of what is put off."""
    batteries = {each.id: each for each in problem.site.batteries}
    tanks = {each.id: each for each in problem.site.thermal_stores}
    total = 0.0
    for battery in plan.batteries:
        total -= stored_value(problem, batteries[battery.id]) * battery.soc_kwh[-1]
    for store in plan.thermal_stores:
        tank = tanks[store.id]
        last_c = store.temperature_c[-1]
        kelvin = tank.high_c - last_c if tank.cold else last_c - tank.low_c
        total -= stored_heat_value(problem, tank) * tank.capacity_kwh_per_k * kelvin
    return total + postponed_price(problem) * (_postponed(problem, plan) + _owed(problem, plan))


def _postponed(problem: Problem, plan: Plan) -> float:
    """Work left for after the horizon [kWh]."""
    devices = {each.id: each for each in problem.site.shiftables}
    states = {each.id: each for each in problem.shiftables}
    total = 0.0
    for run in plan.shiftables:
        for job in shiftable_terms(problem.grid, devices[run.id], states[run.id]).jobs:
            done = sum(dt * kw for dt, kw in zip(job.hours, run.power_kw, strict=True))
            total += min(job.later_max_kwh, max(0.0, job.need_kwh - done))
    return total


def _owed(problem: Problem, plan: Plan) -> float:
    """Shed energy that comes back after the horizon [kWh]."""
    groups = {each.id: each for each in problem.site.shed_groups}
    starts = {each.id: each.backlog_kwh for each in problem.sheds}
    total = 0.0
    for shed in plan.sheds:
        share = groups[shed.id].rebound_share
        if share > 0:
            flows = zip(plan.grid.step_s, shed.shed_kw, shed.rebound_kw, strict=True)
            total += starts.get(shed.id, 0.0) + sum(
                seconds / 3600.0 * (share * off - back) for seconds, off, back in flows
            )
    return total


def _shedding(problem: Problem, plan: Plan, hours: list[float]) -> float:
    """What shed comfort is priced at."""
    prices = {group.id: shed_price(group) for group in problem.site.shed_groups}
    return sum(
        prices[shed.id] * dt * power
        for shed in plan.sheds
        for dt, power in zip(hours, shed.shed_kw, strict=True)
    )


def _events(problem: Problem, plan: Plan) -> float:
    """Minus what the committed energy pays, plus what the missing part of it costs."""
    total = 0.0
    for event in problem.events:
        terms = event_terms(problem.grid, event, problem.demand_terms)
        for dt, power, target in zip(terms.hours, plan.grid_kw, terms.target_kw, strict=True):
            short = max(0.0, power - target)
            total += dt * (event.price_per_kwh + event.penalty_per_kwh) * short
            total -= dt * event.price_per_kwh * event.committed_kw
    return total


def billed_peak(grid: TimeGrid, grid_kw: Series, term: DemandTerm, margin_kw: Series) -> float:
    """Highest block mean of counted import + margin [kW], at least the peak already billed."""
    energy_kws: dict[int, float] = {}
    known_s: dict[int, float] = {}
    first = round(grid.start.timestamp()) // term.block_s
    energy_kws[first] = term.open_block_kwh * 3600.0
    known_s[first] = term.open_block_elapsed_s
    for index, start in enumerate(grid.starts):
        moment = round(start.timestamp())
        end = moment + grid.step_s[index]
        power = max(0.0, grid_kw[index]) + (margin_kw[index] if margin_kw else 0.0)
        power *= term.counts[index] if term.counts else 1.0
        while moment < end:
            block = moment // term.block_s
            until = min(end, (block + 1) * term.block_s)
            energy_kws[block] = energy_kws.get(block, 0.0) + power * (until - moment)
            known_s[block] = known_s.get(block, 0.0) + until - moment
            moment = until
    return max(term.billed_kw, *(energy_kws[block] / known_s[block] for block in known_s))
