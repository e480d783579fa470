"""What shiftable loads and shed groups may do within one problem, per step. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from models.spans import ends_s, overlap_s, slots
from models.types import (
    Event,
    Job,
    Problem,
    Series,
    ShedGroup,
    ShedState,
    Shiftable,
    ShiftableState,
    TimeGrid,
)

_SEEN = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTerms:
    """One job on the grid: hours of each step that are in its window, and its energy."""

    hours: Series
    need_kwh: float
    most_kwh: float
    later_max_kwh: float
    """What can still be done after the grid's end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftableTerms:
    """Power limit per step and the jobs that touch the grid."""

    limit_kw: Series
    may_run: Series
    must_run: Series
    jobs: tuple[JobTerms, ...]


def shiftable_terms(grid: TimeGrid, device: Shiftable, state: ShiftableState) -> ShiftableTerms:
    """A switched device runs only in steps that lie wholly within a window."""
    ends = ends_s(grid.step_s)
    begins = (0, *ends[:-1])
    owed_s = device.min_block_s - state.running_s if state.running_s else 0.0
    must = tuple(1.0 if begin < owed_s else 0.0 for begin in begins)
    share = [0.0] * len(grid)
    jobs = []
    for job in state.jobs:
        if job.left_kwh <= 0 or job.deadline <= grid.start or job.earliest >= grid.end:
            continue
        # A step that two windows share works for the earlier one.
        inside = [
            0.0 if taken else part
            for taken, part in zip(share, _inside(grid, device, job), strict=True)
        ]
        share = [before + now for before, now in zip(share, inside, strict=True)]
        jobs.append(_job(grid, device, job, inside))
    may = tuple(max(now, forced) for now, forced in zip(share, must, strict=True))
    return ShiftableTerms(
        limit_kw=tuple(device.power_kw * part for part in may),
        may_run=may,
        must_run=must,
        jobs=tuple(jobs),
    )


def _inside(grid: TimeGrid, device: Shiftable, job: Job) -> list[float]:
    """Share of each step the device may run in for this job."""
    shared = overlap_s(grid, job.earliest, job.deadline)
    parts = [part / length for part, length in zip(shared, grid.step_s, strict=True)]
    return [float(part >= 1.0) for part in parts] if device.least_kw > 0 else parts


def _job(grid: TimeGrid, device: Shiftable, job: Job, inside: list[float]) -> JobTerms:
    """Hours count wherever the window reaches, so that nothing done there is lost."""
    later_s = max(0.0, (job.deadline - max(grid.end, job.earliest)).total_seconds())
    grain_h = 0.0
    if device.least_kw > 0:
        grain_h = (max(grid.step_s) + device.min_block_s) / 3600.0
    return JobTerms(
        hours=tuple(
            seconds / 3600.0 if part > 0 else 0.0
            for seconds, part in zip(grid.step_s, inside, strict=True)
        ),
        need_kwh=job.left_kwh,
        most_kwh=job.left_kwh + device.power_kw * grain_h,
        later_max_kwh=min(job.left_kwh, device.power_kw * later_s / 3600.0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShedTerms:
    """Power per step, open slots, and into which of them the running event may reach."""

    least_kw: Series
    most_kw: Series
    open_slots: tuple[bool, ...]
    first_run: tuple[bool, ...]


def shed_terms(
    grid: TimeGrid,
    group: ShedGroup,
    state: ShedState,
    field: tuple[Series, Series, tuple[Event, ...]],
) -> ShedTerms:
    """Shares of the load, where the import price or an event allows it (`field`: these three)."""
    load_kw, prices, events = field
    allowed = [True] * len(grid)
    if group.price_threshold_per_kwh is not None:
        threshold = group.price_threshold_per_kwh
        reached = [overlap_s(grid, event.binding_from, event.end) for event in events]
        allowed = [
            price >= threshold or any(series[step] > 0 for series in reached)
            for step, price in enumerate(prices)
        ]
    loads = [max(0.0, load) if free else 0.0 for load, free in zip(load_kw, allowed, strict=True)]
    cells = slots(grid.step_s, group.least_s)
    ends = ends_s(tuple(sum(grid.step_s[step] for step in cell) for cell in cells))
    begins = (0, *ends[:-1])
    # A slot in which some step has hardly any load could not be told from one that is not shed.
    enough_kw = _SEEN * (1.0 + max(map(abs, load_kw)))
    full = [all(group.least_share * loads[t] > enough_kw for t in cell) for cell in cells]
    return ShedTerms(
        least_kw=tuple(group.least_share * load for load in loads),
        most_kw=tuple(group.most_share * load for load in loads),
        open_slots=tuple(
            fits and begin >= state.cooling_s for fits, begin in zip(full, begins, strict=True)
        ),
        first_run=tuple(0 < state.active_s <= group.most_s - end for end in ends),
    )


def shed_field(problem: Problem) -> tuple[Series, Series, tuple[Event, ...]]:
    """Load, import price and events, which decide where a group may be shed."""
    return problem.forecast.load_kw, problem.forecast.import_price_per_kwh, problem.events


def shed_price(group: ShedGroup) -> float:
    """Money per kWh shed; each further priority is a hundredth dearer, which orders equals."""
    return group.penalty_per_mwh / 1000.0 * group.guest_weight * (1 + 0.01 * (group.priority - 1))


def kept_slots(
    grid: TimeGrid, group: ShedGroup, state: ShedState, wanted: tuple[bool, ...]
) -> tuple[bool, ...]:
    """The wanted slots that event length, rest and what ran before allow, first come first."""
    lengths = [sum(grid.step_s[t] for t in cell) for cell in slots(grid.step_s, group.least_s)]
    kept = []
    run_s, rest_s = state.active_s, state.cooling_s
    for want, length in zip(wanted, lengths, strict=True):
        fits = rest_s <= 0 and run_s + length <= group.most_s
        kept.append(want and fits)
        if want and fits:
            run_s += length
            continue
        if run_s > 0:
            rest_s = float(group.cool_down_s)
        run_s, rest_s = 0.0, rest_s - length
    return tuple(kept)
