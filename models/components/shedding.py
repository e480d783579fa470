"""A part of the load that can be switched off: all or nothing per slot, rest after it, rebound."""

from __future__ import annotations

import math

import pyomo.environ as pe

from models.physics import Hours
from models.spans import ends_s, slots
from models.types import ShedGroup


def declare(block: pe.Block, group: ShedGroup, hours: Hours, step_s: tuple[int, ...]) -> None:
    """Shed power [kW], 0 or within least .. most, and the power that comes back [kW].

    One binary per slot of at least `least_s`; `shed_price` per kWh is a cost of its own.
    """
    steps = block.steps = pe.RangeSet(0, len(hours) - 1)
    cells = slots(step_s, group.least_s)
    block.slots = pe.RangeSet(0, len(cells) - 1)
    for name in ("least_kw", "most_kw"):
        block.add_component(name, pe.Param(steps, mutable=True, initialize=0.0))
    block.open = pe.Param(block.slots, mutable=True, initialize=0.0)
    block.shed_price = pe.Param(mutable=True, initialize=0.0)
    block.shed_on = pe.Var(block.slots, domain=pe.Integers, bounds=lambda b, k: (0, b.open[k]))
    block.shed_kw = pe.Var(steps, bounds=lambda b, t: (0, b.most_kw[t]))
    slot_of = {step: index for index, cell in enumerate(cells) for step in cell}
    block.shed_most = pe.Constraint(
        steps, rule=lambda b, t: b.shed_kw[t] <= b.most_kw[t] * b.shed_on[slot_of[t]]
    )
    block.shed_least = pe.Constraint(
        steps, rule=lambda b, t: b.shed_kw[t] >= b.least_kw[t] * b.shed_on[slot_of[t]]
    )
    _declare_events(block, group, [sum(step_s[t] for t in cell) for cell in cells])
    if group.rebound_share > 0:
        _declare_rebound(block, group, hours, slot_of)
    block.power = pe.Expression(
        steps,
        rule=lambda b, t: (b.rebound_kw[t] if group.rebound_share > 0 else 0.0) - b.shed_kw[t],
    )
    shed = sum(hours[t] * block.shed_price * block.shed_kw[t] for t in steps)
    owed = block.backlog_price * block.backlog_kwh[len(hours) - 1] if group.rebound_share else 0.0
    block.cost = pe.Expression(
        ["shedding", "stored"], initialize={"shedding": shed, "stored": owed}
    )


def _declare_events(block: pe.Block, group: ShedGroup, length_s: list[int]) -> None:
    """No event longer than allowed, and a rest after each.

    Starts and stops have variables of their own: with them the relaxation is almost whole.
    """
    ends = ends_s(tuple(length_s))
    begins = (0, *ends[:-1])
    block.was_active = pe.Param(mutable=True, initialize=0.0)
    block.first_run = pe.Param(block.slots, mutable=True, initialize=0.0)
    block.start = pe.Var(block.slots, bounds=(0, 1))
    block.stop = pe.Var(block.slots, bounds=(0, 1))
    block.switched = pe.Constraint(
        block.slots,
        rule=lambda b, k: (
            b.shed_on[k] - (b.shed_on[k - 1] if k else b.was_active) == b.start[k] - b.stop[k]
        ),
    )
    block.run_length = pe.Constraint(
        block.slots,
        rule=lambda b, k: (
            b.shed_on[k]
            <= sum(b.start[j] for j in range(k + 1) if ends[k] - begins[j] <= group.most_s)
            + b.first_run[k]
        ),
    )
    block.rest = pe.Constraint(
        block.slots,
        rule=lambda b, k: (
            b.shed_on[k]
            + sum(
                b.stop[j]
                for j in range(k + 1)
                if j == k or begins[k] - begins[j] < group.cool_down_s
            )
            <= 1
        ),
    )


def _declare_rebound(
    block: pe.Block, group: ShedGroup, hours: Hours, slot_of: dict[int, int]
) -> None:
    """What was shed comes back at a rate of its backlog, as soon as nothing is shed."""
    steps = block.steps
    block.backlog_start_kwh = pe.Param(mutable=True, initialize=0.0)
    block.backlog_most_kwh = pe.Param(mutable=True, initialize=0.0)
    block.backlog_price = pe.Param(mutable=True, initialize=0.0)
    block.backlog_kwh = pe.Var(steps, bounds=(0, None))
    block.rebound_kw = pe.Var(steps, bounds=(0, None))

    def before(b: pe.Block, t: int) -> pe.Expression:
        return b.backlog_kwh[t - 1] if t > 0 else b.backlog_start_kwh

    def returning(t: int) -> float:
        return -math.expm1(-3600.0 * hours[t] / group.rebound_s)

    block.backlog = pe.Constraint(
        steps,
        rule=lambda b, t: (
            b.backlog_kwh[t]
            == before(b, t) + hours[t] * (group.rebound_share * b.shed_kw[t] - b.rebound_kw[t])
        ),
    )
    block.returns_most = pe.Constraint(
        steps, rule=lambda b, t: hours[t] * b.rebound_kw[t] <= returning(t) * before(b, t)
    )
    block.returns_least = pe.Constraint(
        steps,
        rule=lambda b, t: (
            hours[t] * b.rebound_kw[t] + b.backlog_most_kwh * b.shed_on[slot_of[t]]
            >= returning(t) * before(b, t)
        ),
    )
    block.returns_later = pe.Constraint(
        steps,
        rule=lambda b, t: (
            hours[t] * b.rebound_kw[t] + b.backlog_most_kwh * b.shed_on[slot_of[t]]
            <= b.backlog_most_kwh
        ),
    )
