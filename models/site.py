"""A whole site in Pyomo: one balance per step, one objective, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyomo.environ as pe

from models.components import (
    battery,
    circuit,
    demand,
    event,
    grid,
    hvac,
    pv,
    shedding,
    shiftable,
    thermal_store,
)
from models.physics import hours_of
from models.types import Circuit, Plant, SiteModel

COST_PARTS = (
    "energy",
    "demand",
    "wear",
    "stored",
    "penalties",
    "carbon",
    "shedding",
    "events",
)


def build(site: SiteModel, step_s: tuple[int, ...]) -> pe.ConcreteModel:
    """Compose the blocks of `site`; every number that comes with a problem is a mutable Param."""
    hours = hours_of(step_s)
    model = pe.ConcreteModel(name="site")
    steps = pe.RangeSet(0, len(hours) - 1)
    model.demand = pe.Block()
    demand.declare(model.demand, hours)
    model.grid = pe.Block()
    grid.declare(model.grid, site.demand_charges, step_s)
    equipment = _equipment(model, site, step_s)
    on_the_bus = [model.demand, model.grid, *equipment.values()]
    model.balance = pe.Constraint(
        steps, rule=lambda _, t: sum(block.power[t] for block in on_the_bus) == 0
    )
    limits = _circuits(model, site.circuits, equipment, step_s)
    if site.event_slots:
        model.event = pe.Block()
        event.declare(model.event, model.grid, site.event_slots, hours)
        limits.append(model.event)
    model.cost = pe.Expression(
        COST_PARTS,
        rule=lambda _, part: sum(
            block.cost[part] for block in (*on_the_bus, *limits) if part in block.cost
        ),
    )
    model.objective = pe.Objective(expr=sum(model.cost[part] for part in COST_PARTS))
    return model


def _equipment(
    model: pe.ConcreteModel, site: SiteModel, step_s: tuple[int, ...]
) -> dict[tuple[str, str], pe.Block]:
    """Every piece of equipment on its own block, by kind and id."""
    hours = hours_of(step_s)
    found: dict[tuple[str, str], pe.Block] = {}

    def plant(block: pe.Block, spec: Plant) -> None:
        served = [found["zone", zone.id] for zone in site.zones if zone.plant == spec.id]
        hvac.declare_plant(block, spec, served, hours)

    kinds: tuple[tuple[str, Sequence[Any], Callable[[pe.Block, Any], None]], ...] = (
        ("pv", site.pvs, lambda b, spec: pv.declare(b, spec, hours)),
        ("battery", site.batteries, lambda b, spec: battery.declare(b, spec, hours, step_s)),
        ("zone", site.zones, lambda b, spec: hvac.declare(b, spec, hours)),
        ("plant", site.plants, plant),
        (
            "store",
            site.thermal_stores,
            lambda b, spec: thermal_store.declare(b, spec, hours, step_s),
        ),
        ("shiftable", site.shiftables, lambda b, spec: shiftable.declare(b, spec, hours, step_s)),
        ("shed", site.shed_groups, lambda b, spec: shedding.declare(b, spec, hours, step_s)),
    )
    for kind, specs, declare in kinds:
        model.add_component(kind, pe.Block([spec.id for spec in specs]))
        for spec in specs:
            found[kind, spec.id] = block = model.component(kind)[spec.id]
            declare(block, spec)
    return found


def _circuits(
    model: pe.ConcreteModel,
    circuits: tuple[Circuit, ...],
    equipment: dict[tuple[str, str], pe.Block],
    step_s: tuple[int, ...],
) -> list[pe.Block]:
    """Circuits from the innermost outwards, so that a circuit may stand behind another."""
    model.circuit = pe.Block([each.id for each in circuits])
    known = {place: block for (_, place), block in equipment.items()}
    waiting = list(circuits)
    while waiting:
        ready = [each for each in waiting if all(member in known for member in each.members)]
        for each in ready:
            behind = [known[member] for member in each.members]
            circuit.declare(model.circuit[each.id], behind, hours_of(step_s))
            known[each.id] = model.circuit[each.id]
            waiting.remove(each)
    return [model.circuit[each.id] for each in circuits]
