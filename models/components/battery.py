"""A battery: stored energy integrated step by step, wear, and a window it is drawn back into."""

from __future__ import annotations

import pyomo.environ as pe

from models.physics import Hours, kept_share
from models.types import Battery


def declare(block: pe.Block, battery: Battery, hours: Hours) -> None:
    """Charge and discharge [kW, AC side] and stored energy [kWh, end of step].

    Stored energy = band + over - under with band inside the window. `over_max_kwh` and
    `under_max_kwh` are how far an idle battery would stay outside, so a start outside the window is
    feasible, is priced per kWh and hour, and can never be made worse.
    """
    _declare_data(block, hours)
    _declare_flows(block, battery, hours)
    last = len(hours) - 1
    costs = {
        "wear": sum(
            battery.wear_cost_per_kwh * hours[t] * block.discharge_kw[t] for t in block.steps
        ),
        "stored": -block.stored_value * block.soc_kwh[last],
        "penalties": sum(
            hours[t] * block.window_price * (block.over_kwh[t] + block.under_kwh[t])
            for t in block.steps
        ),
    }
    block.cost = pe.Expression(list(costs), initialize=costs)


def _declare_data(block: pe.Block, hours: Hours) -> None:
    """What is measured and what is worth what."""
    block.steps = pe.RangeSet(0, len(hours) - 1)
    for name in (
        "start_kwh",
        "charge_limit_kw",
        "discharge_limit_kw",
        "window_price",
        "stored_value",
    ):
        block.add_component(name, pe.Param(mutable=True, initialize=0.0))
    for name in ("over_max_kwh", "under_max_kwh"):
        block.add_component(name, pe.Param(block.steps, mutable=True, initialize=0.0))


def _declare_flows(block: pe.Block, battery: Battery, hours: Hours) -> None:
    """Flows, stored energy and the rows that tie them."""
    steps = block.steps
    low_kwh = battery.soc_min_share * battery.capacity_kwh
    high_kwh = battery.soc_max_share * battery.capacity_kwh
    block.charge_kw = pe.Var(steps, bounds=lambda b, _: (0, b.charge_limit_kw))
    block.discharge_kw = pe.Var(steps, bounds=lambda b, _: (0, b.discharge_limit_kw))
    block.band_kwh = pe.Var(steps, bounds=(low_kwh, high_kwh))
    block.over_kwh = pe.Var(steps, bounds=lambda b, t: (0, b.over_max_kwh[t]))
    block.under_kwh = pe.Var(steps, bounds=lambda b, t: (0, b.under_max_kwh[t]))
    block.soc_kwh = pe.Expression(
        steps, rule=lambda b, t: b.band_kwh[t] + b.over_kwh[t] - b.under_kwh[t]
    )

    def stored(b: pe.Block, t: int) -> pe.Expression:
        before = b.soc_kwh[t - 1] if t > 0 else b.start_kwh
        gained = battery.charge_efficiency * hours[t] * b.charge_kw[t]
        drawn = hours[t] / battery.discharge_efficiency * b.discharge_kw[t]
        return b.soc_kwh[t] == kept_share(battery, hours[t]) * before + gained - drawn

    block.stored_energy = pe.Constraint(steps, rule=stored)
    block.power = pe.Expression(steps, rule=lambda b, t: b.charge_kw[t] - b.discharge_kw[t])
