"""What the agent asks its fitting child, and what comes back, as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from models.forecast.learnt import VERSION, Learnt

KEY = "forecast.learnt"
"""Name under which the store keeps what was learnt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShedSpan:
    """Load withheld by the gateway, kW >= 0; below 0 while it came back; None = size not known."""

    start: datetime
    end: datetime
    power_kw: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSpan:
    """A point (`device.point`) that the gateway kept off its own value."""

    point: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRequest:
    """Learn from everything measured before `at`, without what the gateway did itself."""

    at: datetime
    sheds: tuple[ShedSpan, ...] = ()
    held: tuple[HeldSpan, ...] = ()
    country: str = ""
    """Two letters for the holidays; empty = by the site's time zone."""


FIT_REQUEST = TypeAdapter(FitRequest)
LEARNT = TypeAdapter(Learnt)


def read_learnt(text: str | None) -> Learnt | None:
    """What was kept; None when nothing was, or when it is of another version or damaged."""
    if text is None:
        return None
    try:
        learnt = LEARNT.validate_json(text)
    except ValidationError:
        return None
    return learnt if learnt.version == VERSION else None
