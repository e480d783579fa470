"""A feeder: what flows through it is its own load plus everything behind it, within its limits."""

from __future__ import annotations

import pyomo.environ as pe

from models.physics import Hours


def declare(block: pe.Block, behind: list[pe.Block], hours: Hours) -> None:
    """Flow [kW, towards the load positive] within its limits plus a priced excess."""
    steps = pe.RangeSet(0, len(hours) - 1)
    block.load_kw = pe.Param(steps, mutable=True, initialize=0.0)
    block.over_price = pe.Param(mutable=True, initialize=0.0)
    block.import_limit_kw = pe.Param(mutable=True, initialize=0.0)
    block.export_limit_kw = pe.Param(mutable=True, initialize=0.0)
    block.import_over_kw = pe.Var(steps, bounds=(0, None))
    block.export_over_kw = pe.Var(steps, bounds=(0, None))
    block.power = pe.Expression(
        steps, rule=lambda b, t: b.load_kw[t] + sum(each.power[t] for each in behind)
    )
    block.import_limit = pe.Constraint(
        steps, rule=lambda b, t: b.power[t] - b.import_over_kw[t] <= b.import_limit_kw
    )
    block.export_limit = pe.Constraint(
        steps, rule=lambda b, t: b.power[t] + b.export_over_kw[t] >= -b.export_limit_kw
    )
    block.cost = pe.Expression(
        ["penalties"],
        rule=lambda b, _: sum(
            hours[t] * b.over_price * (b.import_over_kw[t] + b.export_over_kw[t]) for t in steps
        ),
    )
