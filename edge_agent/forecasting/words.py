"""What the fitting child is asked, and what it finds, as JSON. Worker's and child's side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edge_agent.forecasting.did import HeldSpan
from edge_agent.plain_json import Json, JsonError
from models.forecast.learnt import VERSION, Learnt


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRequest:
    """Learn from everything measured before `at`, without what the gateway did itself."""

    at: datetime
    held: tuple[HeldSpan, ...] = ()
    country: str = ""
    """Two letters for the holidays; empty = by the site's time zone."""


FIT_REQUEST = Json(FitRequest)
LEARNT = Json(Learnt)


def read_learnt(text: str | None) -> Learnt | None:
    """What was kept; None when nothing was, or when it is of another version or damaged."""
    if text is None:
        return None
    try:
        learnt = LEARNT.validate_json(text)
    except JsonError:
        return None
    return learnt if learnt.version == VERSION else None
