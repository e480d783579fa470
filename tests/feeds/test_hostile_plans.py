"""The same wrong documents, up to the problem that a plan is made of: none gets there unsaid."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from feed_documents import (
    HOUR,
    NOW,
    open_meteo_body,
    truth,
    warmth,
    weather_source,
    week_before,
)
from hostile_case import Case
from hostile_others import OTHERS, WEATHER
from hostile_prices import PRICES, WHOLE
from small_house import furnished, write_site

from edge_agent.feeds.book import FeedBook, Provenance, book_path, write_book
from edge_agent.feeds.document import Document, Refused
from edge_agent.feeds.format_weather import open_meteo
from edge_agent.feeds.judge import judge
from edge_agent.feeds.quantity import FeedKind
from edge_agent.feeds.reader import BookReader
from edge_agent.forecasting.coming import coming_weather
from edge_agent.histories import SiteHistory, site_history
from edge_agent.plan_words import Reality
from edge_agent.planning_grid import plan_grid
from edge_agent.problem import Outside, build_problem
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.site.tariff_schema import Tariff
from edge_agent.store.reader import QuarterSeries
from models.types import BatteryState, Problem, ZoneState

CASES = [*PRICES, *OTHERS]
SPAN = re.compile(r"^price: (?:\d+ steps from (\S+) to (\S+)|step of (\S+)): ")
FALLBACK = Tariff(kind="real_time", fallback_per_kwh=0.25)
BY_FEED = Tariff(kind="real_time")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedSite:
    def day_ahead(site: dict[str, Any]) -> None:
        furnished(site)
        site["planning"]["horizon_h"] = 24

    return load_site(write_site(tmp_path_factory.mktemp("site"), change=day_ahead))


def measured(loaded: LoadedSite, now: datetime) -> SiteHistory:
    """Two days of which the weather station says what the true forecast had said."""
    starts = [now + timedelta(minutes=15 * quarter) for quarter in range(-192, 0)]
    steady = {
        "meter.power": 60.0,
        "battery.power": 0.0,
        "inverter.ac_power": 0.0,
        "chiller.power": 6.0,
    }
    found = {key: steadily(starts, kw) for key, kw in steady.items()}
    found["sky.temperature"] = replace(
        steadily(starts, 0.0), mean=[warmth(at.replace(minute=0)) for at in starts]
    )
    history = site_history(loaded.site, lambda key: found.get(key, QuarterSeries([], [], [])))
    assert history is not None
    return history


def steadily(starts: list[datetime], value: float) -> QuarterSeries:
    seconds = [round(start.timestamp()) for start in starts]
    return QuarterSeries(seconds, [value] * len(starts), [3] * len(starts))


def problem(loaded: LoadedSite, now: datetime, books: BookReader | None) -> Problem | str:
    """As the worker puts it together."""
    grid = plan_grid(loaded.site.planning, now)
    weather, doubts = (None, ()) if books is None else coming_weather(books, grid, now)
    known = Reality(
        at=now,
        batteries=(BatteryState(id="bat", soc_kwh=50.0),),
        zones=(ZoneState(id="hall", temperature_c=21.0),),
        demand_terms=(),
        reasons=doubts,
    )
    return build_problem(
        loaded, measured(loaded, now), known, Outside(books=books, weather=weather)
    )


def books_after(case: Case, state: Path) -> BookReader:
    """What the worker reads once the document has come."""
    book = FeedBook(name=case.source.name, slots=week_before(case.now) if case.known else ())
    outcome = case.parse(case.body, case.source.asked)
    if isinstance(outcome, Document):
        judged = judge(outcome, case.source, case.now, book.slots)
        if not isinstance(judged, Refused):
            told = Provenance(source="test", fetched_at=case.now, sha256="")
            book = book.accepted(judged, told)
    write_book(book_path(state, book.name), book)
    return BookReader([case.source], state)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_hostile_feed_reaches_a_plan_unmarked(
    case: Case, loaded: LoadedSite, tmp_path: Path
) -> None:
    books = books_after(case, tmp_path)
    priced = case.source.kind is FeedKind.PRICE_IMPORT
    made = problem(replace(loaded, tariff=BY_FEED if priced else FALLBACK), case.now, books)
    if priced:
        assert_price_true_or_said(made)
        return
    plain = problem(replace(loaded, tariff=FALLBACK), case.now, None)
    assert isinstance(made, Problem)
    assert isinstance(plain, Problem)
    said = [reason for reason in made.reasons if reason.text.startswith("weather:")]
    if case.source.kind is FeedKind.WEATHER:
        assert said or made.forecast == plain.forecast, case.name
    else:
        assert made == plain


def assert_price_true_or_said(made: Problem | str) -> None:
    """Step by step: the true price, or a reason that covers the step, or no plan at all."""
    if isinstance(made, str):
        assert "no price" in made
        return
    spans = []
    for reason in made.reasons:
        if found := SPAN.match(reason.text):
            first, last, single = found.groups()
            spans.append(tuple(_minute(text or single) for text in (first, last)))
    for start, price in zip(made.grid.starts, made.forecast.import_price_per_kwh, strict=True):
        true = {truth(start) / 1000, truth(start.replace(minute=0)) / 1000}
        right = any(price == pytest.approx(one) for one in true)
        assert right or any(first <= start <= last for first, last in spans), (start, price)


def _minute(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)


def test_sound_feeds_reach_a_plan_without_a_word(loaded: LoadedSite, tmp_path: Path) -> None:
    true_price = Case(name="sound", body=WHOLE)
    true_weather = Case(
        name="sound weather",
        body=open_meteo_body(WEATHER),
        parse=open_meteo,
        source=weather_source(),
        known=False,
    )
    priced = books_after(true_price, tmp_path)
    made = problem(replace(loaded, tariff=BY_FEED), NOW, priced)
    assert isinstance(made, Problem)
    assert not [one for one in made.reasons if one.text.startswith("price")]
    assert made.forecast.import_price_per_kwh == pytest.approx(
        [truth(start) / 1000 for start in made.grid.starts]
    )
    made = problem(replace(loaded, tariff=FALLBACK), NOW, books_after(true_weather, tmp_path))
    assert isinstance(made, Problem)
    assert not [one for one in made.reasons if one.text.startswith("weather")]
    assert made.forecast.outdoor_temp_c == pytest.approx(
        [warmth(start.replace(minute=0)) for start in made.grid.starts], abs=0.01
    )


def test_a_weather_forecast_that_ends_early_or_never_came_is_said(
    loaded: LoadedSite, tmp_path: Path
) -> None:
    for hours, words in ((26, "steps lack a weather forecast"), (0, "planned without")):
        times = [NOW - 16 * HOUR + hour * HOUR for hour in range(hours)]
        case = Case(
            name="short",
            body=open_meteo_body(times) if times else b"",
            parse=open_meteo,
            source=weather_source(),
            known=False,
        )
        made = problem(replace(loaded, tariff=FALLBACK), NOW, books_after(case, tmp_path))
        assert isinstance(made, Problem)
        assert any(words in reason.text for reason in made.reasons)
        assert not any(
            reason.degrades for reason in made.reasons if "weather" in reason.text.lower()
        )
