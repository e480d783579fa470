"""What a provider's document says, in its own units; or why it says nothing. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from edge_agent.feeds.quantity import Quantity

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
MAX_ROWS = 5_000
SHOWN = 60
Json = object
"""What json gives back; every use looks at its type first."""


@dataclass(frozen=True, slots=True)
class Row:
    """One value from `start` to `end` (UTC), in the unit its document says."""

    quantity: Quantity
    start: datetime
    end: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Document:
    """All readable rows as they came, the unit of each quantity, and what was left out."""

    rows: tuple[Row, ...]
    units: dict[Quantity, str]
    published: datetime | None = None
    left_out: tuple[str, ...] = ()
    """Why rows of the document are not among `rows`."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing of it can be used; `reason` in plain words."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for, against which the document is held."""

    quantity: Quantity
    zone: str = ""
    """The provider's name of the market or grid zone."""
    timezone: str = "UTC"
    """Of times that come without an offset."""
    latitude: float = 0.0
    longitude: float = 0.0
    currency: str = "EUR"
    unit: str = ""
    """Where the format does not say it."""
    day_ahead: bool = False
    """Whether whole local days are published."""


@dataclass(slots=True)
class Gathered:
    """Rows while a document is read."""

    rows: list[Row] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)

    def fault(self, reason: str) -> None:
        """One more row that cannot be read, for that reason."""
        self.faults[reason] = self.faults.get(reason, 0) + 1

    def take(
        self, quantity: Quantity, start: datetime | str, end: datetime | str, value: float | str
    ) -> None:
        """A row, or the reasons why it is none."""
        told = [one for one in (start, end, value) if isinstance(one, str)]
        if told:
            self.fault(told[0])
        elif isinstance(start, datetime) and isinstance(end, datetime) and start >= end:
            self.fault("ends before it starts")
        elif isinstance(start, datetime) and isinstance(end, datetime) and isinstance(value, float):
            self.rows.append(Row(quantity, start, end, value))

    def document(
        self, units: dict[Quantity, str], published: datetime | None = None
    ) -> Document | Refused:
        """All of it; refused where no row is left."""
        if len(self.rows) > MAX_ROWS:
            return Refused(f"holds {len(self.rows)} rows, more than {MAX_ROWS}")
        told = tuple(f"{count} rows left out: {why}" for why, count in self.faults.items())
        if not self.rows:
            return Refused("; ".join(told) if told else "holds no value")
        return Document(tuple(self.rows), units, published, told)


def read_json(body: bytes) -> Json | Refused:
    """The body as JSON, or what it seems to be instead."""
    head = body[:200].lstrip().lower()
    if not head:
        return Refused("the answer is empty")
    if head.startswith((b"<!doctype html", b"<html")):
        return Refused("the answer is a web page, not JSON")
    if head.startswith(b"<"):
        return Refused("the answer is XML, not JSON")
    try:
        return json.loads(body, parse_constant=_no_constant)  # type: ignore[no-any-return]
    except (ValueError, RecursionError) as error:
        return Refused(f"the answer is no JSON: {str(error)[:SHOWN]}")


def _no_constant(word: str) -> float:
    msg = f"{word} is no number"
    raise ValueError(msg)


def number(given: Json) -> float | str:
    """A finite number, or why it is none."""
    if given is None:
        return "has no value"
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return "the value is no number"
    try:
        value = float(given)
    except OverflowError:
        return "the value is no finite number"
    return value if math.isfinite(value) else "the value is no finite number"


def from_epoch(given: Json, per_s: float) -> datetime | str:
    """A moment from seconds (per_s 1) or milliseconds (per_s 1000) since 1970."""
    seconds = number(given)
    if isinstance(seconds, str):
        return "has no time"
    try:
        return _believable(datetime.fromtimestamp(seconds / per_s, UTC))
    except (OverflowError, OSError, ValueError):
        return "the time is beyond 2000 to 2100"


def from_iso(given: Json) -> datetime | str:
    """A moment that says its offset."""
    if not isinstance(given, str):
        return "has no time"
    try:
        moment = datetime.fromisoformat(given.strip())
    except ValueError:
        return "the time cannot be read"
    if moment.utcoffset() is None:
        return "the time does not say its offset"
    try:
        return _believable(moment.astimezone(UTC))
    except (OverflowError, ValueError):
        return "the time is beyond 2000 to 2100"


def _believable(moment: datetime) -> datetime | str:
    return moment if EARLIEST <= moment < LATEST else "the time is beyond 2000 to 2100"


def ends_of(starts: Sequence[datetime]) -> list[datetime]:
    """Ends where only starts are known: a value lasts for the most common step, and not beyond."""
    gaps = [after - before for before, after in pairwise(sorted(set(starts)))]
    step = max(set(gaps), key=lambda gap: (gaps.count(gap), -gap)) if gaps else timedelta(hours=1)
    step = min(step, timedelta(hours=1))
    return [start + step for start in starts]
