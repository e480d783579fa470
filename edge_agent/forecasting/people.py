"""When a zone is usually empty, by what its people were learnt to do. Worker's side, pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from edge_agent.forecasting.sights import own_calendar
from models.forecast.learnt import Learnt
from models.forecast.profile import forecast_profile
from models.types import Reason, ReasonCode, TimeGrid

NOBODY = 0.2
"""People on average, below which a quarter hour counts as usually empty."""
LEAST = timedelta(days=14)
"""Each kind of day must have been seen, and more than once."""


def usually_empty(learnt: Learnt | None, zone_id: str, grid: TimeGrid) -> tuple[bool, ...]:
    """Per step; nowhere where too little is known."""
    nowhere = (False,) * len(grid)
    if learnt is None:
        return nowhere
    known = next((one for one in learnt.occupancy if one.id == zone_id), None)
    if known is None or known.basis.last - known.basis.first < LEAST:
        return nowhere
    people = forecast_profile(known, own_calendar(learnt, grid), grid)
    return nowhere if people is None else tuple(count < NOBODY for count in people)


def empty_reasons(empty: Mapping[str, tuple[bool, ...]]) -> Iterable[Reason]:
    """Told of every zone, by its id, that is planned with its wider band for it."""
    for zone_id, steps in empty.items():
        if any(steps):
            seldom = f"usually empty in {sum(steps)} of {len(steps)} steps"
            text = f"zone {zone_id}: {seldom}, planned as unoccupied there"
            yield Reason(code=ReasonCode.ASSUMED, text=text, degrades=False)
