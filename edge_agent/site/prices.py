"""The price file of a site: its rows, or what is wrong in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edge_agent.feeds.price_file import parse_prices
from edge_agent.feeds.price_steps import PriceFault
from edge_agent.site.mistakes import Mistake
from edge_agent.site.textfile import UnreadableError, read_text

MAX_FAULTS_SHOWN = 20
"""Mistakes listed of one price file; a wrong unit would otherwise fill the screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePoint:
    """A feed's price from `start`, for `step_min` or until the next point."""

    start: datetime
    price_per_kwh: float
    step_min: int = 60


Prices = tuple[PricePoint, ...]


def read_prices(path: Path, currency: str, name: str = "") -> tuple[Prices | None, list[Mistake]]:
    """The rows of a price file, none where it has a mistake; `name` is what it is called then."""
    name = name or path.name
    try:
        parsed = parse_prices(read_text(path), currency)
    except UnreadableError as error:
        return None, [Mistake(name, error.line, "", str(error))]
    if parsed.faults:
        return None, _shortened(name, parsed.faults)
    points = (
        PricePoint(start=row.start, price_per_kwh=row.price_per_kwh, step_min=parsed.step_min)
        for row in parsed.rows
    )
    return tuple(points), []


def _shortened(name: str, faults: tuple[PriceFault, ...]) -> list[Mistake]:
    shown = [Mistake(name, f.line, f.column, f.message) for f in faults[:MAX_FAULTS_SHOWN]]
    more = len(faults) - len(shown)
    if more:
        shown.append(Mistake(name, faults[MAX_FAULTS_SHOWN].line, "", f"and {more} more mistakes"))
    return shown
