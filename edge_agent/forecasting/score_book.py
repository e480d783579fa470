"""How good the forecasts were, day after day for three months, as one text. Child's side."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from edge_agent.forecasting.view import ForecastScore
from models.forecast.score import LeadScore

EVERY = timedelta(hours=20)
KEPT = timedelta(days=90)
_BOOK = TypeAdapter(tuple[ForecastScore, ...])


def scored(
    series: str, at: datetime, leads: tuple[LeadScore, ...], unit: str = ""
) -> ForecastScore:
    """The score of a series at a moment, in shares, or in its unit where one is named."""
    of = [one.mean if unit else 1.0 for one in leads]
    return ForecastScore(
        series=series,
        at=at,
        until_h=tuple(one.until_h for one in leads),
        nmae=tuple(round(one.nmae * mean, 5) for one, mean in zip(leads, of, strict=True)),
        pinball=tuple(
            None if one.pinball is None else round(one.pinball * mean, 5)
            for one, mean in zip(leads, of, strict=True)
        ),
        count=tuple(one.count for one in leads),
        unit=unit,
    )


def read_book(text: str | None) -> tuple[ForecastScore, ...]:
    """What was kept; nothing where that cannot be read."""
    if text is None:
        return ()
    try:
        return _BOOK.validate_json(text)
    except ValidationError:
        return ()


def dump_book(book: tuple[ForecastScore, ...]) -> str:
    """As it is kept."""
    return _BOOK.dump_json(book).decode()


def with_scores(
    book: tuple[ForecastScore, ...], fresh: Iterable[ForecastScore], now: datetime
) -> tuple[ForecastScore, ...]:
    """One score a day of each series: a fresh one waits until the last is a day old."""
    known = {one.series: one for one in book}
    added = [
        one
        for one in fresh
        if one.until_h
        # A score from the future was kept before the clock was set back.
        and (one.series not in known or not now - EVERY < known[one.series].at <= now)
    ]
    return (*(one for one in book if now - KEPT <= one.at <= now), *added)


def latest(book: tuple[ForecastScore, ...]) -> tuple[ForecastScore, ...]:
    """The newest score of every series."""
    return tuple({one.series: one for one in book}.values())
