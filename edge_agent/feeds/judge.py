"""Judges a document: what of it is used, what is used in doubt, what is not used. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from edge_agent.feeds.document import Document, Refused
from edge_agent.feeds.judge_level import level_verdict
from edge_agent.feeds.judge_shape import shape_marks
from edge_agent.feeds.judge_shift import shift_verdict
from edge_agent.feeds.judge_sun import sun_verdict
from edge_agent.feeds.local_days import missing_in_days
from edge_agent.feeds.quantity import QUANTITIES, Bounds, Quantity, bounds_of
from edge_agent.feeds.slots import Slot, Slots, apart, marked, of_quantity
from edge_agent.feeds.source import Source
from edge_agent.feeds.units import conversion

PAST = timedelta(days=8)
AHEAD = timedelta(days=16)
"""Nobody knows a price or the weather beyond; older values say nothing any more."""
ODD_SHARE = 0.1
"""With more rows than that out of range, the document is something else."""
MAX_STEP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Judged:
    """`slots` are used, with their marks; `notes` say all that was odd.

    `doubtful`: what is known and sound goes before it.
    """

    slots: Slots
    notes: tuple[str, ...]
    doubtful: bool


def judge(document: Document, source: Source, now: datetime, known: Slots) -> Judged | Refused:
    """The document as slots in house units, held against bounds, calendar and what was known."""
    found: list[Slot] = []
    notes, doubtful = [*document.left_out], False
    for quantity in QUANTITIES[source.kind]:
        usable = _usable(document, quantity, source, now)
        if isinstance(usable, Refused):
            return usable
        slots, said = usable
        doubts = _doubts(slots, source, of_quantity(known, quantity))
        if isinstance(doubts, Refused):
            return doubts
        found += marked(slots, "; ".join((*doubts.doubts, *doubts.changes)))
        notes += [*said, *doubts.doubts, *doubts.changes]
        doubtful |= bool(doubts.doubts)
    if document.published is not None and document.published > now + timedelta(hours=1):
        notes.append(f"says it was published at {document.published:%Y-%m-%dT%H:%MZ}, after now")
    if max(slot.end for slot in found) <= now:
        notes.append("is late: it holds nothing from now on")
    return Judged(tuple(found), tuple(notes), doubtful)


@dataclass(frozen=True, slots=True)
class _Doubts:
    doubts: tuple[str, ...]
    changes: tuple[str, ...]


def _doubts(slots: Slots, source: Source, known: Slots) -> _Doubts | Refused:
    """Everything about the series as a whole."""
    quantity = slots[0].quantity
    doubts, changes = [*shape_marks(slots, source.asked)], []
    for verdict in (
        level_verdict(slots, bounds_of(quantity, source.currency), known),
        shift_verdict(slots, known, ZoneInfo(source.timezone), republishes=source.asked.day_ahead),
        sun_verdict(slots, source.latitude, source.longitude),
    ):
        if isinstance(verdict, Refused):
            return verdict
        doubts += [verdict.doubt] if verdict.doubt else []
        changes += [verdict.change] if verdict.change else []
    return _Doubts(tuple(doubts), tuple(changes))


def _usable(
    document: Document, quantity: Quantity, source: Source, now: datetime
) -> tuple[Slots, list[str]] | Refused:
    """Rows of one quantity that can be used one by one, and what was wrong with the others."""
    rows = [row for row in document.rows if row.quantity is quantity]
    if not rows:
        return Refused(f"holds no {quantity}")
    # What the site file says of the unit counts only where the document is silent.
    how = conversion(quantity, document.units.get(quantity, "") or source.unit, source.currency)
    if isinstance(how, str):
        return Refused(how)
    slots = [Slot(quantity, row.start, row.end, how.of(row.value)) for row in rows]
    bounds = bounds_of(quantity, source.currency)
    believable = [slot for slot in slots if bounds.low <= slot.value <= bounds.high]
    odd = len(slots) - len(believable)
    if odd > ODD_SHARE * len(slots):
        return Refused(_out_of_range(odd, len(slots), quantity, bounds))
    notes = [_out_of_range(odd, len(slots), quantity, bounds)] if odd else []
    timely = [slot for slot in believable if now - PAST < slot.end and slot.start < now + AHEAD]
    timely = [slot for slot in timely if slot.end - slot.start <= MAX_STEP]
    if len(timely) < len(believable):
        notes.append(
            f"{len(believable) - len(timely)} {quantity} rows too old, too far or too long"
        )
    single, doubled = _single(timely)
    kept, overlapping = apart(single)
    if not kept:
        return Refused(f"holds no usable {quantity}: " + ("; ".join(notes) or "all rows doubled"))
    notes += doubled
    if overlapping:
        overlap = f"{overlapping} {quantity} rows overlap others and are not used"
        notes.append(overlap)
        kept = marked(kept, overlap)
    notes += missing_in_days(kept, ZoneInfo(source.timezone))
    return kept, notes


def _out_of_range(odd: int, count: int, quantity: Quantity, bounds: Bounds) -> str:
    return (
        f"{odd} of {count} {quantity} values are outside {bounds.low:g} to {bounds.high:g} "
        "and are not used"
    )


def _single(slots: Iterable[Slot]) -> tuple[list[Slot], list[str]]:
    """Each start once; where two rows disagree, neither is used."""
    by_start: dict[datetime, list[Slot]] = {}
    for slot in slots:
        by_start.setdefault(slot.start, []).append(slot)
    kept, same, torn = [], 0, 0
    for group in by_start.values():
        if len({(slot.end, slot.value) for slot in group}) == 1:
            kept.append(group[0])
            same += len(group) > 1
        elif len({slot.end for slot in group}) > 1:
            kept += group
        else:
            torn += 1
    notes = [f"{same} times stand twice with the same value"] if same else []
    notes += [f"{torn} times stand twice with different values: neither is used"] if torn else []
    return kept, notes
