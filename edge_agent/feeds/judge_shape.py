"""Does a series look like one of its kind? Ends at midnight, moves. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from edge_agent.feeds.document import Asked
from edge_agent.feeds.quantity import Quantity
from edge_agent.feeds.slots import Slot

FROZEN = timedelta(hours=10)
"""The same price for so long: a provider that repeats its last value."""


def shape_marks(slots: Sequence[Slot], asked: Asked) -> Iterator[str]:
    """Doubts about a whole series."""
    end = slots[-1].end.astimezone(ZoneInfo(asked.timezone))
    if asked.day_ahead and end.time() != time(0):
        yield (
            f"ends at {end:%H:%M} and not at midnight in {asked.timezone}: "
            "a part is missing, or the zone is wrong"
        )
    if slots[0].quantity is not Quantity.IRRADIANCE:
        longest = max(_runs(slots), default=timedelta())
        if longest >= FROZEN:
            hours = longest / timedelta(hours=1)
            yield f"{slots[0].quantity} stands still for {hours:.0f} h"


def _runs(slots: Sequence[Slot]) -> Iterator[timedelta]:
    """How long each value stands."""
    for _, group in groupby(slots, key=lambda slot: slot.value):
        same = list(group)
        yield sum((slot.end - slot.start for slot in same), timedelta())
