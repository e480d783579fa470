"""The price feeds of a plan: from the books of the sources, or from the rows of a price file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from edge_agent.feeds.book import FeedBook
from edge_agent.feeds.outlook import PATTERN_DAYS, Outlook, Seen
from edge_agent.feeds.quantity import FeedKind, Quantity
from edge_agent.feeds.reader import BookReader
from edge_agent.feeds.slots import Slot
from edge_agent.feeds.source import Format, Source
from edge_agent.site.prices import PricePoint
from edge_agent.tariff.prices import Feed, Feeds

if TYPE_CHECKING:
    from edge_agent.site.tariff_schema import Tariff


def feeds_of_books(reader: BookReader, now: datetime) -> Feeds:
    """The feeds that the site's sources keep."""
    return Feeds(
        price_import=_feed(reader.outlook(FeedKind.PRICE_IMPORT), now),
        price_export=_feed(reader.outlook(FeedKind.PRICE_EXPORT), now),
    )


def feeds_of_file(prices: Sequence[PricePoint], tariff: Tariff, timezone: str) -> Feeds:
    """The feed of a price file; without a fallback its last day stands in for ever."""
    slots = tuple(
        Slot(
            Quantity.PRICE_IMPORT,
            point.start,
            point.start + timedelta(minutes=point.step_min),
            point.price_per_kwh,
        )
        for point in prices
    )
    source = Source(
        name="price",
        kind=FeedKind.PRICE_IMPORT,
        format=Format.CSV,
        timezone=timezone,
        country=tariff.country,
    )
    days = None if tariff.fallback_per_kwh is None else PATTERN_DAYS
    book = FeedBook(name="price", slots=slots)
    outlook = Outlook(source, book, Quantity.PRICE_IMPORT, days)
    return Feeds(price_import=lambda starts, step_s: outlook.over(starts, step_s, starts[0]))


def _feed(outlook: Outlook | None, now: datetime) -> Feed | None:
    return None if outlook is None else partial(_over, outlook, now)


def _over(
    outlook: Outlook, now: datetime, starts: Sequence[datetime], step_s: Sequence[float]
) -> Seen:
    return outlook.over(starts, step_s, now)
