"""Learns a hot-water tank, and from it what is drawn. Runs in a short-lived child."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import lsq_linear

from models.forecast.history import Floats, History
from models.forecast.learnt import LearntTank
from models.forecast.series_basis import series_basis

CAPACITY_KWH_PER_K = (0.05, 100.0)
LOSS_PER_H = (0.0, 0.1)
"""Share of its distance from the ambient that a tank may lose in an hour."""
LEAST_SLOTS = 96
LEAST_HEATED = 12
_UPPER = 0.95
"""Draws only cool: the tank itself is near the upper edge of what is seen."""
_ROUNDS = 30
_EDGE = 1e-3
_NOISE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TankRecord:
    """Temperature at the START of each slot [degC] and the thermal power given to it [kW]."""

    id: str
    temperature_c: History
    thermal_kw: Floats
    ambient_c: float = 20.0


def fit_tank(record: TankRecord) -> LearntTank | None:
    """Capacity [kWh/K] and loss [kW/K]; None with too little heating to see."""
    rise, seen, heated = _rises(record)
    if len(rise) < LEAST_SLOTS or heated < LEAST_HEATED:
        return None
    bounds = (
        [1 / CAPACITY_KWH_PER_K[1], LOSS_PER_H[0]],
        [1 / CAPACITY_KWH_PER_K[0], LOSS_PER_H[1]],
    )
    weight: Floats = np.ones(len(rise))
    found = np.zeros(2)
    for _ in range(_ROUNDS):
        root = np.sqrt(weight)
        found = lsq_linear(seen * root[:, None], rise * root, bounds=bounds).x
        weight = np.where(rise > seen @ found, _UPPER, 1 - _UPPER)
    missed = rise - seen @ found
    calm = missed > np.quantile(missed, 0.5)
    spans = [high - low for low, high in zip(*bounds, strict=True)]
    near = [
        min(value - low, high - value) < _EDGE * span
        for value, low, high, span in zip(found.tolist(), *bounds, spans, strict=True)
    ]
    near[1] = found[1] > LOSS_PER_H[1] * (1 - _EDGE)
    names = ("capacity_kwh_per_k", "loss_kw_per_k")
    step_h = record.temperature_c.step_s / 3600.0
    return LearntTank(
        id=record.id,
        basis=series_basis(record.temperature_c, float(np.abs(missed[calm]).mean()) * step_h),
        capacity_kwh_per_k=float(1 / found[0]),
        loss_kw_per_k=float(found[1] / found[0]),
        at_bound=tuple(name for name, flag in zip(names, near, strict=True) if flag),
    )


def draws(record: TankRecord, tank: LearntTank) -> History:
    """Thermal power drawn per slot [kW], >= 0; nan where it is not known."""
    room = record.temperature_c.values
    step_h = record.temperature_c.step_s / 3600.0
    rise = np.concatenate((np.diff(room), [np.nan])) / step_h
    lost = tank.loss_kw_per_k * (room - record.ambient_c)
    drawn = record.thermal_kw - lost - tank.capacity_kwh_per_k * rise
    # What the thermometer's own noise makes of nothing is not a draw.
    least = _NOISE * tank.basis.error * tank.capacity_kwh_per_k / step_h
    values = np.where(drawn < least, 0.0, drawn)
    return replace(record.temperature_c, values=np.where(np.isfinite(drawn), values, np.nan))


def _rises(record: TankRecord) -> tuple[Floats, Floats, int]:
    """Rise [K/h], (thermal power, minus distance from ambient) per slot, and heated slots."""
    room = record.temperature_c.values
    step_h = record.temperature_c.step_s / 3600.0
    rise = np.diff(room) / step_h
    middle = (room[:-1] + room[1:]) / 2
    thermal = record.thermal_kw[:-1]
    known = np.isfinite(rise) & np.isfinite(thermal)
    seen = np.column_stack([thermal, record.ambient_c - middle])[known]
    return rise[known], seen, int((thermal[known] > 0).sum())
