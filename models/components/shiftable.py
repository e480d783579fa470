"""A load with work to do by a deadline: any power, or off and between a least and full power."""

from __future__ import annotations

import pyomo.environ as pe

from models.physics import Hours
from models.spans import day_count, ends_s
from models.types import Shiftable


def declare(block: pe.Block, device: Shiftable, hours: Hours, step_s: tuple[int, ...]) -> None:
    """Power [kW] whose energy in each job's window is what the job needs.

    What is put off beyond the horizon costs `later_price` per kWh, what is not done at all
    `missing_price`. With `least_kw` there is one binary a step, with `min_block_s` a start each.
    """
    steps = block.steps = pe.RangeSet(0, len(hours) - 1)
    jobs = block.jobs = pe.RangeSet(0, day_count(step_s) - 1)
    block.limit_kw = pe.Param(steps, mutable=True, initialize=0.0)
    block.job_hours = pe.Param(jobs, steps, mutable=True, initialize=0.0)
    for name in ("need_kwh", "most_kwh", "later_max_kwh"):
        block.add_component(name, pe.Param(jobs, mutable=True, initialize=0.0))
    for name in ("later_price", "missing_price"):
        block.add_component(name, pe.Param(mutable=True, initialize=0.0))
    block.power_kw = pe.Var(steps, bounds=lambda b, t: (0, b.limit_kw[t]))
    block.later_kwh = pe.Var(jobs, bounds=lambda b, j: (0, b.later_max_kwh[j]))
    block.missing_kwh = pe.Var(jobs, bounds=(0, None))
    done = {j: sum(block.job_hours[j, t] * block.power_kw[t] for t in steps) for j in jobs}
    block.work_due = pe.Constraint(
        jobs,
        rule=lambda b, j: done[j] + b.later_kwh[j] + b.missing_kwh[j] >= b.need_kwh[j],
    )
    block.work_most = pe.Constraint(jobs, rule=lambda b, j: done[j] <= b.most_kwh[j])
    if device.least_kw > 0:
        _declare_switch(block, device, step_s)
    block.power = pe.Expression(steps, rule=lambda b, t: b.power_kw[t])
    block.cost = pe.Expression(
        ["stored", "penalties"],
        initialize={
            "stored": sum(block.later_price * block.later_kwh[j] for j in jobs),
            "penalties": sum(block.missing_price * block.missing_kwh[j] for j in jobs),
        },
    )


def _declare_switch(block: pe.Block, device: Shiftable, step_s: tuple[int, ...]) -> None:
    """On or off per step; a start holds it on for the minimum block."""
    steps = block.steps
    block.must_run = pe.Param(steps, mutable=True, initialize=0.0)
    block.may_run = pe.Param(steps, mutable=True, initialize=0.0)
    block.on = pe.Var(steps, domain=pe.Integers, bounds=lambda b, t: (b.must_run[t], b.may_run[t]))
    block.runs_most = pe.Constraint(
        steps, rule=lambda b, t: b.power_kw[t] <= device.power_kw * b.on[t]
    )
    block.runs_least = pe.Constraint(
        steps, rule=lambda b, t: b.power_kw[t] >= device.least_kw * b.on[t]
    )
    if device.min_block_s <= min(step_s):
        return
    begins = (0, *ends_s(step_s)[:-1])
    block.was_on = pe.Param(mutable=True, initialize=0.0)
    block.start = pe.Var(steps, bounds=(0, 1))
    block.starts = pe.Constraint(
        steps,
        rule=lambda b, t: b.start[t] >= b.on[t] - (b.on[t - 1] if t > 0 else b.was_on),
    )
    block.block_held = pe.Constraint(
        steps,
        rule=lambda b, t: (
            sum(b.start[s] for s in range(t + 1) if begins[t] - begins[s] < device.min_block_s)
            <= b.on[t]
        ),
    )
