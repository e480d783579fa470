"""The judge of every plan: integrates it forward and recomputes its cost, apart from the optimiser.

Powers are netted per asset, so a plan that charges and discharges, or imports and exports, at once
is caught by the energy or the money that does not add up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from models.affine import Floats
from models.inputs import check_problem
from models.pricing import billed_peak, price_plan
from models.types import CostParts, Plan, Problem, PvPlan, Series
from models.verify_loads import runs_hold, sheds_hold
from models.verify_rooms import rooms_hold
from models.verify_stores import batteries_hold, stores_hold
from models.worst import RELATIVE, worst

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
        for judge in (batteries_hold, stores_hold, rooms_hold, runs_hold, sheds_hold):
            violations += judge(problem, plan)
        violations += _sun(problem, plan)
        violations += _delivery(problem, plan)
        violations += _peaks(problem, plan)
        if plan.source.by_solver:
            violations += _money(problem, plan)
    return Verdict(ok=not violations, violations=tuple(violations))


def _shape(problem: Problem, plan: Plan) -> Iterator[str]:
    """Same grid, the assets that can be planned for, full series of finite numbers."""
    if plan.grid != problem.grid:
        yield "the plan stands on another grid"
        return
    site = problem.site
    known_stores = [each.id for each in problem.thermal_stores if each.temperature_c is not None]
    known_batteries = [each.id for each in problem.batteries if each.soc_kwh is not None]
    known_zones = [each.id for each in problem.zones if each.temperature_c is not None]
    for name, given, due in (
        ("batteries", [each.id for each in plan.batteries], known_batteries),
        ("zones", [each.id for each in plan.zones], known_zones),
        ("pvs", [each.id for each in plan.pvs], [each.id for each in site.pvs]),
        ("thermal stores", [each.id for each in plan.thermal_stores], known_stores),
        ("shiftables", [each.id for each in plan.shiftables], [e.id for e in site.shiftables]),
        ("sheds", [each.id for each in plan.sheds], [each.id for each in site.shed_groups]),
        ("events", [each.id for each in plan.events], [each.id for each in problem.events]),
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
    yield from _load_series(plan)


def _load_series(plan: Plan) -> Iterator[tuple[str, Series]]:
    """Series of tanks, shiftable loads, shed groups and events."""
    for store in plan.thermal_stores:
        for field in ("pump_kw", "immersion_kw", "temperature_c", "electric_kw"):
            yield f"{store.id}.{field}", getattr(store, field)
    for run in plan.shiftables:
        yield f"{run.id}.power_kw", run.power_kw
    for shed in plan.sheds:
        yield from (
            (f"{shed.id}.shed_kw", shed.shed_kw),
            (f"{shed.id}.rebound_kw", shed.rebound_kw),
        )
    for event in plan.events:
        yield f"{event.id}.delivered_kw", event.delivered_kw


def _balance(problem: Problem, plan: Plan) -> Iterator[str]:
    """The bus closes and the load is the forecast's."""
    load, hvac, power = np.array(plan.load_kw), np.array(plan.hvac_kw), np.array(plan.grid_kw)
    scale = 1.0 + max(np.abs(load).max(), np.abs(power).max())
    drift = np.abs(load - np.array(problem.forecast.load_kw))
    yield from worst("load differs from its forecast", drift, RELATIVE * scale)
    sinks = load + hvac
    for battery in plan.batteries:
        sinks = sinks + np.array(battery.power_kw)
    for pv in plan.pvs:
        sinks = sinks - np.array(pv.pv_kw)
    for store in plan.thermal_stores:
        sinks = sinks + np.array(store.electric_kw)
    for run in plan.shiftables:
        sinks = sinks + np.array(run.power_kw)
    for shed in plan.sheds:
        sinks = sinks - np.array(shed.shed_kw) + np.array(shed.rebound_kw)
    yield from worst("the balance is open", np.abs(power - sinks), RELATIVE * scale)


def _sun(problem: Problem, plan: Plan) -> Iterator[str]:
    """Production and curtailment add up to what is available."""
    specs = {each.id: each for each in problem.site.pvs}
    forecasts = {each.id: each for each in problem.forecast.pvs}
    for pv in plan.pvs:
        spec = specs[pv.id]
        ceiling = spec.peak_kw if spec.inverter_kw is None else spec.inverter_kw
        available = np.clip(forecasts[pv.id].available_kw, 0.0, min(spec.peak_kw, ceiling))
        yield from _one_plant(pv, available, RELATIVE * (1.0 + spec.peak_kw))
        if not spec.curtailable:
            yield from worst(
                f"{pv.id} cannot be curtailed but is", np.array(pv.curtailed_kw), RELATIVE
            )


def _one_plant(plan: PvPlan, available: Floats, slack_kw: float) -> Iterator[str]:
    """One plant against its available power."""
    given, lost = np.array(plan.pv_kw), np.array(plan.curtailed_kw)
    yield from worst(f"{plan.id} has a negative power", -np.minimum(given, lost), slack_kw)
    drift = np.abs(given + lost - available)
    yield from worst(f"{plan.id} does not add up to what is available", drift, slack_kw)


def _peaks(problem: Problem, plan: Plan) -> Iterator[str]:
    """Planned peaks are the highest billing blocks."""
    terms = {term.id: term for term in problem.demand_terms}
    margin = problem.forecast.peak_margin_kw
    for charge, claimed in zip(problem.site.demand_charges, plan.peaks_kw, strict=True):
        real = billed_peak(plan.grid, plan.grid_kw, terms[charge], margin)
        if not abs(real - claimed) <= RELATIVE * (1.0 + abs(real)):
            yield f"{charge}: the planned peak is {real:.6g} kW, not {claimed:.6g} kW"


def _delivery(problem: Problem, plan: Plan) -> Iterator[str]:
    """What events are told they get is the baseline less the import."""
    events = {each.id: each for each in problem.events}
    scale = 1.0 + max(np.abs(plan.grid_kw))
    for given in plan.events:
        event = events[given.id]
        ends = np.cumsum(plan.grid.step_s)
        begin_s = (event.binding_from - plan.grid.start).total_seconds()
        end_s = (event.end - plan.grid.start).total_seconds()
        inside = (ends > begin_s) & (ends - np.array(plan.grid.step_s) < end_s)
        inside &= begin_s < end_s
        real = np.where(inside, np.array(event.baseline_kw) - np.array(plan.grid_kw), 0.0)
        drift = np.abs(real - np.array(given.delivered_kw))
        yield from worst(f"{given.id} is not delivered as claimed", drift, RELATIVE * scale)


def _money(problem: Problem, plan: Plan) -> Iterator[str]:
    """The claimed cost is that of the series, part by part."""
    real = price_plan(problem, plan)
    parts = tuple(field.name for field in fields(CostParts))
    scale = 1.0 + sum(abs(getattr(real, part)) for part in parts)
    for part in (*parts, "objective"):
        gap = abs(getattr(plan.cost, part) - getattr(real, part))
        if not gap <= _RELATIVE_COST * scale:
            yield (f"{part} costs {getattr(real, part):.6g}, not {getattr(plan.cost, part):.6g}")
