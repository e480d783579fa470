"""What a net import delivers to demand-response events. Pure Python."""

from __future__ import annotations

from models.event_terms import event_terms
from models.types import DemandTerm, Event, EventPlan, Series, TimeGrid


def event_plans(
    grid: TimeGrid, events: tuple[Event, ...], terms: tuple[DemandTerm, ...], grid_kw: Series
) -> tuple[EventPlan, ...]:
    """Delivered power and missing energy of every event."""
    plans = []
    for event in events:
        asked = event_terms(grid, event, terms)
        delivered = tuple(
            base - power if dt > 0 else 0.0
            for dt, power, base in zip(asked.hours, grid_kw, event.baseline_kw, strict=True)
        )
        short = sum(
            dt * max(0.0, event.committed_kw - given)
            for dt, given in zip(asked.hours, delivered, strict=True)
        )
        plans.append(EventPlan(id=event.id, delivered_kw=delivered, shortfall_kwh=short))
    return tuple(plans)
