"""Series handed over by people: a CSV file, or a JSON message by MQTT or shadow. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

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
from edge_agent.feeds.quantity import Quantity

COLUMNS = ("start", "value")
VALUE_NAMES = ("value", "price_per_kwh")
STEP_MIN = (5, 10, 15, 20, 30, 60)


def csv_drop(body: bytes, asked: Asked) -> Document | Refused:
    """`start,value` with `,` or `;`; times with offset, or local ones of the source's timezone."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Refused("is no UTF-8 text")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        return Refused("the file is empty")
    if lines[0].lstrip().startswith("<"):
        return Refused("the file is a web page, not CSV")
    mark = ";" if ";" in lines[0] else ","
    head = [cell.strip() for cell in lines[0].split(mark)]
    if len(head) != len(COLUMNS) or head[0] != COLUMNS[0] or head[1] not in VALUE_NAMES:
        return Refused("the first line must be start,value")
    unit = asked.unit or (f"{asked.currency}/kWh" if head[1] == "price_per_kwh" else "")
    try:
        cells = list(csv.reader(lines[1:], delimiter=mark))
    except csv.Error as error:
        return Refused(f"is no CSV: {error}")
    return _csv_rows(cells, mark, asked).document({asked.quantity: unit})


def _csv_rows(cells: Iterable[list[str]], mark: str, asked: Asked) -> Gathered:
    gathered = Gathered()
    read: list[tuple[datetime, float]] = []
    seen: set[datetime] = set()
    for row in cells:
        if len(row) != len(COLUMNS):
            gathered.fault("has not two columns")
            continue
        start, value = _start(row[0].strip(), asked.timezone, seen), _cell(row[1].strip(), mark)
        if isinstance(start, str) or isinstance(value, str):
            gathered.fault(start if isinstance(start, str) else str(value))
        else:
            read.append((start, value))
    ends = ends_of([start for start, _ in read])
    for (start, value), end in zip(read, ends, strict=True):
        gathered.take(asked.quantity, start, end, value)
    return gathered


def _start(text: str, timezone: str, seen: set[datetime]) -> datetime | str:
    """Local times of the doubled hour in October: the first is summer's, the second winter's."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        return "the time cannot be read"
    if given.utcoffset() is not None:
        return from_iso(text)
    zone = ZoneInfo(timezone)
    start = given.replace(tzinfo=zone).astimezone(UTC)
    if start.astimezone(zone).replace(tzinfo=None) != given:
        return "the local time does not exist on the day the clocks go forward"
    if start in seen:
        start = given.replace(tzinfo=zone, fold=1).astimezone(UTC)
    seen.add(start)
    return start


def _cell(text: str, mark: str) -> float | str:
    if not text:
        return "has no value"
    try:
        return number(float(text.replace(",", ".") if mark == ";" else text))
    except ValueError:
        return "the value is no number"


def message(body: bytes, asked: Asked) -> Document | Refused:
    """`{"unit": "EUR/MWh", "start": "...Z", "step_min": 60, "values": [...]}`.

    Weather comes as `{"series": [{"quantity": "temperature", ...}, ...]}`, one block each.
    """
    read = read_json(body)
    if isinstance(read, Refused):
        return read
    if not isinstance(read, dict):
        return Refused("is no block of keys")
    blocks = read.get("series", [read])
    if not isinstance(blocks, list) or not blocks:
        return Refused("has no list series")
    gathered, units = Gathered(), {}
    for block in blocks:
        told = _block(block, asked, gathered)
        if isinstance(told, Refused):
            return told
        units[told[0]] = told[1]
    published = from_iso(read.get("published"))
    return gathered.document(units, published if isinstance(published, datetime) else None)


def _block(block: Json, asked: Asked, gathered: Gathered) -> tuple[Quantity, str] | Refused:
    if not isinstance(block, dict):
        return Refused("a series is no block of keys")
    named = str(block.get("quantity", asked.quantity.value))
    if named not in {one.value for one in Quantity}:
        return Refused(f"does not know the quantity {named[:20]!r}")
    start, step_min, values = (
        from_iso(block.get("start")),
        block.get("step_min"),
        block.get("values"),
    )
    if isinstance(start, str):
        return Refused(f"start: {start}")
    if step_min not in STEP_MIN or not isinstance(step_min, int):
        return Refused("step_min must be one of " + ", ".join(str(one) for one in STEP_MIN))
    if not isinstance(values, list):
        return Refused("has no list values")
    quantity, step = Quantity(named), timedelta(minutes=step_min)
    for index, value in enumerate(values):
        gathered.take(quantity, start + index * step, start + (index + 1) * step, number(value))
    return quantity, str(block.get("unit") or asked.unit)
