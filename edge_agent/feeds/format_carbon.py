"""Carbon intensity as the GB Carbon Intensity API and Electricity Maps publish it. Pure."""

from __future__ import annotations

from datetime import datetime

from edge_agent.feeds.document import (
    Asked,
    Document,
    Gathered,
    Json,
    Refused,
    ends_of,
    from_iso,
    number,
    read_json,
)


def carbon_intensity_uk(body: bytes, asked: Asked) -> Document | Refused:
    """`{"data": [{"from": "2018-01-20T12:00Z", "to": ..., "intensity": {"forecast": 266}}]}`."""
    read = read_json(body)
    if isinstance(read, Refused):
        return read
    if not isinstance(read, dict):
        return Refused("is no carbon intensity answer")
    data = read.get("data")
    if not isinstance(data, list):
        return Refused(_told(read.get("error")))
    gathered = Gathered()
    for row in data:
        intensity = row.get("intensity") if isinstance(row, dict) else None
        if not isinstance(row, dict) or not isinstance(intensity, dict):
            gathered.fault("has no intensity")
            continue
        value = number(intensity.get("forecast"))
        gathered.take(asked.quantity, from_iso(row.get("from")), from_iso(row.get("to")), value)
    return gathered.document({asked.quantity: "gCO2/kWh"})


def electricity_maps(body: bytes, asked: Asked) -> Document | Refused:
    """`{"zone": "DE", "forecast": [{"carbonIntensity": 326, "datetime": ...}], ...}`."""
    read = read_json(body)
    if isinstance(read, Refused):
        return read
    if not isinstance(read, dict) or not isinstance(read.get("forecast"), list):
        return Refused(_told(read.get("error") if isinstance(read, dict) else None))
    if read.get("zone") != asked.zone:
        return Refused(f"is of zone {str(read.get('zone'))[:20]}, asked was {asked.zone[:20]}")
    gathered = Gathered()
    rows = [row if isinstance(row, dict) else {} for row in read["forecast"]]
    starts = [from_iso(row.get("datetime")) for row in rows]
    known = [start for start in starts if isinstance(start, datetime)]
    ends = dict(zip(known, ends_of(known), strict=True))
    for row, start in zip(rows, starts, strict=True):
        end = ends[start] if isinstance(start, datetime) else start
        gathered.take(asked.quantity, start, end, number(row.get("carbonIntensity")))
    published = from_iso(read.get("updatedAt"))
    moment = published if isinstance(published, datetime) else None
    return gathered.document({asked.quantity: "gCO2eq/kWh"}, moment)


def _told(error: Json) -> str:
    if isinstance(error, dict):
        error = error.get("message")
    return f"the provider says: {error[:80]}" if isinstance(error, str) else "has no list of values"
