"""Whole decisions out of a relaxed solution, per kind of equipment; seldom best, soon found.

Used when branch and bound has no answer in time. Everything here obeys its own component's rows;
what then falls short is taken up by priced slack.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.affine import CompiledSite, Floats
from models.load_terms import kept_slots, shed_field, shed_terms, shiftable_terms
from models.spans import ends_s
from models.types import Problem, ShedGroup, ShedState, Shiftable, ShiftableState

_HALF = 0.5


def roundings(
    compiled: CompiledSite, problem: Problem, values: Floats, least: Floats
) -> Iterator[Floats]:
    """0 or 1 for each integer column: what is wished, then without what can be missed, then least.

    `least` are the columns' lower bounds: only what must run. The last is always feasible.
    """
    wished = _rounded(compiled, problem, values)
    yield wished[compiled.integers]
    for name in _missable(problem):
        group = compiled.columns.get(name)
        if group is not None:
            wished[group.cells] = 0.0
    yield wished[compiled.integers]
    yield least[compiled.integers]


def _missable(problem: Problem) -> Iterator[str]:
    """Columns of candidates for what is due once and can be missed at a price."""
    for store in problem.site.thermal_stores:
        yield f"store[{store.id}].cycle"
    for battery in problem.site.batteries:
        yield f"battery[{battery.id}].full"


def _rounded(compiled: CompiledSite, problem: Problem, values: Floats) -> Floats:
    """0 or 1 at the integer columns, 0 elsewhere."""
    whole = np.zeros(compiled.column_count)
    for name in _missable(problem):
        _best_one(compiled, name, values, whole)
    runs = {state.id: state for state in problem.shiftables}
    for device in problem.site.shiftables:
        if device.least_kw > 0:
            cells = compiled.columns[f"shiftable[{device.id}].on"].cells
            whole[cells] = _switched(problem, device, runs[device.id], values[cells])
    sheds = {state.id: state for state in problem.sheds}
    for group in problem.site.shed_groups:
        cells = compiled.columns[f"shed[{group.id}].shed_on"].cells
        state = sheds.get(group.id, ShedState(id=group.id))
        whole[cells] = _shed(problem, group, state, values[cells])
    return whole


def _best_one(compiled: CompiledSite, name: str, values: Floats, whole: Floats) -> None:
    """The candidate the relaxation leans to most, if it leans at all."""
    group = compiled.columns.get(name)
    if group is None or not group.size:
        return
    best = int(np.argmax(values[group.cells]))
    if values[group.start + best] > 0:
        whole[group.start + best] = 1.0


def _switched(problem: Problem, device: Shiftable, state: ShiftableState, share: Floats) -> Floats:
    """Blocks in the order the relaxation prefers them, until every job is done."""
    grid = problem.grid
    terms = shiftable_terms(grid, device, state)
    on = np.array(terms.must_run, dtype=np.float64)
    ends = ends_s(grid.step_s)
    begins = (0, *ends[:-1])
    for job in terms.jobs:
        hours = np.array(job.hours)
        while device.power_kw * float(hours @ on) < job.need_kwh - 1e-9:
            best: tuple[float, range] | None = None
            for first in np.flatnonzero((hours > 0) & (on == 0)):
                block = _block(int(first), on, begins, ends, device.min_block_s)
                if block is None or any(terms.may_run[step] < 1 for step in block):
                    continue
                score = float(np.mean([share[step] for step in block if not on[step]]))
                if best is None or score > best[0]:
                    best = (score, block)
            if best is None or device.power_kw * float(hours @ on) >= job.most_kwh:
                break
            on[list(best[1])] = 1.0
    return on


def _block(
    first: int, on: Floats, begins: tuple[int, ...], ends: tuple[int, ...], least_s: int
) -> range | None:
    """Steps to switch on from `first`: one beside a run, else a whole minimum block."""
    if first > 0 and on[first - 1]:
        return range(first, first + 1)
    for last in range(first, len(ends)):
        if ends[last] - begins[first] >= least_s:
            return range(first, last + 1)
    return None


def _shed(problem: Problem, group: ShedGroup, state: ShedState, share: Floats) -> Floats:
    """Slots the relaxation half wants, as far as event length and rest allow."""
    grid = problem.grid
    terms = shed_terms(grid, group, state, shed_field(problem))
    wanted = tuple(
        free and bool(part >= _HALF) for free, part in zip(terms.open_slots, share, strict=True)
    )
    return np.array(kept_slots(grid, group, state, wanted), dtype=np.float64)
