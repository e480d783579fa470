"""Batteries and tanks integrated forward from their measured start, apart from the optimiser."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from models.affine import Floats
from models.battery_terms import BatteryTerms, battery_terms
from models.store_terms import store_terms
from models.types import (
    Battery,
    BatteryPlan,
    BatteryState,
    Plan,
    Problem,
    Series,
    ThermalStore,
    ThermalStorePlan,
    ThermalStoreState,
)
from models.worst import RELATIVE, worst


def batteries_hold(problem: Problem, plan: Plan) -> Iterator[str]:
    """Powers within their limits, stored energy as integrated, inside the window and the cycles."""
    specs = {each.id: each for each in problem.site.batteries}
    states = {each.id: each for each in problem.batteries}
    hours = np.array(plan.grid.step_s) / 3600.0
    for battery in plan.batteries:
        spec, state = specs[battery.id], states[battery.id]
        terms = battery_terms(problem, spec)
        yield from _powers(battery, spec, terms)
        yield from _stored(battery, spec, (state, terms), hours)
        yield from _cycles(battery, spec, terms, hours)
        yield from _full(battery, spec, terms)


def _powers(plan: BatteryPlan, spec: Battery, terms: BatteryTerms) -> Iterator[str]:
    """Within rating, BMS, temperature and what is promised to the grid."""
    power = np.array(plan.power_kw)
    slack_kw = RELATIVE * (1.0 + max(spec.charge_kw, spec.discharge_kw))
    charge, discharge = np.array(terms.charge_kw), np.array(terms.discharge_kw)
    yield from worst(f"{plan.id} charges beyond its limit", power - charge, slack_kw)
    yield from worst(f"{plan.id} discharges beyond its limit", -power - discharge, slack_kw)


def _stored(
    plan: BatteryPlan, spec: Battery, start: tuple[BatteryState, BatteryTerms], hours: Floats
) -> Iterator[str]:
    """Integrated from the measured start; an idle battery may stay outside its window."""
    state, terms = start
    power, claimed = np.array(plan.power_kw), np.array(plan.soc_kwh)
    soc = idle = state.soc_kwh or 0.0
    drift, breach = np.zeros(len(hours)), np.zeros(len(hours))
    for step, dt in enumerate(hours):
        kept = (1.0 - spec.self_discharge_per_h) ** dt
        into = max(0.0, power[step]) * spec.charge_efficiency
        out = max(0.0, -power[step]) / spec.discharge_efficiency
        soc, idle = kept * soc + dt * (into - out), kept * idle
        drift[step] = abs(soc - claimed[step])
        high, low = max(terms.high_kwh[step], idle), min(terms.low_kwh[step], idle)
        breach[step] = max(soc - high, low - soc)
    slack_kwh = RELATIVE * (1.0 + spec.capacity_kwh)
    yield from worst(f"{plan.id} stored energy is not what its power gives", drift, slack_kwh)
    yield from worst(f"{plan.id} leaves its window", breach, slack_kwh)


def _cycles(plan: BatteryPlan, spec: Battery, terms: BatteryTerms, hours: Floats) -> Iterator[str]:
    """Throughput of every local day within what is left of it."""
    power = np.array(plan.power_kw)
    moved = np.where(power > 0, power * spec.charge_efficiency, -power / spec.discharge_efficiency)
    for budget in terms.budgets:
        used = float(np.sum(np.array(budget.share) * hours * moved))
        if used - budget.left_kwh > RELATIVE * (1.0 + spec.capacity_kwh):
            yield f"{plan.id} cycles {used:.6g} kWh where {budget.left_kwh:.6g} are left today"


def _full(plan: BatteryPlan, spec: Battery, terms: BatteryTerms) -> Iterator[str]:
    """A claimed full charge is due, in time, and full."""
    if plan.full_at is None:
        return
    full = terms.full
    if full is None or plan.full_at not in full.steps:
        yield f"{plan.id} claims a full charge in step {plan.full_at} where none is due"
    elif plan.soc_kwh[plan.full_at] < full.kwh - RELATIVE * (1.0 + spec.capacity_kwh):
        yield f"{plan.id} is not full in step {plan.full_at}"


def stores_hold(problem: Problem, plan: Plan) -> Iterator[str]:
    """Tank powers within their limits, temperatures as integrated, electricity by the COP."""
    specs = {each.id: each for each in problem.site.thermal_stores}
    states = {each.id: each for each in problem.thermal_stores}
    draws = {each.id: each.draw_kw for each in problem.forecast.thermal_stores}
    for tank in plan.thermal_stores:
        spec, state = specs[tank.id], states[tank.id]
        yield from _tank_powers(problem, tank, spec)
        yield from _tank_heat(problem, tank, spec, (state, draws[tank.id]))
        yield from _hygiene(problem, tank, spec, (state, draws[tank.id]))


def _tank_powers(problem: Problem, plan: ThermalStorePlan, spec: ThermalStore) -> Iterator[str]:
    """Ratings, and electricity from heat."""
    pump, heater = np.array(plan.pump_kw), np.array(plan.immersion_kw)
    slack = RELATIVE * (1.0 + spec.pump_kw + spec.immersion_kw)
    yield from worst(f"{plan.id} pumps beyond its limit", pump - spec.pump_kw, slack)
    yield from worst(f"{plan.id} heats beyond its limit", heater - spec.immersion_kw, slack)
    yield from worst(f"{plan.id} has a negative power", -np.minimum(pump, heater), slack)
    outside = np.array(problem.forecast.outdoor_temp_c) - spec.cop_at_c
    cop = np.maximum(1.0, spec.cop + spec.cop_per_k * outside)
    drift = np.abs(pump / cop + heater - np.array(plan.electric_kw))
    yield from worst(f"{plan.id} draws other power than its heat needs", drift, slack)


def _tank_heat(
    problem: Problem,
    plan: ThermalStorePlan,
    spec: ThermalStore,
    start: tuple[ThermalStoreState, Series],
) -> Iterator[str]:
    """The tank's temperature from its measured start."""
    state, draw_kw = start
    temperature = state.temperature_c or 0.0
    direction = -1.0 if spec.cold else 1.0
    drift, largest = np.zeros(len(draw_kw)), 1.0
    for step, seconds in enumerate(problem.grid.step_s):
        gain_kw = direction * (plan.pump_kw[step] - draw_kw[step]) + plan.immersion_kw[step]
        if spec.loss_kw_per_k:
            settled = spec.ambient_c + gain_kw / spec.loss_kw_per_k
            rate = spec.loss_kw_per_k / spec.capacity_kwh_per_k
            temperature += -math.expm1(-seconds / 3600.0 * rate) * (settled - temperature)
        else:
            temperature += gain_kw * seconds / 3600.0 / spec.capacity_kwh_per_k
        largest = max(largest, abs(temperature))
        drift[step] = abs(temperature - plan.temperature_c[step])
    slack = RELATIVE * (1.0 + largest)
    yield from worst(f"{plan.id} temperature is not what its powers give", drift, slack)


def _hygiene(
    problem: Problem,
    plan: ThermalStorePlan,
    spec: ThermalStore,
    start: tuple[ThermalStoreState, Series],
) -> Iterator[str]:
    """A claimed hygiene cycle is due and in time; what it lacks in heat is priced, not hidden."""
    if plan.hygiene_at is None:
        return
    state, draw_kw = start
    weather = (problem.forecast.outdoor_temp_c, draw_kw)
    due = store_terms(problem.grid, spec, state, weather).hygiene
    if due is None or all(cycle[0] != plan.hygiene_at for cycle in due.cycles):
        yield f"{plan.id} claims a hygiene cycle in step {plan.hygiene_at} where none is due"
