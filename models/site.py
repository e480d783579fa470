"""A whole site in Pyomo: one balance per step, one objective, nothing else."""

from __future__ import annotations

import pyomo.environ as pe

from models.components import battery, demand, grid, hvac, pv
from models.physics import hours_of
from models.types import SiteModel

COST_PARTS = ("energy", "demand", "wear", "stored", "penalties")


def build(site: SiteModel, step_s: tuple[int, ...]) -> pe.ConcreteModel:
    """Compose the blocks of `site`; every number that comes with a problem is a mutable Param."""
    hours = hours_of(step_s)
    model = pe.ConcreteModel(name="site")
    steps = pe.RangeSet(0, len(hours) - 1)
    model.demand = pe.Block()
    demand.declare(model.demand, hours)
    model.grid = pe.Block()
    grid.declare(model.grid, site.demand_charges, step_s)
    model.pv = pe.Block([each.id for each in site.pvs])
    for each in site.pvs:
        pv.declare(model.pv[each.id], each, hours)
    model.battery = pe.Block([each.id for each in site.batteries])
    for store in site.batteries:
        battery.declare(model.battery[store.id], store, hours)
    model.zone = pe.Block([each.id for each in site.zones])
    for zone in site.zones:
        hvac.declare(model.zone[zone.id], zone, hours)
    blocks = [
        model.demand,
        model.grid,
        *(model.pv[each.id] for each in site.pvs),
        *(model.battery[each.id] for each in site.batteries),
        *(model.zone[each.id] for each in site.zones),
    ]
    model.balance = pe.Constraint(
        steps, rule=lambda _, t: sum(block.power[t] for block in blocks) == 0
    )
    model.cost = pe.Expression(
        COST_PARTS,
        rule=lambda _, part: sum(block.cost[part] for block in blocks if part in block.cost),
    )
    model.objective = pe.Objective(expr=sum(model.cost[part] for part in COST_PARTS))
    return model
