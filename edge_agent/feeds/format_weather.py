"""A weather forecast as Open-Meteo publishes it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from edge_agent.feeds.document import (
    Asked,
    Document,
    Gathered,
    Json,
    Refused,
    from_epoch,
    number,
    read_json,
)
from edge_agent.feeds.quantity import Quantity

FAR_DEGREES = 0.5
"""The grid cell that answers lies within so much of the place that was asked for."""
NAMES = {Quantity.TEMPERATURE: "temperature_2m", Quantity.IRRADIANCE: "shortwave_radiation"}
FARTHEST_S = 50_400.0
"""Local time is never further from UTC than 14 h."""
STEPS = {"minutely_15": timedelta(minutes=15), "hourly": timedelta(hours=1)}


def open_meteo(body: bytes, asked: Asked) -> Document | Refused:
    """`{"hourly_units": {...}, "hourly": {"time": [...], "temperature_2m": [...]}}`.

    Temperatures hold at their time; radiation is the mean of the step BEFORE its time.
    """
    read = read_json(body)
    if isinstance(read, Refused):
        return read
    if not isinstance(read, dict):
        return Refused("is no Open-Meteo answer")
    if read.get("error"):
        return Refused(f"the provider says: {str(read.get('reason'))[:80]}")
    block = next((name for name in STEPS if isinstance(read.get(name), dict)), None)
    if block is None:
        return Refused("has no hourly values")
    elsewhere = _elsewhere(read, asked)
    if elsewhere:
        return Refused(elsewhere)
    return _rows(read[block], read.get(f"{block}_units"), read, STEPS[block])


def _elsewhere(read: Mapping[str, Json], asked: Asked) -> str:
    latitude, longitude = number(read.get("latitude")), number(read.get("longitude"))
    if isinstance(latitude, str) or isinstance(longitude, str):
        return "does not say its place"
    if max(abs(latitude - asked.latitude), abs(longitude - asked.longitude)) > FAR_DEGREES:
        return (
            f"is of the place {latitude:.2f}, {longitude:.2f}, "
            f"asked was {asked.latitude:.2f}, {asked.longitude:.2f}"
        )
    return ""


def _rows(
    block: Mapping[str, Json], units: Json, read: Mapping[str, Json], step: timedelta
) -> Document | Refused:
    times = block.get("time")
    if not isinstance(times, list) or not isinstance(units, dict):
        return Refused("has no times or no units")
    offset_s = number(read.get("utc_offset_seconds"))
    if isinstance(offset_s, str) or abs(offset_s) > FARTHEST_S:
        return Refused("does not say the offset of its times")
    gathered, said = Gathered(), {}
    for quantity, name in NAMES.items():
        values = block.get(name)
        if not isinstance(values, list) or len(values) != len(times):
            gathered.fault(f"{name} does not fit the times")
            continue
        said[quantity] = str(units.get(name, ""))
        before = step if quantity is Quantity.IRRADIANCE else timedelta()
        for time, value in zip(times, values, strict=True):
            at = _moment(time, offset_s)
            start = at if isinstance(at, str) else at - before
            end = start if isinstance(start, str) else start + step
            gathered.take(quantity, start, end, number(value))
    return gathered.document(said)


def _moment(given: Json, offset_s: float) -> datetime | str:
    """Local times come without offset and unix times in UTC."""
    if isinstance(given, (int, float)):
        return from_epoch(given, 1)
    if not isinstance(given, str):
        return "has no time"
    try:
        local = datetime.fromisoformat(given)
    except ValueError:
        return "the time cannot be read"
    if local.utcoffset() is None:
        local = local.replace(tzinfo=timezone(timedelta(seconds=offset_s)))
    return local.astimezone(UTC)
