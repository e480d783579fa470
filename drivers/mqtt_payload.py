"""MQTT payloads to numbers: any bytes give values or a reason, never an exception.

Two forms: the seed's `semdr_v1` JSON, and free-form JSON read by dotted path.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SEED_FORMAT = "semdr_v1"
SEED_UNITS: Mapping[str, Mapping[str, str]] = {
    "electrical": {"power": "kW", "voltage": "V", "current": "A"},
    "environmental": {"temperature": "degC", "humidity": "percent", "pressure": "hPa"},
    "occupancy": {"is_occupied": "", "occupancy_count": ""},
    "battery": {
        "voltage": "V",
        "current": "A",
        "power": "kW",
        "soc": "percent",
        "temperature": "degC",
    },
    "weather": {
        "solar_irradiance": "W/m2",
        "temperature": "degC",
        "humidity": "percent",
        "wind_speed": "m/s",
    },
    "inverter": {
        "ac_power": "kW",
        "dc_power": "kW",
        "efficiency": "percent",
        "temperature": "degC",
    },
    "meter": {
        "active_power": "kW",
        "reactive_power": "kVAr",
        "voltage": "V",
        "current": "A",
        "frequency": "Hz",
    },
    "grid": {"voltage_thd": "percent", "current_thd": "percent", "power_factor": ""},
}
"""Measurements and units of the seed, by topic segment."""

MAX_BYTES = 65_536
"""Longest payload that is taken."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Above this an epoch stamp can only be in milliseconds (it would lie beyond the year 5000).
_MILLISECONDS_FROM = 1e11


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why a payload or a value in it is no use."""

    reason: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The payload is sound and does not speak of that path."""


@dataclass(frozen=True, slots=True)
class Document:
    """A sound JSON payload and the time it says of itself (UTC), None when it says none."""

    root: object
    stamped: datetime | None


def parse(payload: bytes) -> Document | Malformed:
    """A free-form payload; NaN, Infinity and more than 64 KiB are refused."""
    if len(payload) > MAX_BYTES:
        return Malformed(f"it is longer than {MAX_BYTES} bytes")
    try:
        root = json.loads(payload, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return Malformed(f"no JSON: {type(error).__name__}")
    stamped = moment(root.get("timestamp")) if isinstance(root, dict) else None
    return Document(root, stamped)


def parse_seed(payload: bytes, device_id: str) -> Document | Malformed:
    """A `semdr_v1` payload of `device_id` (empty: any); `measurements` must be a mapping."""
    document = parse(payload)
    if isinstance(document, Malformed):
        return document
    root = document.root
    if not isinstance(root, dict):
        return Malformed("the payload is no mapping")
    if root.get("data_format") != SEED_FORMAT:
        return Malformed(f"data_format is not {SEED_FORMAT}")
    if device_id and root.get("device_id") != device_id:
        return Malformed(f"device_id is not {device_id}")
    if not isinstance(root.get("measurements"), dict):
        return Malformed("measurements is no mapping")
    return document


def number(document: Document, path: str, scale: float = 1.0) -> float | Malformed | Absent:
    """The finite number at a dotted path (list items by index, empty: the root), times `scale`."""
    found = document.root
    for step in path.split(".") if path else ():
        found = _step(found, step)
        if isinstance(found, Absent):
            return found
    if not isinstance(found, int | float):
        return Malformed(f"{path or 'the payload'} is no number")
    try:
        value = float(found) * scale
    except OverflowError:
        value = math.inf
    return value if math.isfinite(value) else Malformed(f"{path or 'the payload'} is not finite")


def moment(stamp: object) -> datetime | None:
    """An ISO 8601 text (UTC when it names no offset) or an epoch in s or ms, as UTC."""
    try:
        if isinstance(stamp, str):
            parsed = datetime.fromisoformat(stamp)
            aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
            return aware.astimezone(UTC)
        if isinstance(stamp, int | float) and not isinstance(stamp, bool):
            seconds = stamp / 1000 if abs(stamp) >= _MILLISECONDS_FROM else stamp
            return _EPOCH + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return None
    return None


def _step(found: object, step: str) -> object:
    if isinstance(found, Mapping) and step in found:
        return found[step]
    if isinstance(found, Sequence) and not isinstance(found, str) and step.isdecimal():
        index = int(step) if len(step) < 6 else len(found)  # noqa: PLR2004
        return found[index] if index < len(found) else Absent()
    return Absent()


def _refuse(constant: str) -> object:
    msg = f"{constant} is no number"
    raise ValueError(msg)
