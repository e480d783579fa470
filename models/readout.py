"""From the columns of a solved programme to a Plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np

from models.affine import Floats, money_by_part
from models.plant_power import hvac_power
from models.pricing import carbon_of
from models.readout_events import event_plans
from models.readout_loads import read_sheds, read_shiftables
from models.readout_stores import full_at, read_stores
from models.solved import Solved
from models.types import (
    BatteryPlan,
    CostParts,
    Plan,
    PlanSource,
    PvPlan,
    Series,
    ZonePlan,
)


def read_plan(solved: Solved, made_at: datetime, source: PlanSource) -> Plan:
    """The plan in the words of the house; assets of unknown state are left out."""
    problem = solved.problem
    zones = _zones(solved)
    drawn = solved.column("grid.import_kw") + solved.column("grid.import_over_kw")
    fed = solved.column("grid.export_kw") + solved.column("grid.export_over_kw")
    plan = Plan(
        made_at=made_at,
        grid=problem.grid,
        source=source,
        grid_kw=_series(drawn - fed),
        load_kw=problem.forecast.load_kw,
        hvac_kw=hvac_power(problem.site, zones, problem.forecast.outdoor_temp_c),
        batteries=_batteries(solved),
        zones=zones,
        pvs=_pvs(solved),
        peaks_kw=_series(_peaks(solved, drawn)),
        peak_margin_kw=problem.forecast.peak_margin_kw,
        cost=_cost(solved),
        reasons=problem.reasons,
        thermal_stores=read_stores(solved),
        shiftables=read_shiftables(solved),
        sheds=read_sheds(solved),
    )
    events = event_plans(problem.grid, problem.events, problem.demand_terms, plan.grid_kw)
    return replace(plan, events=events, carbon=carbon_of(problem, plan))


def _batteries(solved: Solved) -> tuple[BatteryPlan, ...]:
    """Batteries whose stored energy is known."""
    plans = []
    for state in solved.problem.batteries:
        if state.soc_kwh is None:
            continue
        name = f"battery[{state.id}]"
        power = solved.column(f"{name}.charge_kw") - solved.column(f"{name}.discharge_kw")
        soc = solved.column(f"{name}.band_kwh") + solved.column(f"{name}.over_kwh")
        soc = soc - solved.column(f"{name}.under_kwh")
        plans.append(
            BatteryPlan(
                id=state.id,
                power_kw=_series(power),
                soc_kwh=_series(soc),
                full_at=full_at(solved, state.id),
            )
        )
    return tuple(plans)


def _zones(solved: Solved) -> tuple[ZonePlan, ...]:
    """Zones whose temperature is known."""
    plans = []
    for state in solved.problem.zones:
        if state.temperature_c is None:
            continue
        name = f"zone[{state.id}]"
        heat, cool = solved.column(f"{name}.heat_kw"), solved.column(f"{name}.cool_kw")
        degrees = solved.column(f"{name}.band_c") + solved.column(f"{name}.over_k")
        degrees = degrees - solved.column(f"{name}.under_k")
        plans.append(
            ZonePlan(
                id=state.id,
                heat_kw=_series(heat),
                cool_kw=_series(cool),
                temperature_c=_series(degrees),
            )
        )
    return tuple(plans)


def _pvs(solved: Solved) -> tuple[PvPlan, ...]:
    """Production and what is given away."""
    plans = []
    for pv in solved.problem.site.pvs:
        given = solved.column(f"pv[{pv.id}].pv_kw")
        lost = solved.named[f"pv[{pv.id}].available_kw"] - given
        plans.append(PvPlan(id=pv.id, pv_kw=_series(given), curtailed_kw=_series(lost)))
    return tuple(plans)


def _peaks(solved: Solved, drawn: Floats) -> Floats:
    """Billed peak per demand charge, from the block rows (a free peak variable may float)."""
    compiled, named = solved.compiled, solved.named
    charges = len(solved.problem.site.demand_charges)
    if not charges:
        return np.array([])
    lp_rows = compiled.rows["grid.billing_block"]
    first = compiled.columns["grid.import_kw"]
    inside = (
        (compiled.matrix_row >= lp_rows.start)
        & (compiled.matrix_row < lp_rows.start + lp_rows.size)
        & (compiled.matrix_column >= first.start)
        & (compiled.matrix_column < first.start + first.size)
    )
    weights = np.abs(solved.programme.matrix[inside])
    power = drawn[compiled.matrix_column[inside] - first.start]
    means = np.bincount(
        compiled.matrix_row[inside] - lp_rows.start, weights=weights * power, minlength=lp_rows.size
    )
    floors = named["grid.block_floor_kw"]
    highest = (means + floors).reshape(charges, -1).max(axis=1)
    peaks: Floats = np.maximum(highest, named["grid.billed_peak_kw"])
    return peaks


def _cost(solved: Solved) -> CostParts:
    """Cost parts from the programme's own cost rows."""
    money = money_by_part(solved.compiled, solved.programme, solved.values)
    by_part = dict(zip(solved.compiled.costs.parts, money.tolist(), strict=True))
    return CostParts(**by_part)


def _series(values: Floats) -> Series:
    """Plain floats."""
    return tuple(values.tolist())
