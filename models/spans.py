"""Clock times on a grid of steps: overlaps, local days, slots of a least length. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from models.types import Series, TimeGrid

_SHORTEST_DAY_S = 23 * 3600
_HOUR_S = 3600


def overlap_s(grid: TimeGrid, start: datetime, end: datetime) -> Series:
    """Seconds of each step that lie within [start, end)."""
    first = (start - grid.start).total_seconds()
    last = (end - grid.start).total_seconds()
    shared = []
    begin = 0.0
    for seconds in grid.step_s:
        shared.append(max(0.0, min(last, begin + seconds) - max(first, begin)))
        begin += seconds
    return tuple(shared)


def day_count(step_s: tuple[int, ...]) -> int:
    """The most local days the steps can touch, whatever time they start at."""
    return math.ceil(sum(step_s) / _SHORTEST_DAY_S) + 1


def days(grid: TimeGrid, day_starts: tuple[datetime, ...]) -> tuple[tuple[datetime, datetime], ...]:
    """[start, end) of every local day within the grid; UTC days where no midnights are given."""
    cuts = [moment for moment in day_starts if grid.start < moment < grid.end]
    if not day_starts:
        midnight = datetime.combine(grid.start.date(), datetime.min.time(), UTC)
        while (midnight := midnight + timedelta(days=1)) < grid.end:
            cuts.append(midnight)
    edges = [grid.start, *sorted(set(cuts)), grid.end]
    return tuple(pairwise(edges))


def slots(step_s: tuple[int, ...], least_s: int) -> tuple[tuple[int, ...], ...]:
    """Consecutive steps in groups of at least `least_s` seconds (the last may be shorter)."""
    groups: list[list[int]] = []
    filled_s = least_s
    for step, seconds in enumerate(step_s):
        if filled_s >= least_s:
            groups.append([])
            filled_s = 0
        groups[-1].append(step)
        filled_s += seconds
    return tuple(tuple(group) for group in groups)


def hourly(step_s: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Consecutive steps in groups of an hour."""
    return slots(step_s, _HOUR_S)


def holds(step_s: tuple[int, ...], hold_s: int) -> tuple[tuple[int, ...], ...]:
    """Steps at whose ends a state must stand so that it holds for `hold_s`, hour by hour.

    One candidate begins with the first step of every hour; those beyond the horizon are left out.
    """
    found = []
    for first, *_ in hourly(step_s):
        length_s, last = 0, first
        while length_s < hold_s and last + 1 < len(step_s):
            last += 1
            length_s += step_s[last]
        if length_s >= hold_s:
            found.append(tuple(range(first, last + 1)))
    return tuple(found)


def ends_s(step_s: tuple[int, ...]) -> tuple[int, ...]:
    """Seconds from the start of the grid to the end of each step."""
    total = 0
    ends = []
    for seconds in step_s:
        total += seconds
        ends.append(total)
    return tuple(ends)
