"""How a source stands, for status and alarms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedView:
    """How a source stands now."""

    name: str
    kind: str
    source: str
    ahead_h: float | None
    """Hours from now that are known without a gap; None = it has never given anything."""
    age_s: float | None
    published: datetime | None
    sha256: str
    error: str
    notes: tuple[str, ...]
