"""Feeds that are wrong: each is refused in words, or what a plan takes of it is marked.

The rule of the whole table: a step whose value is not the truth carries a note, always.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from feed_documents import (
    BERLIN,
    HOUR,
    NOW,
    QUARTER,
    TODAY_TOMORROW,
    energy_charts_body,
    greenness,
    local_day,
    price_source,
    sunshine,
    truth,
    warmth,
    week_before,
)
from hostile_case import Case
from hostile_others import OTHERS
from hostile_prices import PRICES, WHOLE

from edge_agent.feeds.book import FeedBook, Provenance
from edge_agent.feeds.document import Document, Refused
from edge_agent.feeds.format_prices import energy_charts
from edge_agent.feeds.judge import judge
from edge_agent.feeds.outlook import Outlook
from edge_agent.feeds.quantity import QUANTITIES, Quantity

TRUE = {
    Quantity.PRICE_IMPORT: lambda one: truth(one) / 1000,
    Quantity.TEMPERATURE: warmth,
    Quantity.IRRADIANCE: lambda one: sunshine(one + HOUR),
    Quantity.CARBON: greenness,
}
CASES = [*PRICES, *OTHERS]


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_none_reaches_a_plan_unmarked(case: Case) -> None:
    book = FeedBook(name="feed", slots=week_before(case.now) if case.known else ())
    outcome = case.parse(case.body, case.source.asked)
    reason = ""
    notes: tuple[str, ...] = ()
    if isinstance(outcome, Document):
        judged = judge(outcome, case.source, case.now, book.slots)
        if isinstance(judged, Refused):
            reason = judged.reason
        else:
            notes = judged.notes
            told = Provenance(source="test", fetched_at=case.now, sha256="")
            book = book.accepted(judged, told)
    else:
        reason = outcome.reason
    assert bool(reason) == bool(case.refused), (reason, notes)
    assert case.refused in reason
    assert case.noted in "\n".join(notes)
    assert_truth_or_note(case, book)


def assert_truth_or_note(case: Case, book: FeedBook) -> None:
    """Step by step over 30 hours; `assumed` must be said of some step."""
    said: list[str] = []
    for quantity in QUANTITIES[case.source.kind]:
        outlook = Outlook(case.source, book, quantity)
        step = timedelta(minutes=15 if quantity.is_price else 60)
        for index in range(round(30 * HOUR / step)):
            start = case.now + index * step
            seen = outlook.over([start], [step.total_seconds()], case.now)
            value = seen.values[0]
            hour = start.replace(minute=0)
            true = {TRUE[quantity](start), TRUE[quantity](hour)}
            right = value is None or any(value == pytest.approx(one) for one in true)
            assert right or seen.notes, (case.name, start, value, true)
            assert seen.notes or value is not None
            said += seen.notes
    assert case.assumed in "\n".join(said), said
    if case.refused:
        assert said


def test_a_sound_document_reaches_the_plan_without_a_note() -> None:
    source = price_source()
    document = energy_charts(WHOLE, source.asked)
    assert isinstance(document, Document)
    judged = judge(document, source, NOW, week_before())
    assert not isinstance(judged, Refused)
    assert judged.notes == ()
    told = Provenance(source="test", fetched_at=NOW, sha256="")
    book = FeedBook(name="price", slots=week_before()).accepted(judged, told)
    starts = [NOW + index * QUARTER for index in range(120)]
    seen = Outlook(source, book, Quantity.PRICE_IMPORT).over(starts, [900.0] * 120, NOW)
    assert seen.notes == ()
    assert list(seen.values) == [pytest.approx(truth(one) / 1000) for one in starts]


@pytest.mark.parametrize(
    ("day", "steps"),
    [(date(2027, 3, 27), 96 + 92), (date(2026, 10, 24), 96 + 100), (date(2026, 11, 22), 192)],
)
def test_days_of_92_96_and_100_quarter_hours_are_whole(day: date, steps: int) -> None:
    starts, source = local_day(day, days=2), price_source()
    assert len(starts) == steps
    now = datetime(day.year, day.month, day.day, 16, tzinfo=NOW.tzinfo)
    document = energy_charts(energy_charts_body(starts), source.asked)
    assert isinstance(document, Document)
    judged = judge(document, source, now, week_before(now))
    assert not isinstance(judged, Refused)
    assert judged.notes == ()
    assert len(judged.slots) == steps


def test_negative_prices_are_prices() -> None:
    source = price_source()
    body = energy_charts_body(
        TODAY_TOMORROW, lambda one: -80.5 if one.hour in (11, 12, 13) else truth(one)
    )
    document = energy_charts(body, source.asked)
    assert isinstance(document, Document)
    judged = judge(document, source, NOW, week_before())
    assert not isinstance(judged, Refused)
    assert judged.notes == ()
    assert min(slot.value for slot in judged.slots) == pytest.approx(-0.0805)


def test_doubtful_values_do_not_displace_sound_ones() -> None:
    source, known = price_source(), week_before(NOW, NOW + 2 * 24 * HOUR)
    body = energy_charts_body(TODAY_TOMORROW, lambda one: truth(one) * 10)
    document = energy_charts(body, source.asked)
    assert isinstance(document, Document)
    judged = judge(document, source, NOW, known)
    assert not isinstance(judged, Refused)
    assert judged.doubtful
    told = Provenance(source="test", fetched_at=NOW, sha256="")
    book = FeedBook(name="price", slots=known).accepted(judged, told)
    seen = Outlook(source, book, Quantity.PRICE_IMPORT).over([NOW], [900.0], NOW)
    assert list(seen.values) == [pytest.approx(truth(NOW) / 1000)]
    assert seen.notes == ()


def test_berlin_is_where_the_market_is() -> None:
    assert TODAY_TOMORROW[0].astimezone(BERLIN).hour == 0
