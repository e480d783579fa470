"""The CSV contract of a backtest: read, checked, every wrong row named by its line.

Columns: `time` (ISO 8601 with offset, the beginning of its step), `load_kw`, and where they are
known `pv_kw`, `price_import_per_kwh`, `price_export_per_kwh`, `temperature_degc`, `ghi_w_m2`,
`co2_kg_per_kwh`. An empty field is a gap; a missing row is one, too.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from edge_agent.backtest.errors import DataFileError
from models.forecast.history import Floats

TIME = "time"
KNOWN = (
    "load_kw",
    "pv_kw",
    "price_import_per_kwh",
    "price_export_per_kwh",
    "temperature_degc",
    "ghi_w_m2",
    "co2_kg_per_kwh",
)
NOT_NEGATIVE = frozenset({"pv_kw", "ghi_w_m2", "co2_kg_per_kwh"})
MOST = 1e7
"""A figure beyond it is a wrong unit or a broken export."""
STEPS_S = (60, 300, 600, 900, 1800, 3600)
QUARTER_S = 900
SHOWN = 20
"""Wrong rows that are listed; the rest is counted."""
LEAST_ROWS = 2

Row = tuple[int, datetime, tuple[float, ...]]
"""Line, time, and the known columns in their order; nan where empty."""


@dataclass(frozen=True, slots=True, eq=False)
class DataFile:
    """What a file holds, on quarter hours from `start` (UTC); nan where it has a gap."""

    start: datetime
    columns: dict[str, Floats]
    """By the names of the contract; only what the file has."""
    ignored: tuple[str, ...]
    """Columns that are not part of the contract."""
    step_s: int
    """Of the file itself; longer steps are held, shorter ones averaged."""

    def __len__(self) -> int:
        return len(self.columns["load_kw"])


def read_data_file(path: Path) -> DataFile:
    """Read and check a file (`.gz` as well); raises DataFileError with every wrong row."""
    try:
        return _read(path)
    except UnicodeDecodeError as error:
        raise DataFileError((f"{path}: is not UTF-8 text: save it as UTF-8",)) from error
    except (OSError, EOFError) as error:
        why = getattr(error, "strerror", None) or error
        raise DataFileError((f"{path}: cannot be read: {why}",)) from error


def _read(path: Path) -> DataFile:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        header = [name.strip() for name in next(lines, [])]
        _check_header(header, path.name)
        mistakes: list[str] = []
        rows = list(_rows(lines, header, mistakes))
    step_s = _step_s(rows)
    mistakes += _order(rows, step_s)
    if mistakes:
        raise DataFileError(_shortened(path.name, mistakes))
    return _gathered(rows, header, step_s)


def _check_header(header: list[str], name: str) -> None:
    mistakes = [
        f"{name}: line 1: column {due!r} is missing"
        for due in (TIME, "load_kw")
        if due not in header
    ]
    mistakes += [
        f"{name}: line 1: column {one!r} stands there twice"
        for one in sorted(set(header) & {TIME, *KNOWN})
        if header.count(one) > 1
    ]
    if mistakes:
        raise DataFileError(tuple(mistakes))


def _rows(lines: Iterator[list[str]], header: list[str], mistakes: list[str]) -> Iterator[Row]:
    places = [header.index(name) if name in header else None for name in KNOWN]
    at = header.index(TIME)
    for line, fields in enumerate(lines, start=2):
        if not any(fields):
            continue
        if len(fields) != len(header):
            mistakes.append(f"line {line}: {len(fields)} fields where {len(header)} are due")
            continue
        moment = _moment(fields[at])
        if isinstance(moment, str):
            mistakes.append(f"line {line}: {moment}")
            continue
        numbers = tuple(
            math.nan if place is None else _number(fields[place], name, line, mistakes)
            for name, place in zip(KNOWN, places, strict=True)
        )
        yield line, moment, numbers


def _moment(text: str) -> datetime | str:
    """An aware UTC time on a whole minute, or what is wrong with it."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return f"time {text!r} is no ISO 8601 time"
    if moment.tzinfo is None:
        return f"time {text!r} has no offset from UTC, such as +01:00 or Z"
    moment = moment.astimezone(UTC)
    if moment.second or moment.microsecond:
        return f"time {text!r} is not on a whole minute"
    return moment


def _number(text: str, name: str, line: int, mistakes: list[str]) -> float:
    text = text.strip()
    if not text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        mistakes.append(f"line {line}: {name} {text!r} is no number")
        return math.nan
    if not math.isfinite(value) or abs(value) > MOST:
        mistakes.append(f"line {line}: {name} {text} cannot be")
        return math.nan
    if value < 0 and name in NOT_NEGATIVE:
        mistakes.append(f"line {line}: {name} {text} is below 0")
    return value


def _step_s(rows: list[Row]) -> int:
    """The commonest distance of neighbours; 0 with too few rows."""
    if len(rows) < LEAST_ROWS:
        return 0
    times = np.array([row[1].timestamp() for row in rows])
    steps, counts = np.unique(np.diff(times), return_counts=True)
    return int(steps[np.argmax(counts)])


def _order(rows: list[Row], step_s: int) -> list[str]:
    if step_s not in STEPS_S:
        minutes = ", ".join(str(s // 60) for s in STEPS_S)
        return [f"rows must be even steps of {minutes} min, these are {step_s / 60:g} min apart"]
    mistakes = []
    before: datetime | None = None
    for line, moment, _ in rows:
        if before is not None and moment <= before:
            what = "stands there twice" if moment == before else "is earlier than the row before"
            mistakes.append(f"line {line}: time {moment.isoformat()} {what}")
        elif int(moment.timestamp()) % step_s:
            mistakes.append(
                f"line {line}: time {moment.isoformat()} is off the raster of {step_s // 60} min"
            )
        before = moment
    return mistakes


def _shortened(name: str, mistakes: list[str]) -> tuple[str, ...]:
    shown = [f"{name}: {mistake}" for mistake in mistakes[:SHOWN]]
    if len(mistakes) > SHOWN:
        shown.append(f"{name}: and {len(mistakes) - SHOWN} more mistakes")
    return tuple(shown)


def _gathered(rows: list[Row], header: list[str], step_s: int) -> DataFile:
    first_s = int(rows[0][1].timestamp()) // QUARTER_S * QUARTER_S
    last_s = int(rows[-1][1].timestamp()) + step_s
    count = -(-(last_s - first_s) // QUARTER_S)
    columns = {}
    for place, name in enumerate(KNOWN):
        if name in header:
            values = np.array([row[2][place] for row in rows])
            times_s = np.array([int(row[1].timestamp()) for row in rows]) - first_s
            columns[name] = _quarters(times_s, values, step_s, count)
    ignored = tuple(name for name in header if name not in (TIME, *KNOWN))
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=first_s)
    return DataFile(start=start, columns=columns, ignored=ignored, step_s=step_s)


def _quarters(times_s: Floats, values: Floats, step_s: int, count: int) -> Floats:
    """Means per quarter hour; a quarter less than half measured is a gap."""
    known = np.isfinite(values)
    total, weight = np.zeros(count), np.zeros(count)
    part_s = min(step_s, QUARTER_S)
    for shift_s in range(0, step_s, part_s):
        places = ((times_s + shift_s) // QUARTER_S).astype(np.int64)
        np.add.at(total, places[known], values[known] * part_s)
        np.add.at(weight, places[known], part_s)
    result: Floats = np.full(count, np.nan)
    enough = weight >= QUARTER_S / 2
    result[enough] = total[enough] / weight[enough]
    return result
