"""Feeds of the site file become sources; what a format needs, and what means nothing with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from feed_documents import NOW

from edge_agent.feeds.book import FeedBook, book_path, write_book
from edge_agent.feeds.outlook import Seen
from edge_agent.feeds.quantity import FeedKind, Quantity
from edge_agent.feeds.reader import BookReader
from edge_agent.feeds.slots import Slot
from edge_agent.feeds.source import Format, Source
from edge_agent.site.feed_sources import feed_source_findings, sources_of
from edge_agent.site.feeds_schema import Feeds
from edge_agent.site.prices import PricePoint
from edge_agent.site.schema import SiteInfo
from edge_agent.site.shape import shaped
from edge_agent.site.tariff_schema import Tariff
from edge_agent.tariff.known import feeds_of_books, feeds_of_file
from edge_agent.tariff.preview import preview

SITE = SiteInfo(id="hotel", timezone="Europe/Berlin", latitude=49.0, longitude=8.4)


def feeds(**given: Any) -> Feeds:
    found = shaped(Feeds, given)
    assert found is not None, given
    return found


def test_every_feed_becomes_a_source_of_the_site() -> None:
    declared = feeds(
        price={"format": "entsoe", "zone": "DE_LU", "key": "env:ENTSOE", "factor": 1.1},
        export_price={"format": "csv", "file": "export.csv", "unit": "ct/kWh", "every_min": 15},
        weather={"format": "open_meteo"},
        carbon={"format": "electricity_maps", "zone": "DE", "key": "file:/etc/key"},
    )
    assert list(feed_source_findings(declared)) == []
    price, export, weather, carbon = sources_of(declared, SITE, Path("/site"), "DE")
    assert (price.format, price.kind, price.zone) == (
        Format.ENTSOE,
        FeedKind.PRICE_IMPORT,
        "DE_LU",
    )
    assert (price.factor, price.currency, price.timezone) == (1.1, "EUR", "Europe/Berlin")
    assert (export.kind, export.file, export.every_s) == (
        FeedKind.PRICE_EXPORT,
        "/site/export.csv",
        900.0,
    )
    assert (weather.latitude, weather.longitude, weather.country) == (49.0, 8.4, "DE")
    assert (carbon.key, carbon.factor) == ("file:/etc/key", 1.0)


def test_a_fixed_price_file_is_no_source() -> None:
    declared = feeds(price={"file": "prices.csv"})
    assert list(feed_source_findings(declared)) == []
    assert sources_of(declared, SITE, Path()) == ()


@pytest.mark.parametrize(
    ("given", "path", "says"),
    [
        ({"price": {}}, ("price", "file"), "is missing: format file needs it"),
        ({"price": {"format": "entsoe", "zone": "FR"}}, ("price", "key"), "is missing"),
        ({"price": {"format": "awattar", "file": "a"}}, ("price", "file"), "means nothing"),
        ({"price": {"format": "mqtt"}}, ("price", "topic"), "format mqtt needs it"),
        (
            {"price": {"format": "shadow", "every_min": 5}},
            ("price", "every_min"),
            "means nothing with format shadow",
        ),
        (
            {"weather": {"format": "open_meteo", "timezone": "Mars/Olympus"}},
            ("weather", "timezone"),
            "Mars/Olympus is no time zone",
        ),
        (
            {"export_price": {"file": "a.csv"}},
            ("export_price", "format"),
            "file is for import prices",
        ),
    ],
)
def test_mistakes_between_keys(given: dict[str, Any], path: tuple[str, ...], says: str) -> None:
    (found,) = feed_source_findings(feeds(**given))
    assert found.path == ("feeds", *path)
    assert says in found.message


def test_a_provider_of_ones_own_needs_no_key() -> None:
    own = feeds(price={"format": "entsoe", "zone": "FR", "url": "http://10.0.0.5/prices"})
    assert list(feed_source_findings(own)) == []


@pytest.mark.parametrize(
    "price",
    [
        {"format": "csv", "file": "a", "key": "secret"},
        {"format": "awattar", "url": "ftp://host/x"},
        {"format": "csv", "file": "a", "every_min": 1},
        {"format": "csv", "file": "a", "factor": 0},
        {"format": "fortune_teller"},
    ],
)
def test_shapes_that_are_refused(price: dict[str, Any]) -> None:
    assert shaped(Feeds, {"price": price}) is None


def kept(value: float) -> FeedBook:
    slots = (Slot(Quantity.PRICE_IMPORT, NOW, NOW.replace(hour=20), value),)
    return FeedBook(name="price", slots=slots)


def test_another_process_reads_a_book_when_it_changes(tmp_path: Path) -> None:
    source = Source(name="price", kind=FeedKind.PRICE_IMPORT, format=Format.MQTT)
    reader = BookReader([source], tmp_path)

    def price() -> Seen:
        feed = feeds_of_books(reader, NOW).price_import
        assert feed is not None
        return feed([NOW], [900.0])

    assert price().values == (None,)
    for value in (0.1, 0.2):
        write_book(book_path(tmp_path, "price"), kept(value))
        assert price() == Seen((value,), ())
    book_path(tmp_path, "price").write_bytes(b"spoilt")
    assert price() == Seen((0.2,), ())
    assert reader.outlook(FeedKind.WEATHER) is None
    assert feeds_of_books(reader, NOW).price_export is None


POINTS = tuple(PricePoint(start=NOW.replace(hour=h), price_per_kwh=h / 100) for h in range(24))


def test_a_price_file_stands_in_for_two_weeks_where_there_is_a_fallback() -> None:
    tariff = Tariff(kind="real_time", fallback_per_kwh=0.5)
    feed = feeds_of_file(POINTS, tariff, "Europe/Berlin").price_import
    assert feed is not None
    later = [NOW, NOW.replace(day=29), NOW.replace(month=12, day=29)]
    seen = feed(later, [900.0] * 3)
    assert seen.values == (0.16, 0.16, None)
    assert "the same time of 2026-11-22 is used" in seen.notes[0]
    ever = feeds_of_file(POINTS, Tariff(kind="real_time"), "Europe/Berlin").price_import
    assert ever is not None
    assert ever(later, [900.0] * 3).values == (0.16, 0.16, 0.16)


def test_the_preview_of_a_site() -> None:
    flat = Tariff(kind="flat", price_per_kwh=0.28, export_per_kwh=0.08)
    zone = ZoneInfo("Europe/Berlin")
    assert preview(flat, None, zone, "EUR", NOW) == [
        "Sun 22 Nov to Sat 28 Nov: 00:00 0.28 EUR/kWh, export 0.08"
    ]
    fallback = Tariff(kind="real_time", fallback_per_kwh=0.5)
    assert preview(fallback, (), zone, "EUR", NOW) == [
        "Sun 22 Nov to Sat 28 Nov: 00:00 0.5 EUR/kWh, export 0, in part assumed"
    ]
    lines = preview(Tariff(kind="real_time"), POINTS, zone, "EUR", NOW)
    assert lines[0].startswith("Sun 22 Nov: 0 to 0.22, in part by feed EUR/kWh")
