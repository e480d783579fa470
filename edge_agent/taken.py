"""What was taken from the plan in a cycle, as data for the next plan and for the operator. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.arbiter import Entry, Priority
from edge_agent.guard import Guarded

SAME = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """`given` None = the point was left to the device."""

    point: str
    wished: float
    given: float | None
    reason: str


def taken(guarded: Iterable[Guarded]) -> tuple[Taken, ...]:
    """One entry per point whose plan was not carried out as it wished."""
    found = []
    for one in guarded:
        claim = _planned(one.decision.array)
        if claim is None or claim.value is None or _same(one.value, claim.value):
            continue
        reason = _reason(one, claim)
        found.append(Taken(point=one.point, wished=claim.value, given=one.value, reason=reason))
    return tuple(found)


def _planned(array: tuple[Entry, ...]) -> Entry | None:
    """The highest claim of a plan."""
    by_plan = (Priority.PLAN, Priority.RULES)
    return next((one for one in array if one.priority in by_plan and one.bounds is None), None)


def _same(given: float | None, wished: float) -> bool:
    return given is not None and abs(given - wished) <= SAME


def _reason(one: Guarded, claim: Entry) -> str:
    """Who stood above the plan, or what the guard cut."""
    confined = one.decision.value != claim.value
    outranked = [] if one.decision.winner is claim and not confined else [one.decision.reason]
    return "; ".join([*outranked, *one.cuts])
