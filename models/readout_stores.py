"""From columns to the plans of tanks, and where a battery's full charge falls."""

from __future__ import annotations

import numpy as np

from models.affine import Floats
from models.solved import Solved
from models.spans import holds, hourly
from models.types import Series, ThermalStorePlan

_HALF = 0.5


def read_stores(solved: Solved) -> tuple[ThermalStorePlan, ...]:
    """Tanks whose temperature is known."""
    plans = []
    for state in solved.problem.thermal_stores:
        if state.temperature_c is None:
            continue
        name = f"store[{state.id}]"
        pump, heater = solved.column(f"{name}.pump_kw"), solved.column(f"{name}.immersion_kw")
        degrees = solved.column(f"{name}.band_c") + solved.column(f"{name}.over_k")
        degrees = degrees - solved.column(f"{name}.under_k")
        plans.append(
            ThermalStorePlan(
                id=state.id,
                pump_kw=_series(pump),
                immersion_kw=_series(heater),
                temperature_c=_series(degrees),
                electric_kw=_series(solved.named[f"{name}.electric_per_heat"] * pump + heater),
                hygiene_at=_hygiene_at(solved, state.id),
            )
        )
    return tuple(plans)


def full_at(solved: Solved, battery: str) -> int | None:
    """Step at whose end the battery is full because that was due."""
    name = f"battery[{battery}].full"
    if not solved.has(name):
        return None
    lasts = [group[-1] for group in hourly(solved.problem.grid.step_s)]
    return next((lasts[place] for place in _chosen(solved.column(name))), None)


def _hygiene_at(solved: Solved, store: str) -> int | None:
    """First step of the tank's hygiene cycle."""
    name = f"store[{store}].cycle"
    if not solved.has(name):
        return None
    spec = next(each for each in solved.problem.site.thermal_stores if each.id == store)
    cycles = holds(solved.problem.grid.step_s, spec.hygiene_hold_s)
    return next((cycles[place][0] for place in _chosen(solved.column(name))), None)


def _chosen(values: Floats) -> list[int]:
    """Places of the candidates that were taken."""
    return [int(place) for place in np.flatnonzero(values > _HALF)]


def _series(values: Floats) -> Series:
    """Plain floats."""
    return tuple(values.tolist())
