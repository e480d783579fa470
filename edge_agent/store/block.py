"""A group commit's readings as one compressed block of bytes and back, pure.

The block is a version byte and a zlib body. The body holds, in this order, the base time, the
dictionary of reasons, the distinct time columns, the distinct quality columns, a directory of the
points (number, which time column, which quality column, bytes of values) and the values. Points
of one device share their time and quality columns, and a reader that wants a few points steps
over the rest without decoding them. Times are whole milliseconds, rounded down; registers as read
(`Reading.raw`) are not kept.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate, groupby, pairwise
from typing import NamedTuple, TypeVar, cast

from drivers.types import Quality, Reading
from edge_agent.store.packing import (
    get_deltas,
    get_ints,
    get_varint,
    pack_floats,
    put_deltas,
    put_ints,
    put_varint,
    unpack_floats,
)
from edge_agent.store.stamps import from_ms, to_ms
from edge_agent.store.types import DamagedBlockError

FORMAT = 1
_QUALITIES = (
    Quality.GOOD,
    Quality.UNCERTAIN,
    Quality.STALE,
    Quality.BAD,
    Quality.ASLEEP,
    Quality.MISSING,
    Quality.NOT_IMPLEMENTED,
)
"""The place in this list is what is written: only ever append."""
_CODES = {quality: code for code, quality in enumerate(_QUALITIES)}


class PointName(NamedTuple):
    """What a point number stands for; another unit is another number."""

    device: str
    point: str
    unit: str

    @property
    def key(self) -> str:
        """`device.point`."""
        return f"{self.device}.{self.point}"


class Run(NamedTuple):
    """Consecutive readings of one point alike in all but time and value."""

    quality: Quality
    reason: str
    has_value: bool
    length: int


@dataclass(frozen=True, slots=True)
class Column:
    """The readings of one point, in the order they were gathered."""

    name: PointName
    at_ms: Sequence[int]
    """UTC ms since 1970; points read together share the list."""
    values: Sequence[float | None]
    runs: tuple[Run, ...]

    def usable(self) -> Iterator[tuple[Sequence[int], Sequence[float | None]]]:
        """Times and values of each run a decision may rest on (good or uncertain)."""
        place = 0
        for quality, _, _, length in self.runs:
            if quality.usable:
                end = place + length
                yield self.at_ms[place:end], self.values[place:end]
            place += length


def by_point(readings: Iterable[Reading]) -> dict[PointName, list[Reading]]:
    """Readings of each point, in the order given."""
    series: dict[tuple[str, str, str], list[Reading]] = {}
    for reading in readings:
        series.setdefault((reading.device, reading.point, reading.unit), []).append(reading)
    return {PointName(*name): found for name, found in series.items()}


def encode(series: Mapping[int, Sequence[Reading]]) -> bytes:
    """One block of at least one reading per point number; numbers are positive."""
    numbers = sorted(series)
    times, time_of = _distinct([tuple([to_ms(r.at) for r in series[n]]) for n in numbers])
    qualities, quality_of = _distinct([_runs(series[n]) for n in numbers])
    values = [_pack_values(series[n]) for n in numbers]
    body = bytearray()
    _put_times(body, times)
    _put_qualities(body, qualities)
    put_varint(body, len(numbers))
    put_ints(body, [after - before for before, after in pairwise([0, *numbers])])
    put_ints(body, time_of)
    put_ints(body, quality_of)
    put_ints(body, [len(packed) for packed in values])
    body += b"".join(values)
    return bytes((FORMAT,)) + zlib.compress(body, 1)


def decode(
    block: bytes, names: Mapping[int, PointName], wanted: Collection[int] | None = None
) -> list[Column]:
    """The columns of a block by rising point number, all or the `wanted`; DamagedBlockError."""
    if not block or block[0] != FORMAT:
        msg = f"block format {block[:1].hex() or 'missing'} is not {FORMAT:02x}"
        raise DamagedBlockError(msg)
    try:
        return _decode_body(zlib.decompress(memoryview(block)[1:]), names, wanted)
    except (zlib.error, struct.error, LookupError, ValueError) as error:
        msg = f"block does not decode: {error!r}"
        raise DamagedBlockError(msg) from error


def _decode_body(
    body: bytes, names: Mapping[int, PointName], wanted: Collection[int] | None
) -> list[Column]:
    times, at = _get_times(body, 0)
    qualities, at = _get_qualities(body, at)
    count, at = get_varint(body, at)
    steps, at = get_ints(body, at, count)
    time_of, at = get_ints(body, at, count)
    quality_of, at = get_ints(body, at, count)
    sizes, at = get_ints(body, at, count)
    ends = list(accumulate(sizes, initial=at))
    columns = []
    for place, number in enumerate(accumulate(steps)):
        if wanted is None or number in wanted:
            runs = qualities[quality_of[place]]
            values = _unpack_values(body[ends[place] : ends[place + 1]], runs)
            columns.append(Column(names[number], times[time_of[place]], values, runs))
    return columns


def readings_of(columns: Iterable[Column]) -> list[Reading]:
    """The columns as readings, point by point; `raw` is empty."""
    stamps: dict[int, list[datetime]] = {}
    found: list[Reading] = []
    for column in columns:
        device, point, unit = column.name
        times = stamps.get(id(column.at_ms))
        if times is None:
            times = stamps[id(column.at_ms)] = [from_ms(at_ms) for at_ms in column.at_ms]
        start = 0
        for quality, reason, _, length in column.runs:
            end = start + length
            found += [
                Reading(
                    device=device,
                    point=point,
                    value=value,
                    unit=unit,
                    at=at,
                    quality=quality,
                    reason=reason,
                )
                for at, value in zip(times[start:end], column.values[start:end], strict=True)
            ]
            start = end
    return found


def shifted(columns: Sequence[Column], by_ms: int) -> list[Column]:
    """The columns with `by_ms` added to each time; what was read together still shares its list."""
    if not by_ms:
        return list(columns)
    times: dict[int, list[int]] = {}
    moved = []
    for column in columns:
        at_ms = times.get(id(column.at_ms))
        if at_ms is None:
            at_ms = times[id(column.at_ms)] = [at + by_ms for at in column.at_ms]
        moved.append(replace(column, at_ms=at_ms))
    return moved


_Item = TypeVar("_Item", bound=Hashable)


def _distinct(items: Iterable[_Item]) -> tuple[list[_Item], list[int]]:
    """Each different item once, and for each item its place among them."""
    places: dict[_Item, int] = {}
    order = [places.setdefault(item, len(places)) for item in items]
    return list(places), order


def _runs(readings: Sequence[Reading]) -> tuple[Run, ...]:
    kinds = groupby((r.quality, r.reason, r.value is not None) for r in readings)
    return tuple([Run(*kind, len(list(group))) for kind, group in kinds])


def _pack_values(readings: Sequence[Reading]) -> bytes:
    values = [float(r.value) for r in readings if r.value is not None]
    return pack_floats(values) if values else b""


def _unpack_values(packed: bytes, runs: Sequence[Run]) -> list[float | None]:
    """The values with None where a run has none."""
    present = unpack_floats(packed, sum(r.length for r in runs if r.has_value)) if packed else []
    if all(run.has_value for run in runs):
        return cast("list[float | None]", present)
    values: list[float | None] = []
    start = 0
    for run in runs:
        if run.has_value:
            values += present[start : start + run.length]
            start += run.length
        else:
            values += [None] * run.length
    return values


def _put_times(body: bytearray, columns: Sequence[Sequence[int]]) -> None:
    put_varint(body, len(columns))
    before = 0
    for times in columns:
        put_varint(body, len(times))
        put_varint(body, times[0] - before)
        before = times[0]
        if len(times) > 1:
            put_deltas(body, [b - a for a, b in pairwise(times)])


def _get_times(body: bytes, at: int) -> tuple[list[list[int]], int]:
    columns = []
    first = 0
    total, at = get_varint(body, at)
    for _ in range(total):
        count, at = get_varint(body, at)
        step, at = get_varint(body, at)
        first += step
        steps: list[int] = []
        if count > 1:
            steps, at = get_deltas(body, at, count - 1)
        columns.append(list(accumulate(steps, initial=first)))
    return columns, at


def _put_qualities(body: bytearray, columns: Sequence[Sequence[Run]]) -> None:
    reasons = list(dict.fromkeys(run.reason for runs in columns for run in runs))
    put_varint(body, len(reasons))
    for reason in reasons:
        text = reason.encode("utf-8", "surrogatepass")
        put_varint(body, len(text))
        body += text
    place = {reason: index for index, reason in enumerate(reasons)}
    put_varint(body, len(columns))
    for runs in columns:
        put_varint(body, len(runs))
        for run in runs:
            body.append(_CODES[run.quality] << 1 | run.has_value)
            put_varint(body, place[run.reason])
            put_varint(body, run.length)


def _get_qualities(body: bytes, at: int) -> tuple[list[tuple[Run, ...]], int]:
    reasons = []
    total, at = get_varint(body, at)
    for _ in range(total):
        size, at = get_varint(body, at)
        reasons.append(body[at : at + size].decode("utf-8", "surrogatepass"))
        at += size
    columns = []
    total, at = get_varint(body, at)
    for _ in range(total):
        count, at = get_varint(body, at)
        runs = []
        for _ in range(count):
            code = body[at]
            reason, at = get_varint(body, at + 1)
            length, at = get_varint(body, at)
            runs.append(Run(_QUALITIES[code >> 1], reasons[reason], bool(code & 1), length))
        columns.append(tuple(runs))
    return columns, at
