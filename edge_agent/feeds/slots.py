"""Values in time as they are kept: house unit, before the source's factor and adder. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from edge_agent.feeds.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Slot:
    """One value from `start` to `end` (UTC); `mark` says why it is in doubt, empty if it is not."""

    quantity: Quantity
    start: datetime
    end: datetime
    value: float
    mark: str = ""


Slots = tuple[Slot, ...]
"""By quantity and start, none overlapping another of its quantity."""


def of_quantity(slots: Iterable[Slot], quantity: Quantity) -> Slots:
    """Those of one quantity, in order."""
    return tuple(slot for slot in slots if slot.quantity is quantity)


def apart(slots: Iterable[Slot]) -> tuple[Slots, int]:
    """Slots of one quantity that do not overlap, the shorter ones first; and how many did."""
    starts: list[datetime] = []
    kept: list[Slot] = []
    dropped = 0
    for slot in sorted(slots, key=lambda one: (one.end - one.start, one.start)):
        if overlapped(slot, starts, kept):
            dropped += 1
            continue
        place = bisect_left(starts, slot.start)
        starts.insert(place, slot.start)
        kept.insert(place, slot)
    return tuple(kept), dropped


def overlapped(slot: Slot, starts: Sequence[datetime], kept: Sequence[Slot]) -> bool:
    """Whether a slot shares time with one of `kept`, whose starts are `starts`."""
    after = bisect_left(starts, slot.end)
    return after > 0 and kept[after - 1].end > slot.start


def at(slots: Sequence[Slot], starts: Sequence[datetime], moment: datetime) -> Slot | None:
    """The slot that holds at a moment; `starts` are those of the slots, of one quantity."""
    place = bisect_right(starts, moment) - 1
    if place < 0 or slots[place].end <= moment:
        return None
    return slots[place]


def merged(known: Slots, fresh: Slots, *, keep_sound: bool, oldest: datetime) -> Slots:
    """Known and fresh together; fresh ones win, unless sound known ones are to be kept."""
    found: list[Slot] = []
    for quantity in Quantity:
        before, after = of_quantity(known, quantity), of_quantity(fresh, quantity)
        first, second = (
            (tuple(slot for slot in before if not slot.mark), after)
            if keep_sound
            else (after, before)
        )
        starts = [slot.start for slot in first]
        joined = [*first, *(slot for slot in second if not overlapped(slot, starts, first))]
        found += sorted(joined, key=lambda slot: slot.start)
    return tuple(slot for slot in found if slot.end > oldest)


def marked(slots: Iterable[Slot], mark: str) -> Slots:
    """The slots with one more doubt."""
    if not mark:
        return tuple(slots)
    return tuple(
        replace(slot, mark=f"{slot.mark}; {mark}" if slot.mark else mark) for slot in slots
    )
