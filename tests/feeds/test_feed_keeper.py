"""The keeper: when it asks, what it keeps over a restart, how a feed stands."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from feed_documents import (
    HOUR,
    NOW,
    QUARTER,
    TODAY_TOMORROW,
    carbon_source,
    csv_body,
    energy_charts_body,
    local_day,
    price_source,
    truth,
)
from feed_server import Reply, feed_server

from edge_agent.clock import ManualClock
from edge_agent.feeds.book import FeedBook, book_path, dump_book, parse_book, read_book, write_book
from edge_agent.feeds.child import ChildPuller
from edge_agent.feeds.document import Document, Refused
from edge_agent.feeds.format_prices import energy_charts
from edge_agent.feeds.keeper import FeedKeeper
from edge_agent.feeds.outlook import Outlook
from edge_agent.feeds.pull_words import Pulled
from edge_agent.feeds.quantity import FeedKind, Quantity
from edge_agent.feeds.slots import Slot
from edge_agent.feeds.source import Format, Source


@dataclass(slots=True)
class Told:
    """A puller that gives what it was told, and remembers when it was asked."""

    outcomes: list[Document | Refused]
    clock: ManualClock
    asked: list[float] = field(default_factory=list)

    async def pull(self, source: Source, now: datetime) -> Pulled:
        self.asked.append(self.clock.monotonic_s())
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        return Pulled(outcome=outcome, sha256="ab" * 32)


def document(starts: list[datetime] | None = None) -> Document:
    read = energy_charts(energy_charts_body(starts or TODAY_TOMORROW), price_source().asked)
    assert isinstance(read, Document)
    return read


async def test_a_pull_over_http_is_kept_with_its_provenance(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    with feed_server() as server:
        server.replies["/price"] = Reply(energy_charts_body(TODAY_TOMORROW))
        source = price_source(url=f"{server.url}/price?s={{start}}")
        keeper = FeedKeeper([source], tmp_path, clock, ChildPuller())
        await keeper.beat()
    (view,) = keeper.views()
    assert (view.name, view.error, view.notes, view.age_s) == ("price", "", (), 0.0)
    assert view.ahead_h == 31.0
    assert view.source == "energy_charts at 127.0.0.1"
    assert len(view.sha256) == 64
    again = FeedKeeper([source], tmp_path, clock, ChildPuller())
    await again.start()
    assert again.views() == keeper.views()
    assert again.book("price") == keeper.book("price")


async def test_failures_are_tried_again_with_growing_pauses(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    puller = Told([Refused("no"), Refused("no"), Refused("no"), document()], clock)
    keeper = FeedKeeper([price_source()], tmp_path, clock, puller)
    for _ in range(6):
        await clock.advance(await keeper.beat())
    pauses = [round(b - a) for a, b in pairwise(puller.asked)]
    assert pauses[0] in range(60, 67)
    assert pauses[1] in range(120, 133)
    assert pauses[2] in range(300, 331)
    assert pauses[3] in range(3600, 3961)


async def test_a_refusal_leaves_what_is_known_and_says_why(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    keeper = FeedKeeper(
        [price_source()], tmp_path, clock, Told([document(), Refused("no answer")], clock)
    )
    await clock.advance(await keeper.beat())
    await keeper.beat()
    (view,) = keeper.views()
    assert view.error == "no answer"
    assert view.ahead_h == pytest.approx(30.0, abs=0.2)
    assert view.age_s is not None
    assert view.age_s > 3599


async def test_a_source_that_never_gave_anything_says_so(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    keeper = FeedKeeper([price_source()], tmp_path, clock, Told([Refused("no")], clock))
    await keeper.beat()
    (view,) = keeper.views()
    assert (view.ahead_h, view.age_s, view.error) == (None, None, "no")


async def test_run_asks_when_time_comes(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    puller = Told([document()], clock)
    keeper = FeedKeeper([price_source(every_s=900.0)], tmp_path, clock, puller)
    task = asyncio.create_task(keeper.run())
    while len(puller.asked) < 3:
        await clock.advance(60.0)
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert puller.asked[1] - puller.asked[0] >= 900


async def test_messages_are_offered_and_judged(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    source = price_source(Format.MQTT, topic="site/prices")
    keeper = FeedKeeper([source], tmp_path, clock, ChildPuller())
    assert await keeper.beat() == 3600.0
    text = {
        "unit": "ct/kWh",
        "start": "2026-11-22T16:00:00Z",
        "step_min": 60,
        "values": [truth(NOW + index * HOUR) / 10 for index in range(31)],
    }
    view = await keeper.offer("price", json.dumps(text).encode())
    assert (view.error, view.ahead_h, view.source) == ("", 31.0, "mqtt site/prices")
    assert (await keeper.offer("price", b"rubbish")).error.startswith("the answer is no JSON")
    assert (await keeper.offer("price", b" " * 2_000_001)).error == "the message is too long"
    with pytest.raises(KeyError):
        await keeper.offer("other", b"{}")


async def test_a_document_that_comes_again_is_not_taken_for_fresh(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    keeper = FeedKeeper([price_source(Format.SHADOW)], tmp_path, clock, ChildPuller())
    values = [truth(NOW + index * HOUR) / 10 for index in range(31)]
    block = {"unit": "ct/kWh", "start": "2026-11-22T16:00:00Z", "step_min": 60, "values": values}
    text = json.dumps(block).encode()
    assert (await keeper.offer("price", text, repeated=True)).age_s == 0.0
    await clock.advance(7200.0)
    assert (await keeper.offer("price", text, repeated=True)).age_s == 7200.0
    assert (await keeper.offer("price", text)).age_s == 0.0  # said anew by who knows
    await keeper.refuse("price", "no way")
    assert keeper.views()[0].error == "no way"


async def test_a_dropped_file_is_read_again(tmp_path: Path) -> None:
    clock, drop = ManualClock(NOW), tmp_path / "prices.csv"
    source = price_source(Format.CSV, unit="EUR/MWh", file=str(drop), every_s=300.0)
    keeper = FeedKeeper([source], tmp_path, clock, ChildPuller())
    await clock.advance(await keeper.beat())
    assert keeper.views()[0].error == "the file cannot be read: FileNotFoundError"
    drop.write_bytes(csv_body(TODAY_TOMORROW))
    await keeper.beat()
    (view,) = keeper.views()
    assert view.error == ""
    assert view.source == f"file {drop}"


async def test_a_full_disk_does_not_stop_the_keeper(tmp_path: Path) -> None:
    clock, blocked = ManualClock(NOW), tmp_path / "state"
    blocked.write_text("a file where the folder should be")
    keeper = FeedKeeper([price_source()], blocked, clock, Told([document()], clock))
    await keeper.beat()
    assert keeper.views()[0].ahead_h == 31.0


def book() -> FeedBook:
    slots = tuple(
        Slot(Quantity.PRICE_IMPORT, one, one + QUARTER, truth(one), mark)
        for one, mark in zip(TODAY_TOMORROW, ["", "odd"] * 96, strict=True)
    )
    return FeedBook(name="price", slots=slots, error="late", tried_at=NOW, failures=2)


def test_a_book_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = book_path(tmp_path, "price")
    write_book(path, book())
    assert read_book(path) == book()
    assert [one.name for one in path.parent.iterdir()] == ["price.json"]
    assert path.stat().st_size < 20_000


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[" * 9000, dump_book(book())[:-5], dump_book(book()).replace(b":1,", b":2,", 1)],
)
def test_a_spoilt_book_is_none(text: bytes, tmp_path: Path) -> None:
    assert parse_book(text) is None
    (tmp_path / "a.json").write_bytes(text)
    assert read_book(tmp_path / "a.json") is None


def test_two_weeks_of_history_are_kept(tmp_path: Path) -> None:
    old = tuple(
        Slot(Quantity.PRICE_IMPORT, one, one + HOUR, 0.1)
        for one in local_day(date(2026, 10, 20), HOUR, days=30)
    )
    clock = ManualClock(NOW)
    keeper = FeedKeeper([price_source()], tmp_path, clock, Told([document()], clock))
    write_book(book_path(tmp_path, "price"), FeedBook(name="price", slots=old))

    async def one_beat() -> None:
        await keeper.start()
        await keeper.beat()

    asyncio.run(one_beat())
    kept = keeper.book("price").slots
    assert kept[0].end > NOW - timedelta(days=15)
    assert kept[0].end <= NOW - timedelta(days=15) + HOUR
    assert all(b.start >= a.end for a, b in pairwise(kept))


def known_days(first: date, days: int) -> tuple[Slot, ...]:
    return tuple(
        Slot(Quantity.PRICE_IMPORT, one, one + HOUR, one.day + one.hour / 100)
        for one in local_day(first, HOUR, days=days)
    )


def test_an_earlier_day_of_the_same_class_stands_in() -> None:
    # Monday 16 to Sunday 22 November are known; Monday 23 is not.
    source = price_source(factor=1.2, adder_per_kwh=0.5)
    history = FeedBook(name="price", slots=known_days(date(2026, 11, 16), 7))
    outlook = Outlook(source, history, Quantity.PRICE_IMPORT)
    at = datetime(2026, 11, 23, 11, tzinfo=NOW.tzinfo)
    seen = outlook.over([at, at + timedelta(days=5)], [3600.0, 3600.0], NOW)
    assert list(seen.values) == [pytest.approx(1.2 * day + 0.5) for day in (20.11, 21.11)]
    assert "the same time of 2026-11-20 is used" in seen.notes[0]
    assert "the same time of 2026-11-21 is used" in seen.notes[1]


def test_a_public_holiday_takes_a_sundays_prices() -> None:
    history = FeedBook(name="price", slots=known_days(date(2026, 12, 16), 9))
    christmas = datetime(2026, 12, 25, 11, tzinfo=NOW.tzinfo)
    seen = Outlook(price_source(country="DE"), history, Quantity.PRICE_IMPORT).over(
        [christmas], [3600.0], christmas
    )
    assert seen.values == (20.11,)


def test_a_step_over_two_values_is_their_mean_in_time() -> None:
    slots = tuple(
        Slot(Quantity.PRICE_IMPORT, NOW + index * QUARTER, NOW + (index + 1) * QUARTER, value)
        for index, value in enumerate([0.1, 0.2, 0.3, 0.4])
    )
    outlook = Outlook(price_source(), FeedBook(name="p", slots=slots), Quantity.PRICE_IMPORT)
    seen = outlook.over([NOW, NOW + timedelta(minutes=10)], [3600.0, 600.0], NOW)
    assert list(seen.values) == [pytest.approx(0.25), pytest.approx(0.15)]
    assert seen.notes == ()


async def test_an_old_forecast_says_its_age(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    source = carbon_source(Format.MQTT)
    keeper = FeedKeeper([source], tmp_path, clock, ChildPuller())
    text = {
        "unit": "gCO2/kWh",
        "start": "2026-11-22T16:00:00Z",
        "step_min": 60,
        "values": [100.0 + index for index in range(72)],
    }
    await keeper.offer("carbon", json.dumps(text).encode())
    later = NOW + 30 * HOUR
    outlook = Outlook(source, keeper.book("carbon"), Quantity.CARBON)
    assert outlook.over([later], [900.0], NOW).notes == ()
    assert outlook.over([later], [900.0], later).notes == ("the carbon forecast is 30 h old",)


def test_export_prices_are_a_kind_of_their_own() -> None:
    source = price_source(kind=FeedKind.PRICE_EXPORT)
    assert source.asked.quantity is Quantity.PRICE_EXPORT
