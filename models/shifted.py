"""The last plan carried on: its powers moved to the present grid and run from the present state.

Where it ends the rules take over; whatever limits and states allow no longer is cut. Pure Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from models.knowledge import knowledge_of
from models.rules import Wishes, followed, priced, rules_plan
from models.rules_rooms import Wish
from models.types import (
    Plan,
    PlanSource,
    Problem,
    Reason,
    ReasonCode,
    Series,
    ShiftablePlan,
    TimeGrid,
)


def shifted(problem: Problem, last: Plan, now: datetime, why: Reason) -> Iterator[Plan]:
    """With the loads shifted as they were, with their work done by the rules, all by the rules."""
    made = last.made_at.isoformat(timespec="minutes")
    note = Reason(code=ReasonCode.PLAN_SHIFTED, text=f"the plan of {made} goes on")
    wishes = _wishes(problem.grid, last)
    known, load_kw = knowledge_of(problem), problem.forecast.load_kw
    for asked in (wishes, replace(wishes, shiftables=None)):
        plan = followed(known, load_kw, now, (asked, (why, note)))
        margin_kw = problem.forecast.peak_margin_kw
        yield priced(problem, replace(plan, source=PlanSource.LAST, peak_margin_kw=margin_kw))
    yield rules_plan(problem, now, (why,))


def _wishes(grid: TimeGrid, last: Plan) -> Wishes:
    """What the last plan would do in every step of `grid`."""
    place = _Moved(grid, last.grid)
    return Wishes(
        batteries={each.id: place.wish(each.power_kw) for each in last.batteries},
        zones={
            each.id: place.wish(
                tuple(heat - cool for heat, cool in zip(each.heat_kw, each.cool_kw, strict=True))
            )
            for each in last.zones
        },
        thermal_stores={
            each.id: place.wish(
                tuple(
                    pump + heater
                    for pump, heater in zip(each.pump_kw, each.immersion_kw, strict=True)
                )
            )
            for each in last.thermal_stores
        },
        shiftables=tuple(
            ShiftablePlan(id=each.id, power_kw=tuple(kw or 0.0 for kw in place.wish(each.power_kw)))
            for each in last.shiftables
        ),
    )


class _Moved:
    """Which steps of one grid lie in which of another, and for how many seconds."""

    def __init__(self, grid: TimeGrid, before: TimeGrid) -> None:
        begin_s = (grid.start - before.start).total_seconds()
        edges = [0.0]
        for seconds in before.step_s:
            edges.append(edges[-1] + seconds)
        self._parts: list[list[tuple[int, float]]] = []
        for seconds in grid.step_s:
            end_s = begin_s + seconds
            self._parts.append(
                [
                    (step, shared)
                    for step, (first, last) in enumerate(pairwise(edges))
                    if (shared := min(last, end_s) - max(first, begin_s)) > 0
                ]
            )
            begin_s = end_s

    def wish(self, power_kw: Series) -> Wish:
        """Mean power in every step the other grid covers at all, None elsewhere."""
        return tuple(
            sum(power_kw[step] * seconds for step, seconds in parts) / sum(s for _, s in parts)
            if parts
            else None
            for parts in self._parts
        )
