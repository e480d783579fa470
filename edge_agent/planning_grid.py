"""The steps of a plan made now, as the site file wants them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from models.types import TimeGrid, even_grid, graded_grid

if TYPE_CHECKING:
    from edge_agent.site.schema import Planning


def plan_grid(planning: Planning, at: datetime) -> TimeGrid:
    """Graded or even steps from `at` on."""
    if planning.grid == "graded":
        return graded_grid(at, planning.horizon_h)
    return even_grid(at, planning.step_min, planning.horizon_h)
