"""Keeps every source of a site: asks in time, judges, writes the books, tells how they stand."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from edge_agent.feeds.book import FeedBook, Provenance, book_path, read_book, write_book
from edge_agent.feeds.document import Document, Refused
from edge_agent.feeds.format_drop import csv_drop, message
from edge_agent.feeds.judge import judge
from edge_agent.feeds.pull_words import Pulled
from edge_agent.feeds.request import URLS
from edge_agent.feeds.source import Format, Source
from edge_agent.feeds.view import FeedView

log = logging.getLogger(__name__)

RETRY_S = (60.0, 120.0, 300.0, 600.0, 1800.0)
"""Pauses after failures in a row; never longer than the source's own schedule."""
MAX_FILE_BYTES = 2_000_000
JITTER_SHARE = 0.1
"""Gateways of one site file do not all ask in the same second."""
IDLE_S = 3600.0


class FeedClock(Protocol):
    """The part of a clock that is needed here."""

    def now(self) -> datetime:
        """UTC, aware."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Sleep plant seconds."""
        ...


class Puller(Protocol):
    """Fetches one source once."""

    async def pull(self, source: Source, now: datetime) -> Pulled:
        """What came of it; never raises but when cancelled."""
        ...


class FeedKeeper:
    """`start` once, then `run` as a supervised task; `offer` takes what comes by MQTT or shadow."""

    def __init__(
        self, sources: Iterable[Source], state_dir: Path, clock: FeedClock, puller: Puller
    ) -> None:
        self._sources: Mapping[str, Source] = {source.name: source for source in sources}
        self._state_dir = state_dir
        self._clock = clock
        self._puller = puller
        self._books = {name: FeedBook(name=name) for name in self._sources}
        self._due: dict[str, datetime] = {}

    async def start(self) -> None:
        """Take up the books of the last run."""
        for name in self._sources:
            found = await asyncio.to_thread(read_book, book_path(self._state_dir, name))
            if found is not None and found.name == name:
                self._books[name] = found

    async def run(self) -> None:
        """Ask every source in its time, for ever."""
        while True:
            await self._clock.sleep(await self.beat())

    async def beat(self) -> float:
        """Ask the sources that are due, one after the other; seconds until the next one is."""
        for name, source in self._sources.items():
            if not source.format.asked:
                continue
            if self._clock.now() >= self._due.get(name, self._clock.now()):
                await self._ask(source)
        now = self._clock.now()
        return min(((due - now).total_seconds() for due in self._due.values()), default=IDLE_S)

    async def offer(self, name: str, payload: bytes, *, repeated: bool = False) -> FeedView:
        """A message for a source has come; KeyError for no such source.

        `repeated`: it may be an old one; the document known already is then not taken for fresh.
        """
        source, told = self._sources[name], self._books[name].provenance
        sha256 = hashlib.sha256(payload).hexdigest()
        if repeated and told is not None and told.sha256 == sha256:
            return self._view(source)
        if len(payload) > MAX_FILE_BYTES:
            outcome: Document | Refused = Refused("the message is too long")
        else:
            outcome = message(payload, source.asked)
        await self._take(source, Pulled(outcome=outcome, sha256=sha256))
        return self._view(source)

    async def refuse(self, name: str, reason: str) -> None:
        """A source cannot give anything as the site stands; KeyError for no such source."""
        await self._take(self._sources[name], Pulled(outcome=Refused(reason)))

    @property
    def handed_over(self) -> frozenset[str]:
        """Sources whose documents come from a person or a system of the site, not from a pull."""
        return frozenset(name for name, one in self._sources.items() if not one.format.pulled)

    def views(self) -> tuple[FeedView, ...]:
        """How all sources stand."""
        return tuple(self._view(source) for source in self._sources.values())

    def book(self, name: str) -> FeedBook:
        """What is known from a source; KeyError for no such source."""
        return self._books[name]

    async def _ask(self, source: Source) -> None:
        if source.format is Format.CSV:
            pulled = await asyncio.to_thread(_read_drop, source)
        else:
            pulled = await self._puller.pull(source, self._clock.now())
        await self._take(source, pulled)
        failures = self._books[source.name].failures
        pause_s = source.every_s
        if failures:
            pause_s = min(pause_s, RETRY_S[min(failures, len(RETRY_S)) - 1])
        jitter_s = zlib.crc32(source.name.encode()) / 2**32 * JITTER_SHARE * pause_s
        self._due[source.name] = self._clock.now() + timedelta(seconds=pause_s + jitter_s)

    async def _take(self, source: Source, pulled: Pulled) -> None:
        now, book = self._clock.now(), self._books[source.name]
        outcome = pulled.outcome
        if isinstance(outcome, Document):
            judged = judge(outcome, source, now, book.slots)
            if not isinstance(judged, Refused):
                provenance = Provenance(
                    source=where(source),
                    fetched_at=now,
                    sha256=pulled.sha256,
                    published=outcome.published,
                )
                await self._keep(book.accepted(judged, provenance))
                return
            outcome = judged
        log.warning("feed %s: %s", source.name, outcome.reason)
        await self._keep(book.refused(outcome.reason, now))

    async def _keep(self, book: FeedBook) -> None:
        try:
            await asyncio.to_thread(write_book, book_path(self._state_dir, book.name), book)
        except OSError as error:
            log.warning("feed %s cannot be kept: %s", book.name, error)
        # Only now, so that what is shown is what the next plan finds.
        self._books[book.name] = book

    def _view(self, source: Source) -> FeedView:
        book, now = self._books[source.name], self._clock.now()
        until, told = book.covered_until(now), book.provenance
        return FeedView(
            name=source.name,
            kind=source.kind,
            source=where(source),
            ahead_h=None if until is None else (until - now) / timedelta(hours=1),
            age_s=None if told is None else (now - told.fetched_at).total_seconds(),
            published=None if told is None else told.published,
            sha256="" if told is None else told.sha256,
            error=book.error,
            notes=book.notes,
        )


def where(source: Source) -> str:
    """Where a source's data come from, without query and key."""
    if source.format is Format.CSV:
        return f"file {source.file}"
    if not source.format.pulled:
        return f"{source.format} {source.topic}".rstrip()
    return f"{source.format} at {urlsplit(source.url or URLS[source.format]).hostname}"


def _read_drop(source: Source) -> Pulled:
    try:
        with Path(source.file).open("rb") as file:
            body = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        return Pulled(outcome=Refused(f"the file cannot be read: {type(error).__name__}"))
    if len(body) > MAX_FILE_BYTES:
        return Pulled(outcome=Refused("the file is longer than 2 MB"))
    return Pulled(outcome=csv_drop(body, source.asked), sha256=hashlib.sha256(body).hexdigest())
