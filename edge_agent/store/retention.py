"""How long what is kept, and what one slice of housekeeping did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long readings, roll-ups, plans and the trail are kept, days, within so many bytes."""

    raw_days: float = 7.0
    five_min_days: float = 30.0
    quarter_days: float = 365.0
    hour_days: float = 1826.0
    plans_days: float = 30.0
    audit_days: float = 1826.0
    """Audit trail and control journal: evidence, never given up for want of room."""
    budget_bytes: int = 2_000_000_000
    await_cloud: bool = True
    """Raw readings wait for the cloud's confirmation; False where there is no cloud."""
    await_evidence: bool = False
    """Audit lines wait for `mark_evidence` as well."""


class Freed(StrEnum):
    """What was given up for want of room, in this order."""

    NOTHING = "nothing"
    CONFIRMED = "confirmed"
    """Raw readings the cloud has."""
    FIVE_MIN = "five_min"
    """Roll-ups of five minutes: those of a quarter hour stand for them."""
    THINNED = "thinned"
    """Raw readings the cloud has not: their means of a quarter hour are left."""
    DROPPED = "dropped"
    """Such means: a tombstone is left."""
    QUARTER = "quarter"
    """Roll-ups of a quarter hour: the hourly ones are left."""
    PLANS = "plans"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What one call of `Store.maintain` did; call again at once while `more`."""

    rolled_blocks: int = 0
    rolled_rows: int = 0
    pruned: tuple[tuple[str, int], ...] = ()
    """Rows deleted because of their age, by table."""
    freed: Freed = Freed.NOTHING
    freed_rows: int = 0
    more: bool = False
    error: str = ""
    """Why the disk took nothing; all of it is tried again."""
