"""Shiftable loads and shed groups without a solver: work at once, shed in events only."""

from __future__ import annotations

import math

from models.event_terms import event_terms
from models.knowledge import Knowledge
from models.load_terms import ShedTerms, kept_slots, shed_terms, shiftable_terms
from models.physics import hours_of
from models.spans import slots
from models.types import (
    Series,
    ShedGroup,
    ShedPlan,
    ShedState,
    Shiftable,
    ShiftablePlan,
    ShiftableState,
)

_DONE_KWH = 1e-9


def shiftable_rules(known: Knowledge) -> tuple[ShiftablePlan, ...]:
    """Every device of known state works at full power as soon as its window opens."""
    states = {state.id: state for state in known.shiftables}
    return tuple(
        ShiftablePlan(id=device.id, power_kw=_at_once(known, device, states[device.id]))
        for device in known.site.shiftables
        if device.id in states
    )


def _at_once(known: Knowledge, device: Shiftable, state: ShiftableState) -> Series:
    """Full power until each job is done; a switched device finishes its step and its block."""
    terms = shiftable_terms(known.grid, device, state)
    hours = hours_of(known.grid.step_s)
    powers = [device.power_kw * on for on in terms.must_run]
    switched = device.least_kw > 0
    for job in terms.jobs:
        left = job.need_kwh - sum(dt * kw for dt, kw in zip(job.hours, powers, strict=True))
        run_h = 0.0
        for step, dt in enumerate(job.hours):
            if dt <= 0 or powers[step] > 0 or not terms.may_run[step]:
                continue
            mid_block = switched and 0 < run_h < device.min_block_s / 3600.0
            if left <= _DONE_KWH and not mid_block:
                break
            going = run_h > 0 or (step > 0 and powers[step - 1] > 0)
            ready = going or _fits(terms.may_run, hours, step, device)
            if switched and not ready:
                break
            limit = terms.limit_kw[step]
            powers[step] = limit if switched else min(limit, left / dt)
            left -= dt * powers[step]
            run_h += dt
    return tuple(powers)


def _fits(may_run: Series, hours: tuple[float, ...], first: int, device: Shiftable) -> bool:
    """Whether a whole minimum block fits from this step on."""
    run_s = 0.0
    for allowed, dt in zip(may_run[first:], hours[first:], strict=True):
        if run_s >= device.min_block_s or allowed < 1:
            break
        run_s += dt * 3600.0
    return run_s >= device.min_block_s


def shed_rules(known: Knowledge) -> tuple[ShedPlan, ...]:
    """In events, groups in the order of their priority until the commitment is met."""
    load_kw = known.load_kw or (0.0,) * len(known.grid)
    missing = [0.0] * len(known.grid)
    for event in known.events:
        asked = event_terms(known.grid, event, known.demand_terms)
        for step, (dt, target) in enumerate(zip(asked.hours, asked.target_kw, strict=True)):
            if dt > 0:
                missing[step] = max(missing[step], load_kw[step] - target)
    states = {state.id: state for state in known.sheds}
    prices = known.import_price_per_kwh or (0.0,) * len(known.grid)
    plans = {}
    for group in sorted(known.site.shed_groups, key=lambda each: each.priority):
        state = states.get(group.id, ShedState(id=group.id))
        terms = shed_terms(known.grid, group, state, (load_kw, prices, known.events))
        off = _shed(known, group, (state, terms), missing)
        missing = [left - kw for left, kw in zip(missing, off, strict=True)]
        back = _rebound(known, group, state, off)
        plans[group.id] = ShedPlan(id=group.id, shed_kw=off, rebound_kw=back)
    return tuple(plans[group.id] for group in known.site.shed_groups)


def _shed(
    known: Knowledge, group: ShedGroup, start: tuple[ShedState, ShedTerms], missing: list[float]
) -> Series:
    """All the group may give, in every slot in which something is missing."""
    state, terms = start
    cells = slots(known.grid.step_s, group.least_s)
    wanted = tuple(
        free and any(missing[step] > 0 for step in cell)
        for free, cell in zip(terms.open_slots, cells, strict=True)
    )
    off = [0.0] * len(known.grid)
    kept = kept_slots(known.grid, group, state, wanted)
    for taken, cell in zip(kept, cells, strict=True):
        for step in cell if taken else ():
            off[step] = min(terms.most_kw[step], max(terms.least_kw[step], missing[step]))
    return tuple(off)


def _rebound(known: Knowledge, group: ShedGroup, state: ShedState, off: Series) -> Series:
    """What comes back in steps in which nothing is shed, at a rate of the backlog."""
    if group.rebound_share <= 0:
        return (0.0,) * len(off)
    cells = slots(known.grid.step_s, group.least_s)
    active = {step for cell in cells if any(off[s] > 0 for s in cell) for step in cell}
    backlog, back = state.backlog_kwh, []
    for step, (power, seconds) in enumerate(zip(off, known.grid.step_s, strict=True)):
        dt = seconds / 3600.0
        share = 0.0 if step in active else -math.expm1(-seconds / group.rebound_s)
        back.append(share * backlog / dt)
        backlog += dt * (group.rebound_share * power - back[-1])
    return tuple(back)
