"""Telemetry messages: whole commits as columns, one series per point and unit, grouped by device.

Live messages are plain JSON, backlog messages the same JSON deflated by zlib. A message covers
`first..last`: the commits in it are all there ever will be of that range, so a range that the
store has thinned leaves no gap. `(gateway, seq)` is the idempotency key. Personal data stays at
home: withheld points leave no trace but the commit's number.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isfinite
from typing import cast

from edge_agent.cloud.transport import CloudError, CloudLimitError

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
class Commit:
    """One group commit of the store: `seq` rises strictly over the gateway's whole life."""

    seq: int
    boot: int
    at_ms: int
    readings: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What one message carries: every commit there is in `first..last`, all of one boot."""

    gateway: str
    boot: int
    first: int
    last: int
    commits: tuple[Commit, ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """A message ready to go."""

    first: int
    last: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """How commits become messages: for whom, how large, deflated or not, and what stays here."""

    gateway: str
    max_payload: int
    deflate: bool = False
    withheld: frozenset[PointKey] = frozenset()


def measurement_topic(gateway: str, *, backlog: bool, rule: str = "") -> str:
    """Where a message goes; through Basic Ingest when a rule is named."""
    lane = "backfill" if backlog else "batch"
    topic = f"devices/{gateway}/{lane}/measurement"
    return f"$aws/rules/{rule}/{topic}" if rule else topic


def pack(commits: Sequence[Commit], after: int, packing: Packing) -> list[Packed]:
    """Messages that cover `after + 1` to the last commit without a gap, split between commits.

    CloudLimitError when a single commit is larger than a message may be.
    """
    messages: list[Packed] = []
    covered = after
    for _, run in groupby(commits, key=lambda commit: commit.boot):
        portion = tuple(run)
        messages += _pack_run(portion, covered, packing)
        covered = portion[-1].seq
    return messages


def _pack_run(commits: tuple[Commit, ...], after: int, packing: Packing) -> list[Packed]:
    telemetry = Telemetry(
        gateway=packing.gateway,
        boot=commits[0].boot,
        first=after + 1,
        last=commits[-1].seq,
        commits=tuple(canonical(commit, packing.withheld) for commit in commits),
    )
    payload = encode(telemetry, deflate=packing.deflate)
    if len(payload) <= packing.max_payload:
        return [Packed(telemetry.first, telemetry.last, payload)]
    if len(commits) == 1:
        if not packing.deflate:
            tighter = Packing(
                gateway=packing.gateway,
                max_payload=packing.max_payload,
                deflate=True,
                withheld=packing.withheld,
            )
            return _pack_run(commits, after, tighter)
        msg = f"commit {commits[0].seq} alone takes {len(payload)} bytes of {packing.max_payload}"
        raise CloudLimitError(msg)
    half = len(commits) // 2
    head, tail = commits[:half], commits[half:]
    return _pack_run(head, after, packing) + _pack_run(tail, head[-1].seq, packing)


def canonical(commit: Commit, withheld: frozenset[PointKey] = frozenset()) -> Commit:
    """The commit as a message carries it: readings by device, point and unit, none withheld."""
    kept = (row for row in commit.readings if (row.device, row.point) not in withheld)
    ordered = tuple(sorted(kept, key=lambda row: (row.device, row.point, row.unit)))
    return Commit(seq=commit.seq, boot=commit.boot, at_ms=commit.at_ms, readings=ordered)


def encode(telemetry: Telemetry, *, deflate: bool) -> bytes:
    """The payload of canonical commits."""
    devices: dict[str, list[dict[str, object]]] = {}
    for (device, point, unit), entries in _series(telemetry.commits).items():
        columns: dict[str, object] = {
            "point": point,
            "unit": unit,
            "commit": [index for index, _ in entries],
            "after_ms": [row.at_ms - telemetry.commits[index].at_ms for index, row in entries],
            "value": [row.value for _, row in entries],
        }
        qualities = [row.quality for _, row in entries]
        if any(quality != GOOD for quality in qualities):
            columns["quality"] = qualities
        devices.setdefault(device, []).append(columns)
    document = {
        "format": FORMAT,
        "gateway": telemetry.gateway,
        "boot": telemetry.boot,
        "covers": [telemetry.first, telemetry.last],
        "seq": [commit.seq for commit in telemetry.commits],
        "at_ms": [commit.at_ms for commit in telemetry.commits],
        "devices": devices,
    }
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


def _inflate(payload: bytes) -> bytes:
    inflater = zlib.decompressobj()
    plain = inflater.decompress(payload, MAX_INFLATED)
    if not inflater.eof:
        msg = f"deflated message is cut off or larger than {MAX_INFLATED} bytes"
        raise BadMessageError(msg)
    return plain


def _series(
    commits: Iterable[Commit],
) -> dict[tuple[str, str, str], list[tuple[int, Row]]]:
    series: dict[tuple[str, str, str], list[tuple[int, Row]]] = {}
    for index, commit in enumerate(commits):
        for row in commit.readings:
            series.setdefault((row.device, row.point, row.unit), []).append((index, row))
    return dict(sorted(series.items()))


def _telemetry(document: dict[str, object]) -> Telemetry:
    seqs = cast("list[int]", document["seq"])
    times = cast("list[int]", document["at_ms"])
    rows: list[list[Row]] = [[] for _ in seqs]
    devices = cast("dict[str, list[dict[str, list[object]]]]", document["devices"])
    for device, columns in sorted(devices.items()):
        for series in columns:
            for index, row in _rows(device, series, times):
                rows[index].append(row)
    boot = cast("int", document["boot"])
    first, last = cast("list[int]", document["covers"])
    return Telemetry(
        gateway=str(document["gateway"]),
        boot=boot,
        first=first,
        last=last,
        commits=tuple(
            Commit(seq=seq, boot=boot, at_ms=at_ms, readings=tuple(readings))
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
