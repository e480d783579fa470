"""The short-lived child that learns what forecasts rest on.

Reads a `FitRequest` as JSON on stdin, the site's past read-only from the store's file, and writes
three lines of JSON to stdout: how it went, the scores of the forecasts, `Learnt`. Exit code 0 done,
1 cannot be done (the reason on stderr), 2 wrong use.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from edge_agent.forecasting.did import Did, HeldSpan, held_points
from edge_agent.forecasting.fit import fit_site
from edge_agent.forecasting.gather import Gathered, foreseen_series, gather
from edge_agent.forecasting.keys import SCORES_KEY
from edge_agent.forecasting.record import FOLDER, UNITS, ForecastRecord
from edge_agent.forecasting.score_book import (
    dump_book,
    latest,
    read_book,
    scored,
    with_scores,
)
from edge_agent.forecasting.view import VIEW, ForecastScore, ForesightView
from edge_agent.forecasting.words import FIT_REQUEST, LEARNT, FitRequest
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.site.mistakes import SiteError
from edge_agent.store.commands import CommandReader
from edge_agent.store.kept import kept_text
from edge_agent.store.reader import HistoryReader, QuarterSeries
from edge_agent.store.types import StoreError

ARGUMENTS = 2
HISTORY = timedelta(days=366)
POLITE = 10
"""Learning is in no hurry: it gives way to control and planning."""


def main(words: list[str]) -> int:
    """`python -I -m edge_agent.forecasting.child SITE DATABASE < request.json`."""
    if len(words) != ARGUMENTS:
        sys.stderr.write("usage: python -I -m edge_agent.forecasting.child SITE DATABASE\n")
        return 2
    with contextlib.suppress(OSError):  # the service's filter of system calls may refuse it
        os.nice(POLITE)
    try:
        request = FIT_REQUEST.validate_json(sys.stdin.buffer.read())
        answer = _answer(load_site(Path(words[0])), Path(words[1]), request)
    except (SiteError, StoreError, ValidationError, OSError, ValueError, ArithmeticError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    sys.stdout.buffer.write(answer)
    return 0


def _answer(loaded: LoadedSite, database: Path, request: FitRequest) -> bytes:
    site = loaded.site
    country = request.country or loaded.tariff.country
    request = replace(request, held=(*request.held, *_held(loaded, database, request)))
    request = replace(request, country=country)
    past = gather(site, partial(_read, database, request.at), request)
    book = with_scores(
        read_book(kept_text(database, SCORES_KEY)),
        () if past is None else _scores(loaded, past, database, request),
        request.at,
    )
    learnt = fit_site(site, past, request)
    view = ForesightView(
        made_at=learnt.made_at,
        load=learnt.load is not None,
        notes=learnt.notes,
        scores=latest(book),
        version=learnt.version,
    )
    return b"\n".join((VIEW.dump_json(view), dump_book(book).encode(), LEARNT.dump_json(learnt)))


def _read(database: Path, at: datetime, key: str) -> QuarterSeries:
    """A year of one point: all points at once would not fit into the memory of a small board."""
    reader = HistoryReader(database, days=HISTORY / timedelta(days=1))
    reader.advance(frozenset({key}), at)
    return reader.series(key)


def _held(loaded: LoadedSite, database: Path, request: FitRequest) -> tuple[HeldSpan, ...]:
    did = Did(loaded.site)
    trail = CommandReader(database, held_points(loaded.site))
    did.take(one for one in trail.advance(request.at - HISTORY) if one.at <= request.at)
    return did.spans(request.at)


def _scores(
    loaded: LoadedSite, past: Gathered, database: Path, request: FitRequest
) -> list[ForecastScore]:
    record = ForecastRecord(database.parent / FOLDER)
    return [
        scored(name, request.at, record.scores(name, series, request.at), UNITS.get(name, ""))
        for name, series in foreseen_series(loaded.site, past).items()
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
