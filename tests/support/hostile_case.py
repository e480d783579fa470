"""What a case of a hostile feed is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from feed_documents import (
    NOW,
    price_source,
)

from edge_agent.feeds.document import Asked, Document, Refused
from edge_agent.feeds.format_prices import energy_charts
from edge_agent.feeds.source import Source

Parse = Callable[[bytes, Asked], Document | Refused]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A document, and what is said of it: `refused` in the reason, `noted` among the notes."""

    name: str
    body: bytes
    refused: str = ""
    noted: str = ""
    assumed: str = ""
    """What the note of a step says."""
    source: Source = field(default_factory=price_source)
    parse: Parse = energy_charts
    known: bool = True
    now: datetime = NOW


def broken(text: bytes, old: bytes, new: bytes) -> bytes:
    assert old in text
    return text.replace(old, new)
