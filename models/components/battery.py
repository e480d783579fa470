"""A battery: stored energy step by step, wear, cycles per day, and a window it is drawn into."""

from __future__ import annotations

import pyomo.environ as pe

from models.physics import Hours, kept_share
from models.spans import day_count, hourly
from models.types import Battery


def declare(block: pe.Block, battery: Battery, hours: Hours, step_s: tuple[int, ...]) -> None:
    """Charge and discharge [kW, AC side] and stored energy [kWh, end of step].

    Stored energy = band + over - under with band inside the window. `over_max_kwh` and
    `under_max_kwh` are how far an idle battery would stay outside, so a start outside the window is
    feasible, is priced per kWh and hour, and can never be made worse.
    """
    _declare_data(block, hours)
    _declare_flows(block, battery, hours)
    last = len(hours) - 1
    penalties = sum(
        hours[t] * block.window_price * (block.over_kwh[t] + block.under_kwh[t])
        for t in block.steps
    )
    if battery.max_cycles_per_day is not None:
        _declare_cycles(block, battery, hours, day_count(step_s))
    if battery.full_charge_every_h is not None:
        _declare_full_charge(block, tuple(group[-1] for group in hourly(step_s)))
        penalties += block.full_price * block.full_missed
    costs = {
        "wear": sum(
            battery.wear_cost_per_kwh * hours[t] * block.discharge_kw[t] for t in block.steps
        ),
        "stored": -block.stored_value * block.soc_kwh[last],
        "penalties": penalties,
    }
    block.cost = pe.Expression(list(costs), initialize=costs)


def _declare_data(block: pe.Block, hours: Hours) -> None:
    """What is measured and what is worth what."""
    block.steps = pe.RangeSet(0, len(hours) - 1)
    for name in ("start_kwh", "window_price", "stored_value"):
        block.add_component(name, pe.Param(mutable=True, initialize=0.0))
    for name in (
        "charge_limit_kw",
        "discharge_limit_kw",
        "low_kwh",
        "high_kwh",
        "over_max_kwh",
        "under_max_kwh",
    ):
        block.add_component(name, pe.Param(block.steps, mutable=True, initialize=0.0))


def _declare_flows(block: pe.Block, battery: Battery, hours: Hours) -> None:
    """Flows, stored energy and the rows that tie them."""
    steps = block.steps
    block.charge_kw = pe.Var(steps, bounds=lambda b, t: (0, b.charge_limit_kw[t]))
    block.discharge_kw = pe.Var(steps, bounds=lambda b, t: (0, b.discharge_limit_kw[t]))
    block.band_kwh = pe.Var(steps, bounds=lambda b, t: (b.low_kwh[t], b.high_kwh[t]))
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


def _declare_cycles(block: pe.Block, battery: Battery, hours: Hours, day_slots: int) -> None:
    """Stored energy in plus out [kWh] within what each local day has left."""
    block.days = pe.RangeSet(0, day_slots - 1)
    block.day_hours = pe.Param(block.days, block.steps, mutable=True, initialize=0.0)
    block.day_budget_kwh = pe.Param(block.days, mutable=True, initialize=0.0)

    def cycled(b: pe.Block, day: int) -> pe.Expression:
        return (
            sum(
                b.day_hours[day, t]
                * (
                    battery.charge_efficiency * b.charge_kw[t]
                    + b.discharge_kw[t] / battery.discharge_efficiency
                )
                for t in range(len(hours))
            )
            <= b.day_budget_kwh[day]
        )

    block.cycles_per_day = pe.Constraint(block.days, rule=cycled)


def _declare_full_charge(block: pe.Block, candidates: tuple[int, ...]) -> None:
    """When one is due, the stored energy is full at the end of one of the open candidates."""
    block.candidates = pe.Set(initialize=candidates, ordered=True)
    block.full_open = pe.Param(block.candidates, mutable=True, initialize=0.0)
    block.full_floor_kwh = pe.Param(block.candidates, mutable=True, initialize=0.0)
    block.full_rise_kwh = pe.Param(block.candidates, mutable=True, initialize=0.0)
    block.full_due = pe.Param(mutable=True, initialize=0.0)
    block.full_price = pe.Param(mutable=True, initialize=0.0)
    block.full = pe.Var(
        block.candidates, domain=pe.Integers, bounds=lambda b, t: (0, b.full_open[t])
    )
    block.full_missed = pe.Var(bounds=(0, None))
    block.full_once = pe.Constraint(
        expr=sum(block.full[t] for t in candidates) + block.full_missed == block.full_due
    )
    block.full_reached = pe.Constraint(
        block.candidates,
        rule=lambda b, t: b.soc_kwh[t] >= b.full_floor_kwh[t] + b.full_rise_kwh[t] * b.full[t],
    )
