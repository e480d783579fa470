"""From columns to the plans of shiftable loads, shed groups and events."""

from __future__ import annotations

import numpy as np

from models.affine import Floats
from models.solved import Solved
from models.types import Series, ShedPlan, ShiftablePlan


def read_shiftables(solved: Solved) -> tuple[ShiftablePlan, ...]:
    """Every shiftable load."""
    return tuple(
        ShiftablePlan(
            id=device.id, power_kw=_series(solved.column(f"shiftable[{device.id}].power_kw"))
        )
        for device in solved.problem.site.shiftables
    )


def read_sheds(solved: Solved) -> tuple[ShedPlan, ...]:
    """Every shed group."""
    plans = []
    for group in solved.problem.site.shed_groups:
        name = f"shed[{group.id}]"
        back = np.zeros(len(solved.problem.grid))
        if solved.has(f"{name}.rebound_kw"):
            back = solved.column(f"{name}.rebound_kw")
        off = solved.column(f"{name}.shed_kw")
        plans.append(ShedPlan(id=group.id, shed_kw=_series(off), rebound_kw=_series(back)))
    return tuple(plans)


def _series(values: Floats) -> Series:
    """Plain floats."""
    return tuple(values.tolist())
