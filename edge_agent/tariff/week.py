"""Next week's prices for a look by a person who knows the bill. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from edge_agent.site.tariff_schema import Tariff
from edge_agent.tariff.prices import Feeds, price_series

QUARTER_S = 900.0
QUARTER = timedelta(seconds=QUARTER_S)
DAYS = 7
DAY_H = 24.0
MOST_SHOWN = 14
"""Prices of a day that are listed; of more, the lowest and the highest."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One price from `start` to `end`, local clock times; None where nobody can tell."""

    start: str
    end: str
    import_per_kwh: float | None
    export_per_kwh: float | None


@dataclass(frozen=True, slots=True)
class DayPrices:
    """A local day of `hours` (23, 24 or 25), and its prices in order."""

    day: date
    hours: float
    stretches: tuple[Stretch, ...]
    assumed: bool = False
    """Whether the feed has not all of it, so that a fallback or an earlier day stands in."""


def week_prices(
    tariff: Tariff, start: date, zone: ZoneInfo, feeds: Feeds | None = None
) -> tuple[DayPrices, ...]:
    """The seven local days from `start`, in stretches of one price."""
    days = (start + timedelta(days=index) for index in range(DAYS))
    return tuple(_day(tariff, day, zone, feeds or Feeds()) for day in days)


def week_lines(week: Sequence[DayPrices], currency: str) -> list[str]:
    """A line a day; days in a row that are alike stand in one line."""
    lines: list[str] = []
    for (hours, stretches, assumed), alike in groupby(week, key=_likeness):
        days = [day.day for day in alike]
        name = f"{days[0]:%a %d %b}"
        if len(days) > 1:
            name += f" to {days[-1]:%a %d %b}"
        length = "" if hours == DAY_H else f" ({hours:g} h)"
        told = ", in part assumed" if assumed else ""
        lines.append(f"{name}{length}: {_words(stretches, currency)}{told}")
    return lines


def _likeness(day: DayPrices) -> tuple[float, tuple[Stretch, ...], bool]:
    return day.hours, day.stretches, day.assumed


def _words(stretches: Sequence[Stretch], currency: str) -> str:
    alike = groupby(stretches, key=lambda one: one.import_per_kwh)
    changes = [(next(group).start, price) for price, group in alike]
    if len(changes) <= MOST_SHOWN:
        imports = ", ".join(f"{start} {_price(price)}" for start, price in changes)
    else:
        imports = _range([one.import_per_kwh for one in stretches])
    exports = _range([one.export_per_kwh for one in stretches])
    return f"{imports} {currency}/kWh, export {exports}"


def _range(prices: Sequence[float | None]) -> str:
    known = [price for price in prices if price is not None]
    if not known:
        return "by feed"
    low, high = f"{min(known):.4g}", f"{max(known):.4g}"
    unknown = ", in part by feed" if len(known) < len(prices) else ""
    return (low if low == high else f"{low} to {high}") + unknown


def _price(price: float | None) -> str:
    return "by feed" if price is None else f"{price:.4g}"


def _day(tariff: Tariff, day: date, zone: ZoneInfo, feeds: Feeds) -> DayPrices:
    begins = datetime.combine(day, time(0), zone).astimezone(UTC)
    ends = datetime.combine(day + timedelta(days=1), time(0), zone).astimezone(UTC)
    starts = [begins + index * QUARTER for index in range(round((ends - begins) / QUARTER))]
    prices = price_series(tariff, feeds, starts, [QUARTER_S] * len(starts), zone)
    found: list[Stretch] = []
    for start, buy, sell in zip(starts, prices.imports, prices.exports, strict=True):
        end = f"{(start + QUARTER).astimezone(zone):%H:%M}"
        last = found[-1] if found else None
        if last is not None and (last.import_per_kwh, last.export_per_kwh) == (buy, sell):
            found[-1] = Stretch(last.start, end, buy, sell)
        else:
            found.append(Stretch(f"{start.astimezone(zone):%H:%M}", end, buy, sell))
    return DayPrices(day, (ends - begins) / timedelta(hours=1), tuple(found), bool(prices.notes))
