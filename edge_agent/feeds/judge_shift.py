"""Is the zone right? The series against what is known, moved by hours. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import StatisticsError, correlation, mean
from zoneinfo import ZoneInfo

from edge_agent.feeds.document import Refused
from edge_agent.feeds.quantity import Quantity
from edge_agent.feeds.slots import Slot
from edge_agent.feeds.verdict import FINE, Verdict

HOUR = timedelta(hours=1)
SHIFTS_H = tuple(hours for hours in range(-12, 13) if hours)
ENOUGH = 12
SAME, FEW_SAME, MOST_SAME = 1e-6, 0.5, 0.9
BETTER, GOOD = 0.4, 0.75
"""How much better, and how well, the day's pattern must fit when moved."""
DAY_H = 24


def shift_verdict(
    slots: Sequence[Slot], known: Sequence[Slot], zone: ZoneInfo, *, republishes: bool
) -> Verdict | Refused:
    """Whether the values stand at another hour than they should."""
    before = {slot.start: slot.value for slot in known if not slot.mark}
    if not republishes:
        return FINE if slots[0].quantity is Quantity.IRRADIANCE else _by_pattern(slots, known, zone)
    shared = _shared(slots, before, timedelta())
    if len(shared) < ENOUGH:
        return _by_pattern(slots, known, zone)
    same = _same(shared)
    if same < FEW_SAME:
        for hours in SHIFTS_H:
            moved = _shared(slots, before, hours * HOUR)
            varied = len({value for value, _ in moved}) > ENOUGH / 2
            if len(moved) >= ENOUGH and varied and _same(moved) >= MOST_SAME:
                return Refused(
                    f"the known values stand {-hours:+d} h from where they were: wrong zone"
                )
    if same < MOST_SAME:
        changed = round((1 - same) * len(shared))
        return Verdict(
            change=f"{changed} of {len(shared)} values differ from those published before"
        )
    return FINE


def _shared(
    slots: Sequence[Slot], before: Mapping[datetime, float], by: timedelta
) -> list[tuple[float, float]]:
    """New and known values of the same time, with the known ones looked up `by` later."""
    return [(slot.value, before[slot.start + by]) for slot in slots if slot.start + by in before]


def _same(pairs: Sequence[tuple[float, float]]) -> float:
    """Share of pairs that are equal."""
    return sum(abs(new - old) <= SAME for new, old in pairs) / len(pairs)


def _by_pattern(slots: Sequence[Slot], known: Sequence[Slot], zone: ZoneInfo) -> Verdict:
    """The mean day of new and of known values, by local hour."""
    now, then = _day(slots, zone), _day([slot for slot in known if not slot.mark], zone)
    if now is None or then is None:
        return FINE
    try:
        stays = correlation(now, then)
        moved = {h: correlation(now, then[-h:] + then[:-h]) for h in SHIFTS_H}
    except StatisticsError:
        return FINE
    best = max(moved, key=lambda hours: moved[hours])
    if moved[best] < GOOD or moved[best] - stays < BETTER:
        return FINE
    return Verdict(
        doubt=f"the day's pattern looks {best:+d} h from where it was: is the zone right?"
    )


def _day(slots: Sequence[Slot], zone: ZoneInfo) -> list[float] | None:
    hours: dict[int, list[float]] = {}
    for slot in slots:
        hours.setdefault(slot.start.astimezone(zone).hour, []).append(slot.value)
    if len(hours) < DAY_H:
        return None
    return [mean(hours[hour]) for hour in range(DAY_H)]
