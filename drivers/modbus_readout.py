"""What to ask a unit with a register profile for, and how its replies become readings; pure.

Prepared once for each group of points and kept until a hole is learnt or forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from drivers.codec import Registers
from drivers.codec_block import BlockDecoder
from drivers.profile_registers import RegisterProfile
from drivers.readplan import Block, Limits, Span, plan
from drivers.types import Point, Quality, Reading

NO_VALUE = "the device has no value"
_GOOD, _BAD = Quality.GOOD, Quality.BAD
_UTC_OFFSET = timedelta(0)

Row = tuple[str, str, str, slice]
"""Device, name, unit and registers of a point: what a reading of it needs, without look-ups."""


@dataclass(frozen=True, slots=True)
class Request:
    """One block, and the readings of `points` that its reply brings, in their order."""

    block: Block
    points: tuple[Point, ...]
    decoder: BlockDecoder
    rows: tuple[Row, ...]
    """One a point."""

    def readings(self, registers: Registers, at: datetime) -> list[Reading]:
        """A reading for each point; ValueError when `at` is not in UTC."""
        if at.utcoffset() != _UTC_OFFSET:
            msg = f"readings need an aware UTC time, got {at!r}"
            raise ValueError(msg)
        # Thousands a second: filled in place they cost a third of what the constructor takes,
        # whose checks are done once for all of them.
        found: list[Reading] = []
        blank = object.__new__
        values = self.decoder.values(registers)
        for (device, name, unit, part), value in zip(self.rows, values, strict=True):
            reading = blank(Reading)
            fields = reading.__dict__
            fields["device"] = device
            fields["point"] = name
            fields["value"] = value
            fields["unit"] = unit
            fields["at"] = at
            fields["quality"] = _BAD if value is None else _GOOD
            fields["reason"] = NO_VALUE if value is None else ""
            fields["raw"] = registers[part]
            found.append(reading)
        return found


@dataclass(frozen=True, slots=True)
class ReadJob:
    """The requests that serve a group of points, and the points that no request serves.

    `places[i]` is where the i-th point asked for stands among the points of all requests with
    the absent behind them.
    """

    requests: tuple[Request, ...]
    absent: tuple[Point, ...]
    places: tuple[int, ...]
    in_order: bool


def prepare(
    profile: RegisterProfile, wanted: tuple[Point, ...], holes: Iterable[Span], max_block: int
) -> ReadJob:
    """The job for the points in `wanted`; a known hole is not asked for."""
    known = frozenset(holes)
    served: dict[Span, list[Point]] = {}
    for point in wanted:
        served.setdefault(profile.span(point.name), []).append(point)
    limits = Limits(max_block=max_block, max_gap=profile.max_gap)
    blocks = plan(served.keys() - known, limits, (*profile.hole_spans(), *known))
    requests = tuple(_request(profile, block, served) for block in blocks)
    absent = tuple(point for span in served if span in known for point in served[span])
    columns = [point.name for request in requests for point in request.points]
    columns += [point.name for point in absent]
    place = {name: index for index, name in enumerate(columns)}
    places = tuple(place[point.name] for point in wanted)
    return ReadJob(requests, absent, places, places == tuple(range(len(columns))))


def _request(profile: RegisterProfile, block: Block, served: dict[Span, list[Point]]) -> Request:
    """A block with its points."""
    start = block.area.address
    pairs = [(span, point) for span in block.spans for point in served[span]]
    parts = [(span.address - start, profile.encoding(point.name)) for span, point in pairs]
    rows = tuple(
        (point.device, point.name, point.unit, slice(span.address - start, span.end - start))
        for span, point in pairs
    )
    points = tuple(point for _, point in pairs)
    return Request(block, points, BlockDecoder(block.area.count, parts), rows)
