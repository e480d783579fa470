"""Day-ahead prices as Energy-Charts, aWATTar and Octopus Agile publish them. Pure."""

from __future__ import annotations

from datetime import datetime

from edge_agent.feeds.document import (
    Asked,
    Document,
    Gathered,
    Refused,
    ends_of,
    from_epoch,
    from_iso,
    number,
    read_json,
)


def energy_charts(body: bytes, asked: Asked) -> Document | Refused:
    """`{"unix_seconds": [...], "price": [...], "unit": "EUR / MWh"}`, seconds since 1970."""
    read = read_json(body)
    if isinstance(read, Refused):
        return read
    if not isinstance(read, dict):
        return Refused("is no Energy-Charts answer")
    times, prices, unit = read.get("unix_seconds"), read.get("price"), read.get("unit")
    if not isinstance(times, list) or not isinstance(prices, list):
        return Refused(_told(read) or "has no lists unix_seconds and price")
    if len(times) != len(prices):
        return Refused(f"has {len(times)} times for {len(prices)} prices")
    if not isinstance(unit, str):
        return Refused("does not say its unit")
    gathered = Gathered()
    starts = [from_epoch(one, 1) for one in times]
    known = [one for one in starts if isinstance(one, datetime)]
    ends = dict(zip(known, ends_of(known), strict=True))
    for start, price in zip(starts, prices, strict=True):
        end = ends[start] if isinstance(start, datetime) else start
        gathered.take(asked.quantity, start, end, number(price))
    return gathered.document({asked.quantity: unit})


def awattar(body: bytes, asked: Asked) -> Document | Refused:
    """`{"object": "list", "data": [{"start_timestamp": ms, ..., "unit": "Eur/MWh"}]}`."""
    read = read_json(body)
    if isinstance(read, Refused):
        return read
    data = read.get("data") if isinstance(read, dict) else None
    if not isinstance(data, list):
        return Refused(_told(read) or "has no list data")
    gathered, units = Gathered(), set()
    for row in data:
        if not isinstance(row, dict):
            gathered.fault("is no block of keys")
            continue
        start = from_epoch(row.get("start_timestamp"), 1000)
        end = from_epoch(row.get("end_timestamp"), 1000)
        gathered.take(asked.quantity, start, end, number(row.get("marketprice")))
        units.add(str(row.get("unit", "")))
    if len(units) > 1:
        return Refused("mixes units: " + ", ".join(sorted(unit[:20] for unit in units)))
    return gathered.document({asked.quantity: units.pop() if units else ""})


def octopus_agile(body: bytes, asked: Asked) -> Document | Refused:
    """`{"results": [{"value_exc_vat": p, "valid_from": ..., "valid_to": ...}]}`, pence per kWh.

    Prices are taken without VAT: what is added on site stands in the source's `factor`.
    """
    read = read_json(body)
    if isinstance(read, Refused):
        return read
    results = read.get("results") if isinstance(read, dict) else None
    if not isinstance(results, list):
        return Refused(_told(read) or "has no list results")
    gathered = Gathered()
    for row in results:
        if not isinstance(row, dict):
            gathered.fault("is no block of keys")
            continue
        start, end = from_iso(row.get("valid_from")), from_iso(row.get("valid_to"))
        gathered.take(asked.quantity, start, end, number(row.get("value_exc_vat")))
    return gathered.document({asked.quantity: asked.unit or "p/kWh"})


def _told(read: object) -> str:
    """What a provider says instead of data."""
    if not isinstance(read, dict):
        return ""
    for key in ("detail", "reason", "message", "error"):
        said = read.get(key)
        if isinstance(said, str):
            return f"the provider says: {said[:80]}"
    return ""
