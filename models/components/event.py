"""Demand-response events as commitments on the net import, with a capped rebound afterwards."""

from __future__ import annotations

import pyomo.environ as pe

from models.physics import Hours


def declare(block: pe.Block, grid: pe.Block, slots: int, hours: Hours) -> None:
    """Shortfall [kW] of each event against baseline minus commitment, and excess of the rebound.

    Windows are data: `inside` and `capped` are 1 in the steps they reach and 0 elsewhere. The
    shortfall costs `shortfall_price` (money) and `firm_price` (rank) per kW and step.
    """
    steps = pe.RangeSet(0, len(hours) - 1)
    events = pe.RangeSet(0, slots - 1)
    for name in (
        "inside",
        "target_kw",
        "shortfall_price",
        "firm_price",
        "capped",
        "cap_kw",
        "rebound_price",
    ):
        block.add_component(name, pe.Param(events, steps, mutable=True, initialize=0.0))
    block.reward = pe.Param(mutable=True, initialize=0.0)
    block.shortfall_kw = pe.Var(events, steps, bounds=(0, None))
    block.rebound_over_kw = pe.Var(events, steps, bounds=(0, None))
    net = {t: grid.drawn_kw[t] - grid.fed_kw[t] for t in steps}
    block.commitment = pe.Constraint(
        events,
        steps,
        rule=lambda b, e, t: b.shortfall_kw[e, t] >= b.inside[e, t] * net[t] - b.target_kw[e, t],
    )
    block.rebound = pe.Constraint(
        events,
        steps,
        rule=lambda b, e, t: b.rebound_over_kw[e, t] >= b.capped[e, t] * net[t] - b.cap_kw[e, t],
    )
    places = [(e, t) for e in events for t in steps]
    costs = {
        "events": sum(block.shortfall_price[p] * block.shortfall_kw[p] for p in places)
        - block.reward,
        "penalties": sum(
            block.firm_price[p] * block.shortfall_kw[p]
            + block.rebound_price[p] * block.rebound_over_kw[p]
            for p in places
        ),
    }
    block.cost = pe.Expression(list(costs), initialize=costs)
