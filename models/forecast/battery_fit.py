"""Learns a battery's usable energy, efficiency and power from its gauge and meter. In a child."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import lsq_linear

from models.forecast.history import Floats, History
from models.forecast.learnt import LearntBattery
from models.forecast.series_basis import series_basis

WINDOW_H = 2.0
"""A gauge counts in whole percents: energy is compared over windows of this length."""
LEAST_WINDOWS = 24
LEAST_THROUGHPUT_SHARE = 1.0
"""Full charges that must have been seen, in and out."""
CAPACITY_SHARE = (0.4, 1.2)
"""Of the plate's: what may be learnt."""
ROUND_TRIP = (0.6, 1.0)
STANDBY_SHARE_PER_H = 0.01
POWER_SHARE = 0.3
"""Of the plate's: a battery that gives less is out of order, not weak."""
MIDDLE_SOC = (15.0, 85.0)
_ASKED_MORE = 1.03
_STEADY_KW = 1e-6
_LEAST_HELD = 8
_EDGE = 5e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatteryRecord:
    """Gauge at the START of each slot [%], AC power over it (charging positive) [kW]."""

    id: str
    soc_percent: History
    power_kw: Floats
    setpoint_kw: Floats
    """Asked for; nan = nothing."""
    capacity_kwh: float
    charge_kw: float
    discharge_kw: float
    """The plate's."""


def fit_battery(record: BatteryRecord) -> LearntBattery | None:
    """By bounded least squares of the gauge on energy in and out and time; None with too little.

    The gauge fixes the product of the two efficiencies only: each is taken as its root.
    """
    change, seen = _windows(record)
    moved = seen[:, :2].sum(axis=0) if len(seen) else np.zeros(2)
    if len(change) < LEAST_WINDOWS or moved.min() < LEAST_THROUGHPUT_SHARE * record.capacity_kwh:
        return None
    low, high = (share * record.capacity_kwh for share in CAPACITY_SHARE)
    root = np.sqrt(ROUND_TRIP[0])
    bounds = ([root / high, 1.0 / high, 0.0], [1.0 / low, 1.0 / (root * low), STANDBY_SHARE_PER_H])
    signs = np.array([1.0, -1.0, -1.0])
    first = lsq_linear(seen * signs, change, bounds=bounds).x
    missed = np.abs(change - (seen * signs) @ first)
    calm = missed <= 4 * np.median(missed) + 1e-9
    per_in, per_out, per_h = lsq_linear((seen * signs)[calm], change[calm], bounds=bounds).x
    round_trip = float(np.clip(per_in / per_out, *ROUND_TRIP))
    usable = float(np.clip(1.0 / np.sqrt(per_in * per_out), low, high))
    efficiency = float(np.sqrt(round_trip))
    error = float(missed[calm].mean()) * usable
    charge = _held(record, 1.0, record.charge_kw)
    discharge = _held(record, -1.0, record.discharge_kw)
    return LearntBattery(
        id=record.id,
        basis=series_basis(record.soc_percent, error),
        usable_kwh=usable,
        charge_efficiency=efficiency,
        discharge_efficiency=efficiency,
        standby_kw=float(per_h) * usable,
        charge_kw=record.charge_kw if charge is None else min(charge, record.charge_kw),
        discharge_kw=record.discharge_kw
        if discharge is None
        else min(discharge, record.discharge_kw),
        at_bound=_at_bound(usable / record.capacity_kwh, round_trip, charge, discharge),
    )


def _at_bound(
    share: float, round_trip: float, charge: float | None, discharge: float | None
) -> tuple[str, ...]:
    found = {
        "usable_kwh": min(abs(share - edge) for edge in CAPACITY_SHARE) < _EDGE,
        "charge_efficiency": min(abs(round_trip - edge) for edge in ROUND_TRIP) < _EDGE,
        "charge_kw": charge is None,
        "discharge_kw": discharge is None,
    }
    return tuple(name for name, flag in found.items() if flag)


def _windows(record: BatteryRecord) -> tuple[Floats, Floats]:
    """Change of the gauge [share], and (energy in, energy out [kWh], hours) per whole window."""
    step_h = record.soc_percent.step_s / 3600.0
    steps = max(1, round(WINDOW_H / step_h))
    gauge, power = record.soc_percent.values, record.power_kw
    count = (len(gauge) - 1) // steps
    if not count:
        return np.zeros(0), np.zeros((0, 3))
    places = np.arange(count)[:, None] * steps + np.arange(steps)
    change = (gauge[places[:, 0] + steps] - gauge[places[:, 0]]) / 100.0
    energy = power[places] * step_h
    known = np.isfinite(change) & np.isfinite(energy).all(axis=1)
    into, out = np.maximum(energy, 0.0).sum(axis=1), np.maximum(-energy, 0.0).sum(axis=1)
    seen = np.column_stack([into, out, np.full(count, steps * step_h)])
    return change[known], seen[known]


def _held(record: BatteryRecord, sign: float, plate_kw: float) -> float | None:
    """Power it gave where it was asked for more, away from full and empty; None if never seen."""
    power, asked = sign * record.power_kw, sign * record.setpoint_kw
    gauge = record.soc_percent.values
    short = (power > POWER_SHARE * plate_kw) & (asked > _ASKED_MORE * power)
    short &= (gauge > MIDDLE_SOC[0]) & (gauge < MIDDLE_SOC[1])
    # A quarter in which the set point changed shows the change, not a limit.
    steady = np.abs(np.diff(asked, prepend=np.nan)) < _STEADY_KW
    rows = short & steady
    return float(np.median(power[rows])) if rows.sum() >= _LEAST_HELD else None
