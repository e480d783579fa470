"""A feed as a plan reads it: a value for each step, and everything that is assumed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from edge_agent.feeds.book import FeedBook
from edge_agent.feeds.day_class import IsHoliday, day_class, holidays_of
from edge_agent.feeds.quantity import Quantity
from edge_agent.feeds.slots import Slot, Slots, at, of_quantity
from edge_agent.feeds.source import Source

OLD = timedelta(hours=18)
"""A forecast that has not been renewed for so long is said to be old."""
PATTERN_DAYS = 15
FORECASTS = (Quantity.TEMPERATURE, Quantity.IRRADIANCE, Quantity.CARBON)
PATTERNED = (Quantity.PRICE_IMPORT, Quantity.PRICE_EXPORT, Quantity.CARBON)
"""What repeats by the day, so that an earlier day may stand in."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Value per step, None where nothing is known; `notes` name every step that is in doubt."""

    values: tuple[float | None, ...]
    notes: tuple[str, ...]


class Outlook:
    """One quantity of one source; a day of up to `pattern_days` before stands in, None = any."""

    def __init__(
        self,
        source: Source,
        book: FeedBook,
        quantity: Quantity,
        pattern_days: int | None = PATTERN_DAYS,
    ) -> None:
        self._pattern_days = pattern_days
        self._source = source
        self._book = book
        self._quantity = quantity
        self._zone = ZoneInfo(source.timezone)
        self._holiday: IsHoliday = holidays_of(source.country)
        self._slots: Slots = of_quantity(book.slots, quantity)
        self._starts = [slot.start for slot in self._slots]

    def over(self, starts: Sequence[datetime], step_s: Sequence[float], now: datetime) -> Seen:
        """Each step's value: the mean of what is known in it, in time."""
        values: list[float | None] = []
        said: dict[str, list[datetime]] = {}
        for start, length_s in zip(starts, step_s, strict=True):
            value, why = self._step(start, start + timedelta(seconds=length_s))
            values.append(value)
            for one in why:
                said.setdefault(one, []).append(start)
        notes = [f"{_span(when)}: {what}" for what, when in said.items()]
        return Seen(tuple(values), (*notes, *self._age(now)))

    def _age(self, now: datetime) -> Iterable[str]:
        source = self._book.provenance
        if self._quantity in FORECASTS and source is not None and now - source.fetched_at > OLD:
            hours = (now - source.fetched_at) / timedelta(hours=1)
            yield f"the {self._quantity} forecast is {hours:.0f} h old"

    def _step(self, start: datetime, end: datetime) -> tuple[float | None, tuple[str, ...]]:
        weighted, covered, why = 0.0, timedelta(), []
        moment = start
        while moment < end:
            found, note, until = self._moment(moment)
            if found is None:
                return None, (note,)
            until = min(until, end)
            weighted += found * (until - moment).total_seconds()
            covered += until - moment
            why += [note] if note else []
            moment = until
        value = weighted / covered.total_seconds()
        return value * self._source.factor + self._adder, tuple(dict.fromkeys(why))

    @property
    def _adder(self) -> float:
        return self._source.adder_per_kwh if self._quantity.is_price else 0.0

    def _moment(self, moment: datetime) -> tuple[float | None, str, datetime]:
        """Value, note, and until when they hold."""
        slot = at(self._slots, self._starts, moment)
        if slot is not None:
            return slot.value, f"in doubt: {slot.mark}" if slot.mark else "", slot.end
        until = moment + timedelta(minutes=15)
        what = "price" if self._quantity.is_price else "value"
        earlier = self._earlier(moment) if self._quantity in PATTERNED else None
        if earlier is None:
            return None, f"the feed has no {what} and none is known from before", until
        day, found = earlier
        doubt = f", itself in doubt: {found.mark}" if found.mark else ""
        note = f"the feed has no {what}, the same time of {day} is used{doubt}"
        return found.value, note, until

    def _earlier(self, moment: datetime) -> tuple[date, Slot] | None:
        """The latest day before of the same class with a value at this local time; else any day."""
        if not self._slots:
            return None
        local = moment.astimezone(self._zone)
        wanted = day_class(local.date(), self._holiday)
        oldest = self._starts[0].astimezone(self._zone).date()
        if self._pattern_days is not None:
            oldest = max(oldest, local.date() - timedelta(days=self._pattern_days))
        newest = self._slots[-1].end.astimezone(self._zone).date()
        day = min(local.date() - timedelta(days=1), newest)
        other: tuple[date, Slot] | None = None
        while day >= oldest:
            then = datetime.combine(day, local.time(), self._zone).astimezone(UTC)
            slot = at(self._slots, self._starts, then)
            if slot is not None:
                if day_class(day, self._holiday) is wanted:
                    return day, slot
                other = other or (day, slot)
            day -= timedelta(days=1)
        return other


def _span(moments: Sequence[datetime]) -> str:
    first, last = (f"{one.astimezone(UTC):%Y-%m-%dT%H:%MZ}" for one in (moments[0], moments[-1]))
    if len(moments) == 1:
        return f"step of {first}"
    return f"{len(moments)} steps from {first} to {last}"
