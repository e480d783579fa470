"""From a clock that could not be trusted to UTC, through the monotonic clock. Pure.

Within one boot of the machine the monotonic clock ties every commit to every other. Once the time
is known at one moment (`Anchor`) it is known at all of them: a commit's readings move together by
one shift, so nothing is doubled, lost or put in another order within it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from drivers.types import Reading
from edge_agent.clock_trust import ClockTrust

EXACT_MS = 500
"""A smaller shift is the difference between two looks at the clock, not an error of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitStamp:
    """What a commit says about its time; `wall_ms` (UTC) and `mono_ms` were read together."""

    seq: int
    boot: int
    wall_ms: int
    mono_ms: int
    trust: ClockTrust


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A moment of a boot at which UTC was known; both were read together."""

    boot: int
    wall_ms: int
    mono_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restamp:
    """Every reading of the commit is to be moved by `shift_ms`; its stamps are then trusted."""

    seq: int
    shift_ms: int


def restamps(stamps: Iterable[CommitStamp], anchor: Anchor) -> Iterator[Restamp]:
    """What to do with the commits of the anchor's boot that were not trusted yet."""
    for stamp in stamps:
        if stamp.boot == anchor.boot and stamp.trust is not ClockTrust.SYNCHRONISED:
            yield Restamp(seq=stamp.seq, shift_ms=shift_ms(stamp, anchor))


def shift_ms(stamp: CommitStamp, anchor: Anchor) -> int:
    """What has to be added to the commit's stamps; 0 when the clock was right after all."""
    known = anchor.wall_ms - anchor.mono_ms
    found = known - (stamp.wall_ms - stamp.mono_ms)
    return 0 if abs(found) < EXACT_MS else found


def moved(readings: Sequence[Reading], by_ms: int) -> list[Reading]:
    """The readings at their true time, in their order, values and qualities untouched."""
    if by_ms == 0:
        return list(readings)
    span = timedelta(milliseconds=by_ms)
    return [replace(reading, at=reading.at + span) for reading in readings]
