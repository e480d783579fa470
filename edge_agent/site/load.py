"""The site file and the files it names, read and checked together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from edge_agent.feeds.price_file import parse_prices
from edge_agent.feeds.price_steps import PriceFault
from edge_agent.feeds.source import Source
from edge_agent.site.advice import advice
from edge_agent.site.check_tariff import feed_findings, tariff_findings
from edge_agent.site.crosscheck import cross_findings
from edge_agent.site.document import Document, read_document
from edge_agent.site.feed_sources import sources_of
from edge_agent.site.known_points import Profiles, packaged_profiles
from edge_agent.site.mistakes import Finding, Mistake, SiteError, by_line
from edge_agent.site.schema import Site, SiteInfo
from edge_agent.site.shape import shape_findings, shaped
from edge_agent.site.tariff_schema import PricePoint, Tariff
from edge_agent.site.textfile import UnreadableError, read_text
from edge_agent.site.tree import at
from edge_agent.site.wording import show

MAX_FAULTS_SHOWN = 20
"""Mistakes listed of one price file; a wrong unit would otherwise fill the screen."""

Prices = tuple[PricePoint, ...]


@dataclass(frozen=True, slots=True)
class LoadedSite:
    """A site without mistakes, with its tariff and, where it has one, its price feed."""

    path: Path
    site: Site
    tariff: Tariff
    prices: Prices | None
    warnings: tuple[Mistake, ...]

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.site.site.timezone)


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
    return LoadedSite(path, site, tariff, prices, by_line(loaded))


def feed_sources(loaded: LoadedSite) -> tuple[Source, ...]:
    """The sources that a site's gateway asks."""
    site = loaded.site
    return sources_of(site.feeds, site.site, loaded.path.parent, loaded.tariff.country)


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
    try:
        parsed = parse_prices(read_text(path), _currency(site))
    except UnreadableError as error:
        return None, [Mistake(name, error.line, "", str(error))]
    if parsed.faults:
        return None, _shortened(name, parsed.faults)
    points = [
        PricePoint(start=row.start, price_per_kwh=row.price_per_kwh, step_min=parsed.step_min)
        for row in parsed.rows
    ]
    return tuple(points), []


def _currency(site: Document) -> str:
    given = at(site.data, ("site", "currency"))
    return given if isinstance(given, str) else str(SiteInfo.model_fields["currency"].default)


def _shortened(name: str, faults: tuple[PriceFault, ...]) -> list[Mistake]:
    shown = [Mistake(name, f.line, f.column, f.message) for f in faults[:MAX_FAULTS_SHOWN]]
    more = len(faults) - len(shown)
    if more:
        shown.append(Mistake(name, faults[MAX_FAULTS_SHOWN].line, "", f"and {more} more mistakes"))
    return shown


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
