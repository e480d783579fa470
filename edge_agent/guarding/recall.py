"""What the guard remembers from one cycle to the next: explicit, frozen, kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

DAY_S = 86_400.0
SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """How the anti-legionella cycle of a tank stands."""

    done_at: datetime | None = None
    hot_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRecall:
    """What left for a point; None = released."""

    value: float | None
    at: datetime
    """When it left last."""
    since: datetime
    """When it became what it is."""
    writes_left: float | None = None
    """Of the budget; None before the first value."""
    tripped_until: datetime | None = None
    cycle: Cycle | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """All points."""

    points: Mapping[str, PointRecall] = field(default_factory=dict)


RECALL = TypeAdapter(dict[str, PointRecall])


def to_json(recall: Recall) -> str:
    """For the store."""
    return RECALL.dump_json(dict(recall.points)).decode()


def from_json(text: str | None) -> Recall:
    """From the store; nothing remembered when there is nothing, or nothing that can be read."""
    if text is None:
        return Recall()
    try:
        return Recall(points=RECALL.validate_json(text))
    except ValidationError:
        return Recall()


def elapsed_s(moment: datetime, now: datetime) -> float:
    """Seconds since then; 0 when the clock has stepped back behind it."""
    return max(0.0, (now - moment).total_seconds())


def remember(
    before: PointRecall | None, value: float | None, now: datetime, writes_per_day: int | None
) -> PointRecall:
    """What is known after `value` has left; trip and cycle stay as they were."""
    changed = before is None or not _same(before.value, value)
    stepped = before is not None and now < before.since
    since = now if before is None or changed or stepped else before.since
    return PointRecall(
        value=value,
        at=now,
        since=since,
        writes_left=_writes_left(before, now, writes_per_day, spent=changed and value is not None),
        tripped_until=None if before is None else before.tripped_until,
        cycle=None if before is None else before.cycle,
    )


def budget(before: PointRecall | None, now: datetime, writes_per_day: int) -> float:
    """Changed values that may leave now: half a day's worth saved up, half refilled in a day.

    Any 24 h thus see `writes_per_day` at the most.
    """
    half = writes_per_day / 2
    if before is None or before.writes_left is None:
        return half
    return min(half, before.writes_left + half * elapsed_s(before.at, now) / DAY_S)


def _writes_left(
    before: PointRecall | None, now: datetime, writes_per_day: int | None, *, spent: bool
) -> float | None:
    if writes_per_day is None:
        return None
    return budget(before, now, writes_per_day) - (1.0 if spent else 0.0)


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= SAME


def tripped(before: PointRecall | None, now: datetime, longest: timedelta) -> bool:
    """Whether a trip still holds; one that lies further ahead than it can is of another clock."""
    until = None if before is None else before.tripped_until
    return until is not None and now < until <= now + longest
