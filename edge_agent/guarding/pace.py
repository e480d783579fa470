"""How fast and how often a value may move: ramp, hold and write budget. Pure."""

from __future__ import annotations

from edge_agent.arbiter import clamp
from edge_agent.envelope import Pace
from edge_agent.guarding.recall import PointRecall, budget, elapsed_s
from edge_agent.guarding.verdict import Case

NO_LIMIT = Pace()
FORGET_S = 120.0
"""After a longer pause a device may have taken its value back: a ramp starts from what is."""


def paced(
    wish: float, case: Case, pace: Pace, present: float | None = None
) -> tuple[float, tuple[str, ...]]:
    """The wish as far as ramp, hold and budget let it go; `present` is where the device stands.

    Safety and law do not wait for holds and budgets, only ramps hold them.
    """
    if pace == NO_LIMIT:
        return wish, ()
    ramped, cuts = _ramped(wish, case, pace, present)
    last = None if case.recall is None else case.recall.value
    if last is None or last == ramped or case.lawful:
        return ramped, cuts
    why = _held(case, pace)
    return (ramped, cuts) if why is None else (last, (*cuts, why))


def _ramped(
    wish: float, case: Case, pace: Pace, present: float | None
) -> tuple[float, tuple[str, ...]]:
    if pace.ramp_per_s is None:
        return wish, ()
    start = _start(case, present)
    if start is None:
        return wish, ()
    origin, passed_s = start
    reach = pace.ramp_per_s * passed_s
    value = clamp(wish, (origin - reach, origin + reach))
    return value, () if value == wish else (f"ramp of {pace.ramp_per_s:g} per s",)


def _start(case: Case, present: float | None) -> tuple[float, float] | None:
    """Where the ramp starts and how many seconds it has had; None = nothing is known."""
    now = case.snapshot.at
    recall = case.recall
    if recall is not None and recall.value is not None:
        passed_s = elapsed_s(recall.at, now)
        if passed_s <= FORGET_S:
            return recall.value, passed_s
    return None if present is None else (present, 0.0)


def _held(case: Case, pace: Pace) -> str | None:
    """Why the last value must stand, None when it need not."""
    now, recall = case.snapshot.at, case.recall
    if isinstance(recall, PointRecall) and elapsed_s(recall.since, now) < pace.hold_s:
        return f"a value stands at least {pace.hold_s:g} s"
    if pace.writes_per_day is not None and budget(recall, now, pace.writes_per_day) < 1:
        return f"the device stands {pace.writes_per_day} writes a day"
    return None
