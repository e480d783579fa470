"""The judge of every plan: integrates it forward and recomputes its cost, apart from the optimiser.

Powers are netted per asset, so a plan that charges and discharges, or imports and exports, at once
is caught by the energy or the money that does not add up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.affine import Floats
from models.inputs import check_problem
from models.pricing import billed_peak, price_plan
from models.types import (
    Battery,
    BatteryPlan,
    BatteryState,
    Plan,
    Problem,
    PvPlan,
    Series,
    Zone,
    ZoneForecast,
    ZonePlan,
)

_RELATIVE = 1e-5
_RELATIVE_COST = 1e-6


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a plan may be carried out; otherwise what it breaks, in plain words."""

    ok: bool
    violations: tuple[str, ...] = ()


def verify(problem: Problem, plan: Plan) -> Verdict:
    """Judge `plan` against `problem`; the claimed cost is checked for plans by the solver."""
    check_problem(problem)
    violations = list(_shape(problem, plan))
    if not violations:
        violations += _balance(problem, plan)
        violations += _storage(problem, plan)
        violations += _rooms(problem, plan)
        violations += _sun(problem, plan)
        violations += _peaks(problem, plan)
        if plan.source.by_solver:
            violations += _money(problem, plan)
    return Verdict(ok=not violations, violations=tuple(violations))


def _shape(problem: Problem, plan: Plan) -> Iterator[str]:
    """Same grid, the assets that can be planned for, full series of finite numbers."""
    if plan.grid != problem.grid:
        yield "the plan stands on another grid"
        return
    known_batteries = [each.id for each in problem.batteries if each.soc_kwh is not None]
    known_zones = [each.id for each in problem.zones if each.temperature_c is not None]
    for name, given, due in (
        ("batteries", [each.id for each in plan.batteries], known_batteries),
        ("zones", [each.id for each in plan.zones], known_zones),
        ("pvs", [each.id for each in plan.pvs], [each.id for each in problem.site.pvs]),
    ):
        if sorted(given) != sorted(due):
            yield f"{name}: planned {given} where {due} can be"
    if len(plan.peaks_kw) != len(problem.site.demand_charges):
        yield f"{len(plan.peaks_kw)} peaks for {len(problem.site.demand_charges)} demand charges"
    for name, series in _series(plan):
        if len(series) != len(plan.grid):
            yield f"{name}: {len(series)} values where {len(plan.grid)} are due"
        elif not all(math.isfinite(value) for value in series):
            yield f"{name}: not finite"


def _series(plan: Plan) -> Iterator[tuple[str, Series]]:
    """Every series of a plan with its name."""
    yield from (
        ("grid_kw", plan.grid_kw),
        ("load_kw", plan.load_kw),
        ("hvac_kw", plan.hvac_kw),
    )
    for battery in plan.batteries:
        yield from (
            (f"{battery.id}.power_kw", battery.power_kw),
            (f"{battery.id}.soc_kwh", battery.soc_kwh),
        )
    for zone in plan.zones:
        yield from (
            (f"{zone.id}.heat_kw", zone.heat_kw),
            (f"{zone.id}.cool_kw", zone.cool_kw),
            (f"{zone.id}.temperature_c", zone.temperature_c),
        )
    for pv in plan.pvs:
        yield from ((f"{pv.id}.pv_kw", pv.pv_kw), (f"{pv.id}.curtailed_kw", pv.curtailed_kw))


def _worst(name: str, excess: Floats, tolerance: float) -> Iterator[str]:
    """One sentence when the largest excess is beyond the tolerance."""
    step = int(np.argmax(excess))
    if excess[step] > tolerance:
        yield f"{name} by {excess[step]:.6g} in step {step}"


def _balance(problem: Problem, plan: Plan) -> Iterator[str]:
    """The bus closes and the load is the forecast's."""
    load, hvac, power = np.array(plan.load_kw), np.array(plan.hvac_kw), np.array(plan.grid_kw)
    scale = 1.0 + max(np.abs(load).max(), np.abs(power).max())
    drift = np.abs(load - np.array(problem.forecast.load_kw))
    yield from _worst("load differs from its forecast", drift, _RELATIVE * scale)
    sinks = load + hvac
    for battery in plan.batteries:
        sinks = sinks + np.array(battery.power_kw)
    for pv in plan.pvs:
        sinks = sinks - np.array(pv.pv_kw)
    yield from _worst("the balance is open", np.abs(power - sinks), _RELATIVE * scale)


def _storage(problem: Problem, plan: Plan) -> Iterator[str]:
    """Battery powers within their limits, stored energy as integrated, inside the window."""
    specs = {each.id: each for each in problem.site.batteries}
    states = {each.id: each for each in problem.batteries}
    hours = np.array(plan.grid.step_s) / 3600.0
    for battery in plan.batteries:
        yield from _one_battery(battery, specs[battery.id], states[battery.id], hours)


def _one_battery(
    plan: BatteryPlan, spec: Battery, state: BatteryState, hours: Floats
) -> Iterator[str]:
    """One battery, integrated from its measured start."""
    power, claimed = np.array(plan.power_kw), np.array(plan.soc_kwh)
    charge_kw, discharge_kw = spec.charge_kw, spec.discharge_kw
    if state.charge_limit_kw is not None:
        charge_kw = min(charge_kw, max(0.0, state.charge_limit_kw))
    if state.discharge_limit_kw is not None:
        discharge_kw = min(discharge_kw, max(0.0, state.discharge_limit_kw))
    slack_kw = _RELATIVE * (1.0 + max(spec.charge_kw, spec.discharge_kw))
    yield from _worst(f"{plan.id} charges beyond its limit", power - charge_kw, slack_kw)
    yield from _worst(f"{plan.id} discharges beyond its limit", -power - discharge_kw, slack_kw)
    soc = idle = state.soc_kwh or 0.0
    low = spec.soc_min_share * spec.capacity_kwh
    high = spec.soc_max_share * spec.capacity_kwh
    drift, breach = np.zeros(len(hours)), np.zeros(len(hours))
    for step, dt in enumerate(hours):
        kept = (1.0 - spec.self_discharge_per_h) ** dt
        into = max(0.0, power[step]) * spec.charge_efficiency
        out = max(0.0, -power[step]) / spec.discharge_efficiency
        soc, idle = kept * soc + dt * (into - out), kept * idle
        drift[step] = abs(soc - claimed[step])
        breach[step] = max(soc - max(high, idle), min(low, idle) - soc)
    slack_kwh = _RELATIVE * (1.0 + spec.capacity_kwh)
    yield from _worst(f"{plan.id} stored energy is not what its power gives", drift, slack_kwh)
    yield from _worst(f"{plan.id} leaves its window", breach, slack_kwh)


def _rooms(problem: Problem, plan: Plan) -> Iterator[str]:
    """Zone powers within their limits, one at a time, and temperatures as integrated."""
    specs = {each.id: each for each in problem.site.zones}
    forecasts = {each.id: each for each in problem.forecast.zones}
    starts = {each.id: each.temperature_c or 0.0 for each in problem.zones}
    electric = np.zeros(len(plan.grid))
    for zone in plan.zones:
        spec = specs[zone.id]
        yield from _one_room(zone, spec, starts[zone.id], forecasts[zone.id], problem)
        electric += np.array(zone.heat_kw) / spec.cop_heating
        electric += np.array(zone.cool_kw) / spec.cop_cooling
    drift = np.abs(electric - np.array(plan.hvac_kw))
    yield from _worst(
        "hvac power is not that of the zones", drift, _RELATIVE * (1 + electric.max())
    )


def _one_room(
    plan: ZonePlan, spec: Zone, start_c: float, forecast: ZoneForecast, problem: Problem
) -> Iterator[str]:
    """One zone, integrated from its measured temperature."""
    heat, cool = np.array(plan.heat_kw), np.array(plan.cool_kw)
    slack = _RELATIVE * (1.0 + max(spec.heat_kw, spec.cool_kw))
    yield from _worst(f"{plan.id} heats beyond its limit", heat - spec.heat_kw, slack)
    yield from _worst(f"{plan.id} cools beyond its limit", cool - spec.cool_kw, slack)
    yield from _worst(f"{plan.id} has a negative power", -np.minimum(heat, cool), slack)
    yield from _worst(f"{plan.id} heats and cools at once", np.minimum(heat, cool), slack)
    drive = (
        np.array(problem.forecast.outdoor_temp_c)
        + (np.array(forecast.gains_kw) + heat - cool) * spec.resistance_k_per_kw
    )
    time_constant_s = 3600.0 * spec.resistance_k_per_kw * spec.capacity_kwh_per_k
    temperature = start_c
    drift = np.zeros(len(heat))
    for step, seconds in enumerate(problem.grid.step_s):
        nearer = -math.expm1(-seconds / time_constant_s)
        temperature += nearer * (drive[step] - temperature)
        drift[step] = abs(temperature - plan.temperature_c[step])
    scale = 1.0 + float(np.abs(drive).max())
    yield from _worst(
        f"{plan.id} temperature is not what its powers give", drift, _RELATIVE * scale
    )


def _sun(problem: Problem, plan: Plan) -> Iterator[str]:
    """Production and curtailment add up to what is available."""
    specs = {each.id: each for each in problem.site.pvs}
    forecasts = {each.id: each for each in problem.forecast.pvs}
    for pv in plan.pvs:
        spec = specs[pv.id]
        available = np.clip(forecasts[pv.id].available_kw, 0.0, spec.peak_kw)
        yield from _one_plant(pv, available, _RELATIVE * (1.0 + spec.peak_kw))
        if not spec.curtailable:
            yield from _worst(
                f"{pv.id} cannot be curtailed but is", np.array(pv.curtailed_kw), _RELATIVE
            )


def _one_plant(plan: PvPlan, available: Floats, slack_kw: float) -> Iterator[str]:
    """One plant against its available power."""
    given, lost = np.array(plan.pv_kw), np.array(plan.curtailed_kw)
    yield from _worst(f"{plan.id} has a negative power", -np.minimum(given, lost), slack_kw)
    drift = np.abs(given + lost - available)
    yield from _worst(f"{plan.id} does not add up to what is available", drift, slack_kw)


def _peaks(problem: Problem, plan: Plan) -> Iterator[str]:
    """Planned peaks are the highest billing blocks."""
    terms = {term.id: term for term in problem.demand_terms}
    margin = problem.forecast.peak_margin_kw
    for charge, claimed in zip(problem.site.demand_charges, plan.peaks_kw, strict=True):
        real = billed_peak(plan.grid, plan.grid_kw, terms[charge], margin)
        if not abs(real - claimed) <= _RELATIVE * (1.0 + abs(real)):
            yield f"{charge}: the planned peak is {real:.6g} kW, not {claimed:.6g} kW"


def _money(problem: Problem, plan: Plan) -> Iterator[str]:
    """The claimed cost is that of the series, part by part."""
    real = price_plan(problem, plan)
    parts = ("energy", "demand", "wear", "stored", "penalties")
    scale = 1.0 + sum(abs(getattr(real, part)) for part in parts)
    for part in (*parts, "objective"):
        gap = abs(getattr(plan.cost, part) - getattr(real, part))
        if not gap <= _RELATIVE_COST * scale:
            yield (f"{part} costs {getattr(real, part):.6g}, not {getattr(plan.cost, part):.6g}")
