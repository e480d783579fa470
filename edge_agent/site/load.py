"""The site file and the files it names, read and checked together."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edge_agent.feeds.source import Source
from edge_agent.site.advice import advice
from edge_agent.site.check_tariff import feed_findings, tariff_findings
from edge_agent.site.crosscheck import cross_findings
from edge_agent.site.document import Document, read_document
from edge_agent.site.feed_sources import sources_of
from edge_agent.site.known_points import Profiles, packaged_profiles
from edge_agent.site.loaded import LoadedSite
from edge_agent.site.mistakes import Finding, Mistake, SiteError, by_line
from edge_agent.site.prices import Prices, read_prices
from edge_agent.site.schema import Site, SiteInfo
from edge_agent.site.shape import shape_findings, shaped
from edge_agent.site.tariff_schema import Tariff
from edge_agent.site.tree import at
from edge_agent.site.wording import show

__all__ = ["LoadedSite", "feed_sources", "load_site"]


def load_site(path: Path, profiles: Profiles | None = None) -> LoadedSite:
    """Load a site; raises SiteError with every mistake of every file."""
    parsed = read_document(path, path.name)
    document = parsed.document
    if document is None:
        raise SiteError(parsed.mistakes)
    mistakes = list(parsed.mistakes)
    known = profiles or packaged_profiles()
    mistakes += _located(document, shape_findings(Site, document.data), mistakes)
    mistakes += _located(document, cross_findings(document.data, known), mistakes)
    tariff, tariff_mistakes = _tariff(document, path.parent)
    prices, price_mistakes = _prices(document, path.parent)
    mistakes += [*_feed_mistakes(document, tariff), *tariff_mistakes, *price_mistakes]
    site = shaped(Site, document.data)
    if mistakes or site is None or tariff is None:
        raise SiteError(mistakes)
    loaded = tuple(document.mistake(found) for found in advice(site, tariff))
    sources = sources_of(site.feeds, site.site, path.parent, tariff.country)
    return LoadedSite(path, site, tariff, prices, by_line(loaded), sources)


def feed_sources(loaded: LoadedSite) -> tuple[Source, ...]:
    """The sources that a site's gateway asks."""
    return loaded.sources


def _located(
    document: Document, findings: Iterable[Finding], earlier: Iterable[Mistake]
) -> list[Mistake]:
    """The findings with their lines, but not at keys that have been refused already."""
    refused = {mistake.key for mistake in earlier}
    located = (document.mistake(found) for found in findings)
    return [mistake for mistake in located if mistake.key not in refused]


def _tariff(site: Document, folder: Path) -> tuple[Tariff | None, list[Mistake]]:
    name = at(site.data, ("assets", "grid", "tariff"))
    if not isinstance(name, str):
        return None, []
    path = folder / name
    if not _is_there(path):
        missing = Finding(
            ("assets", "grid", "tariff"),
            f"there is no file {show(name)} (paths start at this file's folder)",
        )
        return None, [site.mistake(missing)]
    parsed = read_document(path, name)
    if parsed.document is None:
        return None, list(parsed.mistakes)
    document, mistakes = parsed.document, list(parsed.mistakes)
    mistakes += _located(document, shape_findings(Tariff, document.data), mistakes)
    mistakes += _located(document, tariff_findings(document.data), mistakes)
    return shaped(Tariff, document.data), mistakes


def _feed_mistakes(site: Document, tariff: Tariff | None) -> list[Mistake]:
    kind = None if tariff is None else tariff.kind
    return [site.mistake(found) for found in feed_findings(kind, site.data)]


def _prices(site: Document, folder: Path) -> tuple[Prices | None, list[Mistake]]:
    name = at(site.data, ("feeds", "price", "file"))
    fixed = at(site.data, ("feeds", "price", "format")) in (None, "file")
    if not isinstance(name, str) or not fixed:
        return None, []
    path = folder / name
    if not _is_there(path):
        missing = Finding(
            ("feeds", "price", "file"),
            f"there is no file {show(name)} (paths start at this file's folder)",
        )
        return None, [site.mistake(missing)]
    return read_prices(path, _currency(site), name)


def _currency(site: Document) -> str:
    given = at(site.data, ("site", "currency"))
    return given if isinstance(given, str) else str(SiteInfo.model_fields["currency"].default)


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
