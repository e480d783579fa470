"""The site file's feeds as sources; what is wrong between their keys. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge_agent.feeds.quantity import FeedKind
from edge_agent.feeds.source import Format, Source
from edge_agent.site.check_settings import is_zone
from edge_agent.site.feeds_schema import Feed, Feeds, PriceFeed
from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.parts import Parts
from edge_agent.site.schema import Site, SiteInfo
from edge_agent.site.tree import at

KINDS = {
    "price": FeedKind.PRICE_IMPORT,
    "export_price": FeedKind.PRICE_EXPORT,
    "weather": FeedKind.WEATHER,
    "carbon": FeedKind.CARBON,
}
FILE = "file"
_ZONED = ("entsoe", "energy_charts", "octopus_agile", "electricity_maps")
_KEYED = ("entsoe", "electricity_maps")
_NEEDS: dict[str, tuple[str, ...]] = {
    FILE: ("file",),
    "csv": ("file",),
    "mqtt": ("topic",),
    **dict.fromkeys(_ZONED, ("zone",)),
    **dict.fromkeys(_KEYED, ("zone", "key")),
}
_NOT_FOR: dict[str, tuple[str, ...]] = {
    FILE: ("url", "key", "zone", "topic", "unit", "timezone", "every_min"),
    "csv": ("url", "key", "zone", "topic"),
    "mqtt": ("url", "key", "zone", "file", "every_min"),
    "shadow": ("url", "key", "zone", "file", "topic", "every_min"),
}


def declared(feeds: Feeds) -> Iterator[tuple[str, Feed, str]]:
    """Name, settings and format of every feed the site declares."""
    if feeds.price is not None:
        yield "price", feeds.price, feeds.price.format
    if feeds.export_price is not None:
        yield "export_price", feeds.export_price, feeds.export_price.format
    if feeds.weather is not None:
        yield "weather", feeds.weather, feeds.weather.format
    if feeds.carbon is not None:
        yield "carbon", feeds.carbon, feeds.carbon.format


def sources_of(feeds: Feeds, site: SiteInfo, folder: Path, country: str = "") -> tuple[Source, ...]:
    """What the feed keeper asks; a fixed price file is read with the site and is none of them.

    `country` is the tariff's, for public holidays.
    """
    return tuple(
        _source(name, feed, form, site, folder, country)
        for name, feed, form in declared(feeds)
        if form != FILE
    )


def _source(name: str, feed: Feed, form: str, site: SiteInfo, folder: Path, country: str) -> Source:
    priced = feed if isinstance(feed, PriceFeed) else PriceFeed()
    return Source(
        name=name,
        kind=KINDS[name],
        format=Format(form),
        url=feed.url,
        file=str(folder / feed.file) if feed.file else "",
        topic=feed.topic,
        key=feed.key,
        zone=feed.zone,
        timezone=feed.timezone or site.timezone,
        unit=feed.unit,
        currency=site.currency,
        latitude=site.latitude,
        longitude=site.longitude,
        every_s=feed.every_min * 60,
        adder_per_kwh=priced.adder_per_kwh,
        factor=priced.factor,
        country=country,
    )


def feed_source_findings(feeds: Feeds) -> Iterator[Finding]:
    """What a format needs and what means nothing with it; paths are of the site file."""
    for name, feed, form in declared(feeds):
        path: KeyPath = ("feeds", name)
        for key in _NEEDS.get(form, ()):
            # A provider of one's own may have no key.
            if not getattr(feed, key) and not (key == "key" and feed.url):
                yield Finding((*path, key), f"is missing: format {form} needs it")
        for key in _NOT_FOR.get(form, ("file", "topic")):
            if key in feed.model_fields_set:
                yield Finding((*path, key), f"means nothing with format {form}: remove it")
        if feed.timezone and not is_zone(feed.timezone):
            yield Finding((*path, "timezone"), f"{feed.timezone} is no time zone")
        if name == "export_price" and form == FILE:
            yield Finding((*path, "format"), "file is for import prices: use csv here")


def feed_way_findings(feeds: Feeds, parts: Parts) -> Iterator[Finding]:
    """Feeds whose documents could never come in."""
    protocols = {str(at(parts.data, ("links", name, "protocol"))) for name in parts.link_names}
    for name, _, form in declared(feeds):
        path: KeyPath = ("feeds", name, "format")
        if form == "mqtt" and "mqtt" not in protocols:
            yield Finding(path, "mqtt needs a broker: add a link with protocol: mqtt under links")


def feed_advice(site: Site) -> Iterator[Finding]:
    """Feeds that stay empty for as long as the site is as it is."""
    for name, _, form in declared(site.feeds):
        if form == "shadow" and site.cloud.transport == "none":
            yield Finding(("feeds", name, "format"), "shadow stays empty: cloud.transport is none")
