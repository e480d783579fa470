"""The prices of the next seven days of a site, as `semdr-edge check` shows them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from edge_agent.site.prices import PricePoint
from edge_agent.site.tariff_schema import Tariff
from edge_agent.tariff.known import feeds_of_file
from edge_agent.tariff.prices import Feeds
from edge_agent.tariff.week import week_lines, week_prices


def preview(
    tariff: Tariff,
    prices: Sequence[PricePoint] | None,
    zone: ZoneInfo,
    currency: str,
    now: datetime,
) -> list[str]:
    """One line a day, or for days in a row that are alike; from the local day of `now`."""
    feeds = Feeds() if prices is None else feeds_of_file(prices, tariff, zone.key)
    return week_lines(week_prices(tariff, now.astimezone(zone).date(), zone, feeds), currency)
