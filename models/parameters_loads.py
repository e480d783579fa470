"""Params of shiftable loads, shed groups and demand-response events. Pure numpy."""

from __future__ import annotations

import numpy as np

from models.affine import Floats
from models.event_terms import event_terms
from models.load_terms import shed_field, shed_price, shed_terms, shiftable_terms
from models.penalties import Penalties
from models.physics import hours_of
from models.pricing import postponed_price
from models.spans import day_count
from models.types import Problem, ShedGroup, ShedState, Shiftable, ShiftableState

Named = dict[str, Floats]


def shiftable_values(problem: Problem, prices: Penalties) -> Named:
    """Params of every shiftable load."""
    states = {each.id: each for each in problem.shiftables}
    named: Named = {}
    for device in problem.site.shiftables:
        values = _shiftable(problem, device, states[device.id])
        values["missing_price"] = np.array(device.weight * prices.missing_per_kwh)
        named |= {f"shiftable[{device.id}].{name}": value for name, value in values.items()}
    return named


def _shiftable(problem: Problem, device: Shiftable, state: ShiftableState) -> Named:
    """Windows and work of one device."""
    terms = shiftable_terms(problem.grid, device, state)
    step_s = problem.grid.step_s
    count = day_count(step_s)
    hours = np.zeros((count, len(step_s)))
    need, most, later = np.zeros(count), np.zeros(count), np.zeros(count)
    for index, job in enumerate(terms.jobs):
        hours[index] = job.hours
        need[index], most[index] = job.need_kwh, job.most_kwh
        later[index] = job.later_max_kwh
    values: Named = {
        "limit_kw": np.array(terms.limit_kw),
        "job_hours": hours.ravel(),
        "need_kwh": need,
        "most_kwh": most,
        "later_max_kwh": later,
        "later_price": np.array(postponed_price(problem)),
    }
    if device.least_kw > 0:
        values |= {"must_run": np.array(terms.must_run), "may_run": np.array(terms.may_run)}
        if device.min_block_s > min(step_s):
            values["was_on"] = np.array(float(state.running_s > 0))
    return values


def shed_values(problem: Problem) -> Named:
    """Params of every shed group."""
    states = {each.id: each for each in problem.sheds}
    named: Named = {}
    for group in problem.site.shed_groups:
        state = states.get(group.id, ShedState(id=group.id))
        values = _shed(problem, group, state)
        named |= {f"shed[{group.id}].{name}": value for name, value in values.items()}
    return named


def _shed(problem: Problem, group: ShedGroup, state: ShedState) -> Named:
    """Shares, slots and what has still to come back of one group."""
    terms = shed_terms(problem.grid, group, state, shed_field(problem))
    most = np.array(terms.most_kw)
    values: Named = {
        "least_kw": np.array(terms.least_kw),
        "most_kw": most,
        "open": np.array(terms.open_slots, dtype=np.float64),
        "shed_price": np.array(shed_price(group)),
        "first_run": np.array(terms.first_run, dtype=np.float64),
        "was_active": np.array(float(state.active_s > 0)),
    }
    if group.rebound_share > 0:
        hours = np.array(hours_of(problem.grid.step_s))
        values["backlog_start_kwh"] = np.array(state.backlog_kwh)
        shed_kwh = group.rebound_share * float(hours @ most)
        values["backlog_most_kwh"] = np.array(state.backlog_kwh + shed_kwh)
        values["backlog_price"] = np.array(postponed_price(problem))
    return values


def event_values(problem: Problem, prices: Penalties) -> Named:
    """Params of the event slots; a slot without an event binds nothing."""
    slots, steps = problem.site.event_slots, len(problem.grid)
    if not slots:
        return {}
    table = {
        name: np.zeros((slots, steps))
        for name in (
            "inside",
            "target_kw",
            "shortfall_price",
            "firm_price",
            "capped",
            "cap_kw",
            "rebound_price",
        )
    }
    reward = 0.0
    for slot, event in enumerate(problem.events):
        terms = event_terms(problem.grid, event, problem.demand_terms)
        hours, rebound = np.array(terms.hours), np.array(terms.rebound_hours)
        table["inside"][slot] = hours > 0
        table["target_kw"][slot] = (hours > 0) * np.array(terms.target_kw)
        table["shortfall_price"][slot] = hours * (event.price_per_kwh + event.penalty_per_kwh)
        table["firm_price"][slot] = hours * (prices.firm_per_kwh if event.firm else 0.0)
        table["capped"][slot] = rebound > 0
        table["cap_kw"][slot] = (rebound > 0) * np.array(terms.cap_kw)
        table["rebound_price"][slot] = rebound * prices.firm_per_kwh
        reward += float(hours.sum()) * event.price_per_kwh * event.committed_kw
    named = {f"event.{name}": values.ravel() for name, values in table.items()}
    return named | {"event.reward": np.array(reward)}
