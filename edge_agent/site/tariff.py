"""What a kWh costs and earns, step by step. Pure; blocks and months follow the local clock."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from edge_agent.site.tariff_schema import PricePoint, Tariff

DAY_S = 86_400.0

Prices = tuple[PricePoint, ...]
"""A feed, sorted by time; each price holds until the next, at most for its step."""


@dataclass(frozen=True, slots=True)
class _Priced:
    """A price per kWh with what had to be assumed for it; empty when nothing was."""

    price_per_kwh: float | None
    assumed: str = ""


def import_price(
    tariff: Tariff, prices: Prices | None, moment: datetime, zone: ZoneInfo
) -> float | None:
    """Money per kWh imported at `moment` (aware); None when nobody can tell."""
    return _priced(tariff, prices, moment, zone).price_per_kwh


def price_series(
    tariff: Tariff, prices: Prices | None, starts: Iterable[datetime], zone: ZoneInfo
) -> tuple[tuple[float | None, ...], tuple[float, ...], tuple[str, ...]]:
    """Import and export price per kWh of each step by its start, and what had to be assumed."""
    moments = tuple(starts)
    priced = [_priced(tariff, prices, moment, zone) for moment in moments]
    assumed: dict[str, list[datetime]] = {}
    for moment, one in zip(moments, priced, strict=True):
        if one.assumed:
            assumed.setdefault(one.assumed, []).append(moment)
    reasons = tuple(f"{_span(when)}: {what}" for what, when in assumed.items())
    imports = tuple(one.price_per_kwh for one in priced)
    return imports, (tariff.export_per_kwh,) * len(moments), reasons


def billing_month(moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """UTC start and end of the local month that holds `moment`."""
    first = moment.astimezone(zone).date().replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return _midnight(first, zone), _midnight(following, zone)


def days_left(moment: datetime, zone: ZoneInfo) -> float:
    """Days of 24 h from `moment` to the end of its billing month."""
    return (billing_month(moment, zone)[1] - moment).total_seconds() / DAY_S


def _priced(tariff: Tariff, prices: Prices | None, moment: datetime, zone: ZoneInfo) -> _Priced:
    if tariff.kind == "flat":
        return _Priced(tariff.price_per_kwh)
    if tariff.kind == "time_of_use":
        return _Priced(_block_price(tariff, moment.astimezone(zone).strftime("%H:%M")))
    feed = _feed_price(tariff, prices or (), moment, zone)
    if feed.price_per_kwh is None:
        return feed
    return _Priced(feed.price_per_kwh + tariff.adder_per_kwh, feed.assumed)


def _block_price(tariff: Tariff, clock: str) -> float | None:
    """Price of the last block that has begun at a local time HH:MM."""
    begun = [block.price_per_kwh for block in tariff.blocks if block.start <= clock]
    return begun[-1] if begun else None


def _feed_price(tariff: Tariff, prices: Prices, moment: datetime, zone: ZoneInfo) -> _Priced:
    """The feed's price before the adder; else the fallback, else the last known day's."""
    known = _at(prices, moment)
    if known is not None:
        return _Priced(known)
    if tariff.fallback_per_kwh is not None:
        fallback = tariff.fallback_per_kwh
        return _Priced(fallback, f"the feed has no price, the fallback of {fallback:g} is used")
    earlier = _last_known_day(prices, moment, zone)
    if earlier is not None:
        day, price = earlier
        return _Priced(price, f"the feed has no price, the same time of {day} is used")
    return _Priced(None, "the feed has no price and none is known from before")


def _at(prices: Prices, moment: datetime) -> float | None:
    index = bisect_right(prices, moment, key=lambda point: point.start) - 1
    if index < 0:
        return None
    price = prices[index]
    over = moment - price.start >= timedelta(minutes=price.step_min)
    return None if over else price.price_per_kwh


def _last_known_day(prices: Prices, moment: datetime, zone: ZoneInfo) -> tuple[date, float] | None:
    """The latest earlier day with a price at the same local time."""
    if not prices or moment < prices[0].start:
        return None
    local = moment.astimezone(zone)
    newest = prices[-1].start.astimezone(zone).date()
    oldest = prices[0].start.astimezone(zone).date()
    day = min(newest, local.date() - timedelta(days=1))
    while day >= oldest:
        price = _at(prices, datetime.combine(day, local.time(), zone).astimezone(UTC))
        if price is not None:
            return day, price
        day -= timedelta(days=1)
    return None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def _span(moments: list[datetime]) -> str:
    first, last = (f"{one.astimezone(UTC):%Y-%m-%dT%H:%MZ}" for one in (moments[0], moments[-1]))
    if len(moments) == 1:
        return f"step of {first}"
    return f"{len(moments)} steps from {first} to {last}"
