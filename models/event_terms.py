"""What a demand-response event asks for on the grid of one problem. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from models.spans import overlap_s
from models.types import DemandTerm, Event, Series, TimeGrid


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTerms:
    """Hours of each step within the event and within its rebound, and the import due there."""

    hours: Series
    target_kw: Series
    """Baseline minus commitment."""
    rebound_hours: Series
    cap_kw: Series
    """Import allowed while the rebound is capped."""


def event_terms(grid: TimeGrid, event: Event, terms: tuple[DemandTerm, ...]) -> EventTerms:
    """The rebound may exceed the baseline by its cap, but never raise a peak that is billed."""
    after = event.end + timedelta(seconds=event.rebound_s)
    caps = []
    for step, base in enumerate(event.baseline_kw):
        counted = [each.billed_kw for each in terms if not each.counts or each.counts[step] > 0]
        cap = base + event.rebound_cap_kw
        caps.append(min(cap, max(base, min(counted))) if counted else cap)
    return EventTerms(
        hours=_hours(overlap_s(grid, event.binding_from, event.end)),
        target_kw=tuple(base - event.committed_kw for base in event.baseline_kw),
        rebound_hours=_hours(overlap_s(grid, event.end, after)),
        cap_kw=tuple(caps),
    )


def _hours(seconds: Series) -> Series:
    """Seconds as hours."""
    return tuple(each / 3600.0 for each in seconds)
