"""The books of all sources as another process reads them: read-only, again when they change."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edge_agent.feeds.book import FeedBook, book_path, read_book
from edge_agent.feeds.outlook import Outlook
from edge_agent.feeds.quantity import QUANTITIES, FeedKind, Quantity
from edge_agent.feeds.source import Source


class BookReader:
    """For the planning worker; a source whose book cannot be read is as one that never gave any."""

    def __init__(self, sources: Iterable[Source], state_dir: Path) -> None:
        self._sources = tuple(sources)
        self._state_dir = state_dir
        self._read: dict[str, tuple[tuple[int, int], FeedBook]] = {}

    def outlook(self, kind: FeedKind, quantity: Quantity | None = None) -> Outlook | None:
        """What the source of that kind says of a quantity; None where the site has none."""
        for source in self._sources:
            if source.kind is kind:
                return Outlook(source, self._book(source.name), quantity or QUANTITIES[kind][0])
        return None

    def _book(self, name: str) -> FeedBook:
        path = book_path(self._state_dir, name)
        try:
            state = path.stat()
        except OSError:
            return FeedBook(name=name)
        stamp = (state.st_mtime_ns, state.st_ino)
        before = self._read.get(name)
        if before is not None and before[0] == stamp:
            return before[1]
        book = read_book(path)
        if book is None:
            # Replaced whole, so never half written: what is known from before still holds.
            return FeedBook(name=name) if before is None else before[1]
        self._read[name] = (stamp, book)
        return book
