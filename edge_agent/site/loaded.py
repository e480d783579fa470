"""A site that was read and found sound, with the files it names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from edge_agent.feeds.day_class import Told
from edge_agent.feeds.source import Source
from edge_agent.site.mistakes import Mistake
from edge_agent.site.prices import Prices

if TYPE_CHECKING:
    from edge_agent.site.schema import Site
    from edge_agent.site.tariff_schema import Tariff


@dataclass(frozen=True, slots=True)
class LoadedSite:
    """A site without mistakes, with its tariff and, where it has one, its price feed."""

    path: Path
    site: Site
    tariff: Tariff
    prices: Prices | None
    warnings: tuple[Mistake, ...]
    sources: tuple[Source, ...] = ()
    """What a gateway of it asks outside."""
    holidays: Told = ()
    """Of its country, where another process has looked them up."""

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.site.site.timezone)
