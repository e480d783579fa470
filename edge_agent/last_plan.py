"""The plan in force on the steps of the next one. Pure."""

from __future__ import annotations

from datetime import timedelta

from models.types import Plan, Series, TimeGrid


def last_powers(plan: Plan | None, grid: TimeGrid) -> tuple[tuple[str, Series], ...]:
    """Battery powers [kW] by id, one per step of `grid`; the last one goes on where a plan ends.

    Nothing from a plan that no solver made: its powers are no decision to stay close to.
    """
    if plan is None or not plan.source.by_solver:
        return ()
    last = len(plan.grid) - 1
    middles = (
        start + timedelta(seconds=seconds / 2)
        for start, seconds in zip(grid.starts, grid.step_s, strict=True)
    )
    places = [plan.grid.step_at(middle) for middle in middles]
    if places[0] is None:
        return ()
    steps = [last if place is None else place for place in places]
    return tuple((one.id, tuple(one.power_kw[step] for step in steps)) for one in plan.batteries)
