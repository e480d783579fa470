"""The ladder of plans with hysteresis: down at once, up only after a trial. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum

from models.types import PlanSource

GOOD_PLANS = 2
"""So many plans in a row from above a rung before the plan goes up to it."""
TRIAL = timedelta(seconds=60)
"""And they span at least so long."""


class Rung(IntEnum):
    """Who decides, the best last; released = nobody, every point is its device's own."""

    RELEASED = 0
    SAFE = 1
    RULES = 2
    LAST = 3
    SOLVER = 4


RUNGS = {
    PlanSource.SOLVER: Rung.SOLVER,
    PlanSource.ROUNDED: Rung.SOLVER,
    PlanSource.LAST: Rung.LAST,
    PlanSource.RULES: Rung.RULES,
    PlanSource.SAFE: Rung.SAFE,
}
AT_ONCE = (Rung.RELEASED, Rung.LAST)
"""Left at once: nothing is worse than no plan, and the last plan is the solver's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Where the plan in force stands."""

    rung: Rung = Rung.RELEASED
    fallen: bool = False
    """Whether it once stood higher: what has not fallen need not prove itself again."""
    good: int = 0
    """Plans in a row that came from above this rung."""
    good_since: datetime | None = None

    @property
    def climbing(self) -> bool:
        """Whether a better plan is on trial."""
        return self.good > 0


def step(ladder: Ladder, offered: Rung, now: datetime) -> Ladder:
    """The ladder once a plan from the rung `offered` could be had."""
    if offered <= ladder.rung:
        return _on(offered, fallen=ladder.fallen or offered < ladder.rung)
    if not ladder.fallen or ladder.rung in AT_ONCE:
        return _on(offered, fallen=ladder.fallen)
    since = ladder.good_since
    if since is None or since > now:  # a clock that was set back begins the trial anew
        return replace(ladder, good=1, good_since=now)
    if ladder.good + 1 >= GOOD_PLANS and now - since >= TRIAL:
        return _on(offered, fallen=True)
    return replace(ladder, good=ladder.good + 1)


def _on(rung: Rung, *, fallen: bool) -> Ladder:
    return Ladder(rung=rung, fallen=fallen and rung is not Rung.SOLVER)
