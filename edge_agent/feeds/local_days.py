"""Local days in UTC: 23, 24 or 25 hours long. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from edge_agent.feeds.slots import Slot

_NAMES = {15: "quarter-hours", 30: "half-hours", 60: "hours"}


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins, UTC."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def missing_in_days(slots: Sequence[Slot], zone: ZoneInfo) -> Iterator[str]:
    """Local days that have some of their steps and not all."""
    if not slots:
        return
    day = slots[0].start.astimezone(zone).date()
    while day <= (slots[-1].end - timedelta(microseconds=1)).astimezone(zone).date():
        begins, ends = midnight(day, zone), midnight(day + timedelta(days=1), zone)
        inside = [slot for slot in slots if begins <= slot.start < ends]
        if inside:
            step = min(slot.end - slot.start for slot in inside)
            covered = sum((slot.end - slot.start for slot in inside), timedelta())
            wanted, missing = round((ends - begins) / step), round((ends - begins - covered) / step)
            if missing > 0:
                name = _NAMES.get(round(step.total_seconds() / 60), "steps")
                yield f"{day}: {missing} of {wanted} {name} missing"
        day += timedelta(days=1)
