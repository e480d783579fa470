"""Telemetry messages: whole commits as columns, one series per point and unit, grouped by device.

Live messages are plain JSON, backlog messages the same JSON deflated by zlib. A message covers
`first..last`: the commits in it are all there ever will be of that range, so a range that the
store has thinned leaves no gap; `gone` says with numbers what was given up there. A commit too
large for one message comes in parts, and counts as there when all of them are. `(gateway, seq)`
is the idempotency key.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isfinite
from typing import NamedTuple, cast

from edge_agent.cloud.transport import CloudError

FORMAT = 1
ZLIB_LEVEL = 6
MAX_INFLATED = 32 * 1024 * 1024
GOOD = "good"

PointKey = tuple[str, str]
"""(device, point)."""


class BadMessageError(CloudError):
    """A payload is no telemetry message of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One reading; `value` in `unit`, None when there is none. `at_ms` is UTC since 1970."""

    device: str
    point: str
    at_ms: int
    value: float | None
    quality: str
    unit: str

    def __post_init__(self) -> None:
        """Refuse what JSON cannot carry."""
        if self.value is not None and not isfinite(self.value):
            msg = f"{self.device}.{self.point}: {self.value} is no value; missing is None"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The readings of one point in one commit; values finite or None, `at_ms` UTC since 1970."""

    device: str
    point: str
    unit: str
    at_ms: Sequence[int]
    values: Sequence[float | None]
    qualities: Sequence[str] | None = None
    """None when all of them are good."""

    @property
    def rows(self) -> Iterable[Row]:
        """One by one."""
        qualities = self.qualities or [GOOD] * len(self.at_ms)
        for at_ms, value, quality in zip(self.at_ms, self.values, qualities, strict=True):
            yield Row(
                device=self.device,
                point=self.point,
                at_ms=at_ms,
                value=value,
                quality=quality,
                unit=self.unit,
            )

    def cut(self, start: int, end: int) -> Series:
        """The readings from place `start` to before `end`."""
        return Series(
            device=self.device,
            point=self.point,
            unit=self.unit,
            at_ms=self.at_ms[start:end],
            values=self.values[start:end],
            qualities=self.qualities and self.qualities[start:end],
        )


class Gone(NamedTuple):
    """Commits `first..last` held `readings` readings; `kept` means of them are left, 0 for none."""

    first: int
    last: int
    readings: int
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One group commit of the store: `seq` rises strictly over the gateway's whole life."""

    seq: int
    boot: int
    at_ms: int
    series: tuple[Series, ...]
    gone: tuple[Gone, ...] = ()
    """What was given up between the commit before and this one, itself included."""
    damaged: bool = False
    """It cannot be read any more: only its number goes out, and `gone` names its readings."""

    @property
    def readings(self) -> tuple[Row, ...]:
        """All readings, point by point, built anew at each call."""
        return tuple(row for one in self.series for row in one.rows)

    @property
    def count(self) -> int:
        """How many readings there are in it."""
        return sum(len(one.at_ms) for one in self.series)


def series_of(rows: Iterable[Row]) -> tuple[Series, ...]:
    """Readings by device, point and unit, those of one point in the order given."""
    found: list[Series] = []
    for key, group in groupby(sorted(rows, key=_key), key=_key):
        members = list(group)
        device, point, unit = key
        qualities = tuple(row.quality for row in members)
        series = Series(
            device=device,
            point=point,
            unit=unit,
            at_ms=tuple(row.at_ms for row in members),
            values=tuple(row.value for row in members),
            qualities=qualities if any(quality != GOOD for quality in qualities) else None,
        )
        found.append(series)
    return tuple(found)


class Part(NamedTuple):
    """Part `number` (from 1) of `of` of a commit with so many readings."""

    number: int
    of: int
    readings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What one message carries: every commit there is in `first..last`, all of one boot."""

    gateway: str
    boot: int
    first: int
    last: int
    commits: tuple[Commit, ...]
    gone: tuple[Gone, ...] = ()
    part: Part | None = None
    """Only of a message whose one commit does not fit into it."""


def measurement_topic(gateway: str, *, backlog: bool, rule: str = "") -> str:
    """Where a message goes; through Basic Ingest when a rule is named."""
    lane = "backfill" if backlog else "batch"
    topic = f"devices/{gateway}/{lane}/measurement"
    return f"$aws/rules/{rule}/{topic}" if rule else topic


def encode(telemetry: Telemetry, *, deflate: bool) -> bytes:
    """The payload."""
    devices: dict[str, list[dict[str, object]]] = {}
    for (device, point, unit), entries in _by_point(telemetry.commits).items():
        columns: dict[str, object] = {
            "point": point,
            "unit": unit,
            "commit": [index for index, one in entries for _ in one.at_ms],
            "after_ms": [
                at_ms - telemetry.commits[index].at_ms
                for index, one in entries
                for at_ms in one.at_ms
            ],
            "value": [value for _, one in entries for value in one.values],
        }
        if any(one.qualities for _, one in entries):
            columns["quality"] = [
                quality
                for _, one in entries
                for quality in one.qualities or [GOOD] * len(one.at_ms)
            ]
        devices.setdefault(device, []).append(columns)
    document: dict[str, object] = {
        "format": FORMAT,
        "gateway": telemetry.gateway,
        "boot": telemetry.boot,
        "covers": [telemetry.first, telemetry.last],
        "seq": [commit.seq for commit in telemetry.commits],
        "at_ms": [commit.at_ms for commit in telemetry.commits],
        "devices": devices,
    }
    if telemetry.gone:
        document["gone"] = telemetry.gone
    if telemetry.part:
        document["part"] = telemetry.part
    plain = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    return zlib.compress(plain, ZLIB_LEVEL) if deflate else plain


def decode(payload: bytes) -> Telemetry:
    """The inverse of `encode`, plain or deflated; BadMessageError when it is neither."""
    try:
        document = json.loads(payload if payload[:1] == b"{" else _inflate(payload))
        if document["format"] != FORMAT:
            msg = f"message format {document['format']!r} is unknown"
            raise BadMessageError(msg)
        return _telemetry(document)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, zlib.error) as error:
        msg = f"not a telemetry message: {type(error).__name__}: {error}"
        raise BadMessageError(msg) from error


def _key(row: Row) -> tuple[str, str, str]:
    return row.device, row.point, row.unit


def _inflate(payload: bytes) -> bytes:
    inflater = zlib.decompressobj()
    plain = inflater.decompress(payload, MAX_INFLATED)
    if not inflater.eof:
        msg = f"deflated message is cut off or larger than {MAX_INFLATED} bytes"
        raise BadMessageError(msg)
    return plain


def _by_point(
    commits: Iterable[Commit],
) -> dict[tuple[str, str, str], list[tuple[int, Series]]]:
    found: dict[tuple[str, str, str], list[tuple[int, Series]]] = {}
    for index, commit in enumerate(commits):
        for one in commit.series:
            found.setdefault((one.device, one.point, one.unit), []).append((index, one))
    return dict(sorted(found.items()))


def _telemetry(document: dict[str, object]) -> Telemetry:
    seqs = cast("list[int]", document["seq"])
    times = cast("list[int]", document["at_ms"])
    rows: list[list[Row]] = [[] for _ in seqs]
    devices = cast("dict[str, list[dict[str, list[object]]]]", document["devices"])
    for device, columns in devices.items():
        for series in columns:
            for index, row in _rows(device, series, times):
                rows[index].append(row)
    boot = cast("int", document["boot"])
    first, last = cast("list[int]", document["covers"])
    gone = cast("list[list[int]]", document.get("gone", []))
    part = cast("list[int] | None", document.get("part"))
    return Telemetry(
        gateway=str(document["gateway"]),
        boot=boot,
        first=first,
        last=last,
        gone=tuple(Gone(*numbers) for numbers in gone),
        part=None if part is None else Part(*part),
        commits=tuple(
            Commit(seq=seq, boot=boot, at_ms=at_ms, series=series_of(readings))
            for seq, at_ms, readings in zip(seqs, times, rows, strict=True)
        ),
    )


def _rows(
    device: str, series: dict[str, list[object]], times: Sequence[int]
) -> Iterable[tuple[int, Row]]:
    indices = cast("list[int]", series["commit"])
    qualities = series.get("quality", [GOOD] * len(indices))
    offsets = cast("list[int]", series["after_ms"])
    values = cast("list[float | None]", series["value"])
    for index, after_ms, value, quality in zip(indices, offsets, values, qualities, strict=True):
        yield (
            index,
            Row(
                device=device,
                point=str(series["point"]),
                at_ms=times[index] + after_ms,
                value=None if value is None else float(value),
                quality=str(quality),
                unit=str(series["unit"]),
            ),
        )
