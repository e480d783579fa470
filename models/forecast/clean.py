"""History as it would have been without the gateway: what it did itself is not to be learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.forecast.history import Floats

Flags = NDArray[np.bool_]
_HALF = 0.6
"""A slot after a gap that holds less than this share of the next is taken for part of one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteSeries:
    """Measured on one raster, nan where it was not; kW, import and consumption positive."""

    meter_kw: Floats
    battery_kw: Mapping[str, Floats] = field(default_factory=dict)
    """Charging positive."""
    pv_kw: Mapping[str, Floats] = field(default_factory=dict)
    """Production positive."""
    plant_kw: Floats | None = None
    """Electric power of the zones' heating and cooling; None where it is not metered."""
    shiftable_kw: Mapping[str, Floats] = field(default_factory=dict)
    """Electric power of loads and tanks that the gateway runs when it likes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Actions:
    """What the gateway did, on the raster of the history."""

    shed_kw: Floats | None = None
    """Power withheld from the load, >= 0, and below 0 where it came back; nan = not known."""
    setback: Flags | None = None
    """Where a zone was kept off its own set point, on hvac that is not metered for itself."""
    curtailed: Mapping[str, Flags] = field(default_factory=dict)
    """By PV plant: where its power was limited."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CleanSeries:
    """What may be learnt; nan where it cannot be known."""

    load_kw: Floats
    """Consumption without battery, PV, plant and shiftable loads, and with what was shed."""
    pv_kw: Mapping[str, Floats]
    plant_kw: Floats | None
    """Of quarters without a setback."""


def clean(history: SiteSeries, actions: Actions) -> CleanSeries:
    """Battery and shiftable loads subtracted, shed power added, limited or set-back slots left out.

    A missing part makes the sum a gap: missing is never 0.
    """
    load = history.meter_kw.astype(np.float64)
    for produced in history.pv_kw.values():
        load = load + produced
    for moved in (*history.battery_kw.values(), *history.shiftable_kw.values()):
        load = load - moved
    if actions.shed_kw is not None:
        load = load + actions.shed_kw
    plant = history.plant_kw
    if plant is not None:
        load = load - plant
    if actions.setback is not None:
        if plant is None:
            load = np.where(actions.setback, np.nan, load)
        else:
            plant = np.where(actions.setback, np.nan, plant)
    return CleanSeries(
        load_kw=without_half_slots(load),
        pv_kw={
            name: np.where(actions.curtailed[name], np.nan, made)
            if name in actions.curtailed
            else made
            for name, made in history.pv_kw.items()
        },
        plant_kw=plant,
    )


def without_half_slots(values: Floats) -> Floats:
    """The slot in which a gap ends is often half filled: left out where far below the next one.

    The very first slot counts as one after a gap.
    """
    measured = np.isfinite(values)
    first = measured & np.concatenate(([True], ~measured[:-1]))
    following = np.concatenate((values[1:], [np.nan]))
    low = first & np.isfinite(following) & (values < _HALF * following)
    result: Floats = np.where(low, np.nan, values)
    return result
