"""What the worker knows beyond measurements: what was learnt, what the gateway did, the weather."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.feeds.reader import BookReader
from edge_agent.forecasting.coming import coming_weather
from edge_agent.forecasting.did import Did, HeldSpan, held_points
from edge_agent.forecasting.keys import LEARNT_KEY
from edge_agent.forecasting.sights import Weather
from edge_agent.forecasting.words import read_learnt
from edge_agent.planning_grid import plan_grid
from edge_agent.store.commands import CommandReader
from edge_agent.store.kept import KeptText
from models.forecast.learnt import Learnt
from models.types import Reason

if TYPE_CHECKING:
    from edge_agent.site.schema import Site


class Knowing:
    """Follows the store and the feeds' books, read-only, from plan to plan."""

    def __init__(self, site: Site, database: Path, books: BookReader, span: timedelta) -> None:
        self._site = site
        self._books = books
        self._span = span
        self._kept = KeptText(database, LEARNT_KEY)
        self._trail = CommandReader(database, held_points(site))
        self._did = Did(site)
        self._learnt: Learnt | None = None

    def learnt(self) -> Learnt | None:
        """What the fitting child found last; raises StoreError."""
        text = self._kept.changed()
        if text is not None:
            self._learnt = read_learnt(text) or self._learnt
        return self._learnt

    def held(self, now: datetime) -> tuple[HeldSpan, ...]:
        """Where the gateway kept points off their own values; raises StoreError."""
        oldest = now - self._span
        self._did.take(self._trail.advance(oldest))
        self._did.forget_before(oldest)
        return self._did.spans(now)

    def weather(self, now: datetime) -> tuple[Weather | None, tuple[Reason, ...]]:
        """What the weather feed foresees, and every doubt about it."""
        return coming_weather(self._books, plan_grid(self._site.planning, now), now)
