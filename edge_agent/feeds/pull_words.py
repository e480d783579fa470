"""What the agent and the child that pulls a source say to each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from edge_agent.feeds.document import Document, Refused
from edge_agent.feeds.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """Pull this source now."""

    source: Source
    now: datetime
    wait_s: float = 10.0
    total_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What came of it; `sha256` of the body, empty where none came."""

    outcome: Document | Refused
    sha256: str = ""


PULL = TypeAdapter(Pull)
PULLED = TypeAdapter(Pulled)
