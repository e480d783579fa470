"""What is kept of one source: its values of two weeks, where they came from, what went wrong.

A JSON file in the state directory, written whole or not at all: the planning worker, another
process, reads it without a word to the agent, and a lost one costs no more than a fetch.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.feeds.quantity import Quantity
from edge_agent.feeds.slots import Slot, Slots, merged
from edge_agent.plain_json import Json

if TYPE_CHECKING:
    from edge_agent.feeds.judge import Judged

KEPT = timedelta(days=15)
"""Two weeks: each class of days twice."""
MAX_BYTES = 4_000_000
FOLDER = "feeds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the newest accepted document came from."""

    source: str
    """Format and host, or the file or topic; never a key."""
    fetched_at: datetime
    sha256: str
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedBook:
    """One source. `error` is empty after a good try; `notes` are of the newest document used."""

    name: str
    slots: Slots = ()
    provenance: Provenance | None = None
    notes: tuple[str, ...] = ()
    error: str = ""
    tried_at: datetime | None = None
    failures: int = 0
    """Tries in a row that brought nothing."""

    def accepted(self, judged: Judged, provenance: Provenance) -> FeedBook:
        """With a new document."""
        slots = merged(
            self.slots,
            judged.slots,
            keep_sound=judged.doubtful,
            oldest=provenance.fetched_at - KEPT,
        )
        return replace(
            self,
            slots=slots,
            provenance=provenance,
            notes=judged.notes,
            error="",
            tried_at=provenance.fetched_at,
            failures=0,
        )

    def refused(self, reason: str, at: datetime) -> FeedBook:
        """After a try that brought nothing usable."""
        return replace(self, error=reason, tried_at=at, failures=self.failures + 1)

    def covered_until(self, now: datetime) -> datetime | None:
        """Until when every quantity is known from `now` on without a gap; None = never anything."""
        ends = [
            _unbroken(tuple(slot for slot in self.slots if slot.quantity is quantity), now)
            for quantity in {slot.quantity for slot in self.slots}
        ]
        return min(ends) if ends else None


def _unbroken(slots: Slots, now: datetime) -> datetime:
    reached = now
    for slot in slots:
        if slot.start <= reached < slot.end:
            reached = slot.end
    return reached


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """The file: slots as (quantity, start s, length s, value, place of the mark)."""

    version: int
    name: str
    marks: tuple[str, ...]
    slots: tuple[tuple[Quantity, int, int, float, int], ...]
    provenance: Provenance | None
    notes: tuple[str, ...]
    error: str
    tried_at: datetime | None
    failures: int


_KEPT = Json(_Kept)
VERSION = 1


def book_path(state_dir: Path, name: str) -> Path:
    """Where the book of a source lies."""
    return state_dir / FOLDER / f"{name}.json"


def dump_book(book: FeedBook) -> bytes:
    """The file's text."""
    marks = tuple(sorted({slot.mark for slot in book.slots}))
    place = {mark: number for number, mark in enumerate(marks)}
    rows = tuple(
        (
            slot.quantity,
            round(slot.start.timestamp()),
            round((slot.end - slot.start).total_seconds()),
            slot.value,
            place[slot.mark],
        )
        for slot in book.slots
    )
    return _KEPT.dump_json(
        _Kept(
            version=VERSION,
            name=book.name,
            marks=marks,
            slots=rows,
            provenance=book.provenance,
            notes=book.notes,
            error=book.error,
            tried_at=book.tried_at,
            failures=book.failures,
        )
    )


def parse_book(text: bytes) -> FeedBook | None:
    """The book; None when the text is none of this version."""
    try:
        kept = _KEPT.validate_json(text)
        if kept.version != VERSION:
            return None
        slots = tuple(_slot(row, kept.marks) for row in kept.slots)
    except (LookupError, ValueError, OverflowError, OSError):
        return None
    return FeedBook(
        name=kept.name,
        slots=slots,
        provenance=kept.provenance,
        notes=kept.notes,
        error=kept.error,
        tried_at=kept.tried_at,
        failures=kept.failures,
    )


def _slot(row: tuple[Quantity, int, int, float, int], marks: tuple[str, ...]) -> Slot:
    quantity, start_s, length_s, value, mark = row
    start = datetime.fromtimestamp(start_s, UTC)
    return Slot(quantity, start, start + timedelta(seconds=length_s), value, marks[mark])


def read_book(path: Path) -> FeedBook | None:
    """The book in a file; None when there is none that can be read."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError:
        return None
    return None if len(text) > MAX_BYTES else parse_book(text)


def write_book(path: Path, book: FeedBook) -> None:
    """Put the file in place whole; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".tmp")
    with fresh.open("wb") as file:
        file.write(dump_book(book))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
