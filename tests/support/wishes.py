"""What the guard lets through, for tests of what happens after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from edge_agent.arbiter import Decision, Entry, Priority
from edge_agent.guard import Guarded

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def wish(point: str, value: float | None, *, priority: Priority = Priority.PLAN) -> Guarded:
    """The plan's claim on a point as it leaves the guard, None = released."""
    claim = Entry(
        point=point,
        value=value,
        priority=priority,
        owner="plan:solver",
        reason="plan of noon",
        since=NOW,
        expires=NOW + timedelta(days=1),
    )
    decision = Decision(point=point, winner=claim, array=(claim,))
    return Guarded(point=point, value=value, wish=value, cuts=(), decision=decision)
