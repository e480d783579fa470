"""Consumption nobody commands, with the two last-resort slacks that keep every balance closable."""

from __future__ import annotations

import pyomo.environ as pe

from models.physics import Hours


def declare(block: pe.Block, hours: Hours) -> None:
    """Fixed load [kW] that may be left unserved or topped up, both at `unserved_price` per kWh."""
    steps = pe.RangeSet(0, len(hours) - 1)
    block.load_kw = pe.Param(steps, mutable=True, initialize=0.0)
    block.unserved_price = pe.Param(mutable=True, initialize=0.0)
    block.unserved_kw = pe.Var(steps, bounds=(0, None))
    block.dump_kw = pe.Var(steps, bounds=(0, None))
    block.power = pe.Expression(
        steps, rule=lambda b, t: b.load_kw[t] - b.unserved_kw[t] + b.dump_kw[t]
    )
    block.cost = pe.Expression(
        ["penalties"],
        rule=lambda b, _: sum(
            hours[t] * b.unserved_price * (b.unserved_kw[t] + b.dump_kw[t]) for t in steps
        ),
    )
