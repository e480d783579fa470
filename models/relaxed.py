"""Limits a solution could not keep, as sentences for the operator."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.affine import Floats
from models.solved import Solved
from models.types import Reason, ReasonCode

_SHOWN = 1e-4
_FELT = {"K": 0.05}
"""Less than this is no news, by unit; elsewhere `_SHOWN` is."""


def relaxed_limits(solved: Solved) -> tuple[Reason, ...]:
    """One reason for each limit that is exceeded, with amount, first and last time.

    A breach of contract or an unserved load makes the plan worse; a room or a battery that has to
    come back into its band first does not.
    """
    found = [
        Reason(code=ReasonCode.LIMIT_RELAXED, text=text, degrades=degrades)
        for column, label, unit, degrades in _slacks(solved)
        for text in _sentence(solved, label, unit, solved.column(column))
    ]
    found += [
        Reason(code=ReasonCode.LIMIT_RELAXED, text=text)
        for text in (*_work(solved), *_due(solved), *_commitments(solved))
    ]
    return tuple(found)


def _work(solved: Solved) -> Iterator[str]:
    """Jobs that cannot be finished in time."""
    for device in solved.problem.site.shiftables:
        missing = float(solved.column(f"shiftable[{device.id}].missing_kwh").sum())
        if missing > _SHOWN:
            yield f"{device.id}: {missing:.3g} kWh of its work cannot be done in time"


def _due(solved: Solved) -> Iterator[str]:
    """Full charges and hygiene cycles that are due and do not come."""
    site = solved.problem.site
    missed = [
        (each.id, f"battery[{each.id}].full_missed", "full charge") for each in site.batteries
    ]
    missed += [
        (each.id, f"store[{each.id}].hygiene_missed", "hygiene cycle")
        for each in site.thermal_stores
    ]
    for name, column, words in missed:
        if solved.has(column) and solved.column(column)[0] > _SHOWN:
            yield f"{name}: the {words} that is due does not come"


def _commitments(solved: Solved) -> Iterator[str]:
    """Demand-response commitments that are not met, and rebounds above their cap."""
    problem = solved.problem
    if not problem.events:
        return
    steps = len(problem.grid)
    for slot, event in enumerate(problem.events):
        cells = slice(slot * steps, (slot + 1) * steps)
        short = solved.column("event.shortfall_kw")[cells]
        yield from _sentence(solved, f"commitment of event {event.id}", "kW", short)
        over = solved.column("event.rebound_over_kw")[cells]
        yield from _sentence(solved, f"cap after event {event.id}", "kW", over)


def _slacks(solved: Solved) -> Iterator[tuple[str, str, str, bool]]:
    """(column, limit in words, unit, whether it degrades the plan)."""
    problem = solved.problem
    limits = problem.site.grid
    yield "grid.import_over_kw", f"import limit {limits.import_limit_kw:g} kW", "kW", True
    yield "grid.export_over_kw", f"export limit {limits.export_limit_kw:g} kW", "kW", True
    yield "demand.unserved_kw", "load that cannot be served", "kW", True
    yield "demand.dump_kw", "surplus that cannot be used", "kW", True
    for battery in problem.batteries:
        if battery.soc_kwh is not None:
            name = f"battery[{battery.id}]"
            yield f"{name}.over_kwh", f"{battery.id}: highest stored energy", "kWh", False
            yield f"{name}.under_kwh", f"{battery.id}: lowest stored energy", "kWh", False
    for zone in problem.zones:
        if zone.temperature_c is not None:
            yield f"zone[{zone.id}].over_k", f"{zone.id}: highest comfort temperature", "K", False
            yield f"zone[{zone.id}].under_k", f"{zone.id}: lowest comfort temperature", "K", False
    for store in problem.thermal_stores:
        if store.temperature_c is not None:
            yield f"store[{store.id}].over_k", f"{store.id}: highest tank temperature", "K", False
            yield f"store[{store.id}].under_k", f"{store.id}: lowest tank temperature", "K", False
    for circuit in problem.site.circuits:
        name, words = f"circuit[{circuit.id}]", f"limit of circuit {circuit.id}"
        yield f"{name}.import_over_kw", f"import {words}", "kW", True
        yield f"{name}.export_over_kw", f"export {words}", "kW", True


def _sentence(solved: Solved, label: str, unit: str, slack: Floats) -> Iterator[str]:
    """Nothing, or the one sentence of this limit."""
    steps = np.flatnonzero(slack > _FELT.get(unit, _SHOWN))
    if not len(steps):
        return
    grid = solved.problem.grid
    first, last = int(steps[0]), int(steps[-1])
    ends = (*grid.starts[1:], grid.end)
    yield (
        f"{label} missed by up to {slack.max():.3g} {unit} "
        f"from {grid.starts[first]:%Y-%m-%d %H:%M} to {ends[last]:%Y-%m-%d %H:%M} UTC"
    )
