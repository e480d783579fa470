"""A PV plant: what is available, or less where it may be curtailed."""

from __future__ import annotations

import pyomo.environ as pe

from models.physics import Hours
from models.types import Pv


def declare(block: pe.Block, pv: Pv, hours: Hours) -> None:
    """Production [kW] within 0 .. available; a plant that cannot be curtailed gives all of it."""
    steps = pe.RangeSet(0, len(hours) - 1)
    block.available_kw = pe.Param(steps, mutable=True, initialize=0.0)
    block.pv_kw = pe.Var(
        steps,
        bounds=lambda b, t: (0.0 if pv.curtailable else b.available_kw[t], b.available_kw[t]),
    )
    block.power = pe.Expression(steps, rule=lambda b, t: -b.pv_kw[t])
    block.cost = pe.Expression([], rule=0.0)
