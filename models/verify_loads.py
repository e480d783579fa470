"""Shiftable loads and shed groups judged apart from the optimiser."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.types import (
    Plan,
    Problem,
    ShedGroup,
    ShedPlan,
    ShedState,
    Shiftable,
    ShiftablePlan,
    ShiftableState,
)
from models.worst import RELATIVE, worst

Steps = NDArray[np.bool_]


def runs_hold(problem: Problem, plan: Plan) -> Iterator[str]:
    """Every load runs within its power, in its windows, in whole blocks, and not too much."""
    specs = {each.id: each for each in problem.site.shiftables}
    states = {each.id: each for each in problem.shiftables}
    for run in plan.shiftables:
        spec, state = specs[run.id], states[run.id]
        power = np.array(run.power_kw)
        slack = RELATIVE * (1.0 + spec.power_kw)
        yield from worst(f"{run.id} runs above its power", power - spec.power_kw, slack)
        yield from worst(f"{run.id} has a negative power", -power, slack)
        on = power > slack
        too_low = np.where(on, spec.least_kw - power, 0.0)
        yield from worst(f"{run.id} runs below its least power", too_low, slack)
        yield from _windows(problem, run, spec, state)
        yield from _blocks(problem, run, spec, (state, on))


def _windows(
    problem: Problem, run: ShiftablePlan, spec: Shiftable, state: ShiftableState
) -> Iterator[str]:
    """Energy of every step fits into the part of it that lies in a window."""
    ends = np.cumsum(problem.grid.step_s)
    begins = ends - np.array(problem.grid.step_s)
    power, slack = np.array(run.power_kw), RELATIVE * (1.0 + spec.power_kw)
    forced = (begins < spec.min_block_s - state.running_s) & (state.running_s > 0)
    allowed = np.where(forced, spec.power_kw, 0.0)
    taken = np.zeros(len(power), dtype=bool)
    for job in state.jobs:
        first = (job.earliest - problem.grid.start).total_seconds()
        last = (job.deadline - problem.grid.start).total_seconds()
        inside = np.clip(np.minimum(ends, last) - np.maximum(begins, first), 0.0, None)
        share = inside / (ends - begins)
        if spec.least_kw > 0:
            share = np.floor(share + 1e-9)
        share = np.where(taken, 0.0, share)
        work_h = np.where(share > 0, np.array(problem.grid.step_s) / 3600.0, 0.0)
        done = float(work_h @ power)
        grain_h = 0.0
        if spec.least_kw > 0:
            grain_h = (max(problem.grid.step_s) + spec.min_block_s) / 3600.0
        left = max(0.0, job.energy_kwh - job.done_kwh)
        if left > 0:
            taken |= share > 0
            allowed = np.maximum(allowed, share * spec.power_kw)
            if done > left + spec.power_kw * grain_h + slack:
                yield f"{run.id} does {done:.6g} kWh where {left:.6g} are to be done"
    yield from worst(f"{run.id} runs outside its windows", power - allowed, slack)


def _blocks(
    problem: Problem, run: ShiftablePlan, spec: Shiftable, start: tuple[ShiftableState, Steps]
) -> Iterator[str]:
    """No run that ends within the grid is shorter than the minimum block."""
    state, on = start
    run_s = state.running_s
    for step, seconds in enumerate(problem.grid.step_s):
        if on[step]:
            run_s += seconds
        elif 0 < run_s < spec.min_block_s:
            yield f"{run.id} stops after {run_s:g} s in step {step}"
            run_s = 0.0
        else:
            run_s = 0.0


def sheds_hold(problem: Problem, plan: Plan) -> Iterator[str]:
    """Every group sheds nothing or enough, not too long, rests, and lets come back what is due."""
    specs = {each.id: each for each in problem.site.shed_groups}
    states = {each.id: each for each in problem.sheds}
    for shed in plan.sheds:
        spec = specs[shed.id]
        state = states.get(shed.id, ShedState(id=shed.id))
        load = np.clip(problem.forecast.load_kw, 0.0, None)
        slack = RELATIVE * (1.0 + float(load.max()))
        off = np.array(shed.shed_kw)
        yield from worst(f"{shed.id} sheds above its share", off - spec.most_share * load, slack)
        yield from worst(f"{shed.id} has a negative power", -off, slack)
        low = np.where(off > slack, spec.least_share * load - off, 0.0)
        yield from worst(f"{shed.id} sheds below its least share", low, slack)
        yield from _lengths(problem, spec, state, off > slack)
        yield from _returns(problem, shed, spec, state)
        if spec.price_threshold_per_kwh is not None:
            yield from _threshold(problem, shed, spec.price_threshold_per_kwh)


def _lengths(problem: Problem, spec: ShedGroup, state: ShedState, active: Steps) -> Iterator[str]:
    """No event longer than allowed, none within the rest after another."""
    run_s, rest_s = state.active_s, state.cooling_s
    for step, seconds in enumerate(problem.grid.step_s):
        if active[step]:
            if rest_s > 0:
                yield f"{spec.id} is shed in step {step} while it should rest"
            run_s += seconds
            if run_s > spec.most_s:
                yield f"{spec.id} is shed for {run_s:g} s by step {step}"
                run_s = 0.0
            continue
        if run_s > 0:
            rest_s = float(spec.cool_down_s)
        run_s, rest_s = 0.0, rest_s - seconds


def _threshold(problem: Problem, shed: ShedPlan, threshold: float) -> Iterator[str]:
    """Outside events shed only where the price is high enough."""
    ends = np.cumsum(problem.grid.step_s)
    begins = ends - np.array(problem.grid.step_s)
    allowed = np.array(problem.forecast.import_price_per_kwh) >= threshold
    for event in problem.events:
        first = (event.binding_from - problem.grid.start).total_seconds()
        last = (event.end - problem.grid.start).total_seconds()
        allowed |= (ends > first) & (begins < last) & (first < last)
    off = np.where(allowed, 0.0, np.array(shed.shed_kw))
    yield from worst(f"{shed.id} is shed below its price threshold", off, RELATIVE)


def _returns(problem: Problem, shed: ShedPlan, spec: ShedGroup, state: ShedState) -> Iterator[str]:
    """Shed energy comes back at the rate of its backlog wherever nothing is shed."""
    back = np.array(shed.rebound_kw)
    if spec.rebound_share <= 0:
        yield from worst(f"{spec.id} has a rebound it should not have", np.abs(back), RELATIVE)
        return
    backlog, drift = state.backlog_kwh, np.zeros(len(back))
    slack = RELATIVE * (1.0 + float(np.max(shed.shed_kw)) + state.backlog_kwh)
    for step, seconds in enumerate(problem.grid.step_s):
        due_kw = backlog * -math.expm1(-seconds / spec.rebound_s) * 3600.0 / seconds
        waits = back[step] <= slack
        drift[step] = 0.0 if waits and shed.shed_kw[step] > 0 else abs(back[step] - due_kw)
        backlog += seconds / 3600.0 * (spec.rebound_share * shed.shed_kw[step] - back[step])
    yield from worst(f"{spec.id} does not come back as it must", drift, slack)
