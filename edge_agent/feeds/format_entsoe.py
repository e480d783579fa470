"""Day-ahead prices of the ENTSO-E transparency platform, read by entsoe-py. Only in a child.

Imports pandas: nothing in the agent may import this module.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from edge_agent.feeds.document import Asked, Document, Gathered, Refused, from_iso, number

_STEPS = {"60min": 60, "30min": 30, "15min": 15}
_READABLE = (ValueError, LookupError, AttributeError, TypeError, NotImplementedError)


def area_code(zone: str) -> str:
    """The EIC code of a bidding zone such as DE_LU; raises ValueError for an unknown one."""
    from entsoe.mappings import lookup_area

    return str(lookup_area(zone.replace("-", "_")).code)


def entsoe(body: bytes, asked: Asked) -> Document | Refused:
    """A Publication_MarketDocument (document type A44, article 12.1.D)."""
    text = body.decode("utf-8", "replace")
    wrong = _no_document(text) or _other_zone(text, asked.zone)
    if wrong:
        return Refused(wrong)
    unit = _unit(text)
    if isinstance(unit, Refused):
        return unit
    created = re.search(r"<createdDateTime>(.*?)</createdDateTime>", text)
    published = from_iso(created.group(1)) if created else ""
    try:
        gathered = _rows(text, asked)
    except _READABLE as error:
        return Refused(f"cannot be read: {type(error).__name__} {str(error)[:60]}")
    moment = published if isinstance(published, datetime) else None
    return gathered.document({asked.quantity: unit}, moment)


def _no_document(text: str) -> str:
    """Why the text is no whole market document, or nothing."""
    head = text[:400].lstrip()
    if head.lower().startswith(("<!doctype html", "<html")):
        return "the answer is a web page, not a market document"
    if "Acknowledgement_MarketDocument" in head:
        said = re.findall(r"<text>(.*?)</text>", text, re.DOTALL)
        return f"the platform says: {said[0][:100] if said else 'no data'}"
    if "Publication_MarketDocument" not in head:
        return "is no market document"
    if not text.rstrip().endswith("Publication_MarketDocument>"):
        return "the document is cut off"
    return ""


def _other_zone(text: str, zone: str) -> str:
    """Why the document is of another zone than asked for, or nothing."""
    try:
        wanted = area_code(zone)
    except ValueError:
        return f"{zone[:20]!r} is no bidding zone"
    said = set(re.findall(r"<in_Domain\.mRID[^>]*>\s*(.*?)\s*</in_Domain\.mRID>", text))
    if said != {wanted}:
        return f"is of zone {', '.join(sorted(said))[:60] or 'unknown'}, asked was {wanted}"
    return ""


def _unit(text: str) -> str | Refused:
    moneys = set(re.findall(r"<currency_Unit\.name>(.*?)</currency_Unit\.name>", text))
    energies = set(re.findall(r"<price_Measure_Unit\.name>(.*?)</price_Measure_Unit\.name>", text))
    if len(moneys) != 1 or len(energies) != 1:
        return Refused("does not say one unit")
    return f"{moneys.pop()}/{energies.pop()}"


def _rows(text: str, asked: Asked) -> Gathered:
    from entsoe import parsers

    parse: Callable[[str], Mapping[str, Any]] = parsers.parse_prices
    with warnings.catch_warnings():
        # entsoe-py reads XML with an HTML parser on purpose, and silences it once at import.
        warnings.filterwarnings("ignore", message=".*HTML parser to parse an XML document")
        by_step = parse(text)
    gathered = Gathered()
    # Where a zone publishes both, the quarter-hours are what is billed.
    finest = next((step for step in ("15min", "30min", "60min") if len(by_step[step])), "60min")
    for moment, value in by_step[finest].items():
        start = moment.to_pydatetime().astimezone(UTC)
        end = start + timedelta(minutes=_STEPS[finest])
        gathered.take(asked.quantity, start, end, number(float(value)))
    return gathered
