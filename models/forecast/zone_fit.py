"""Learns a zone's resistance, capacity, mass and gains from its own course. In a child.

The model is the planner's: C dT/dt = (T_out - T) / R + (T_mass - T) / R_mass + gains + heat - cool,
with a mass that exchanges heat with the air only, or without one where the data show none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.signal import lfilter

from models.forecast.history import Floats, History
from models.forecast.learnt import LearntZone
from models.forecast.series_basis import series_basis

NAMES = (
    "resistance_k_per_kw",
    "capacity_kwh_per_k",
    "gains_kw",
    "mass_resistance_k_per_kw",
    "mass_capacity_kwh_per_k",
)
LOW = np.array([np.log(0.05), np.log(0.2), 0.0, np.log(0.02), np.log(0.5)])
HIGH = np.array([np.log(50.0), np.log(500.0), 200.0, np.log(20.0), np.log(1000.0)])
START = np.array([np.log(2.0), np.log(5.0), 0.5, np.log(0.5), np.log(20.0)])
"""Resistances and capacities as logarithms, gains in kW."""
AIR, MASS = 3, 5
"""How many of them a zone without and with a mass has."""
SEGMENT_H = 6.0
"""So long the zone is simulated from a measured temperature before it is compared anew."""
LATELY_DAYS = 60
LEAST_SEGMENTS = 8
LEAST_SWING_K = 0.2
"""A room that stays where it is, as by its own thermostat, tells nothing of what it holds."""
LEAST_HEAT_SWING_KW = 0.2
"""A plant that never changes tells nothing of the capacity."""
UNSURE = 0.5
"""Relative standard error above which the data do not decide a parameter."""
BETTER = 0.85
"""A mass is believed in where it brings the error below this share."""
_EDGE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneRecord:
    """On one raster: room and outdoor temperature [degC], thermal power (cooling negative) [kW].

    The thermal power is what the plant really gave, so a setback is an experiment, not a bias.
    """

    id: str
    temperature_c: History
    """At the START of each slot."""
    outdoor_c: Floats
    thermal_kw: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Segments:
    """Places of whole stretches, (segments, steps + 1), in the record's series."""

    room: Floats
    """All of the series, gaps held."""
    places: np.ndarray[tuple[int, int], np.dtype[np.int64]]
    outdoor: Floats
    """(segments, steps), as is the next."""
    thermal: Floats
    step_h: float


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    x: Floats
    error_k: float
    undecided: tuple[str, ...]


def fit_zone(record: ZoneRecord) -> LearntZone | None:
    """R [K/kW], C [kWh/K], mean gains [kW] within bounds; None with too little to see."""
    segments = _segments(record)
    if segments is None:
        return None
    found = _fit(segments, AIR)
    massive = _fit(segments, MASS)
    if massive.error_k < BETTER * found.error_k and not {*NAMES[AIR:]} & {*massive.undecided}:
        found = massive
    resistance, capacity = np.exp(found.x[:2]).tolist()
    mass = np.exp(found.x[AIR:]).tolist()
    return LearntZone(
        id=record.id,
        basis=series_basis(record.temperature_c, found.error_k),
        resistance_k_per_kw=resistance,
        capacity_kwh_per_k=capacity,
        gains_kw=float(found.x[2]),
        mass_resistance_k_per_kw=mass[0] if mass else 1.0,
        mass_capacity_kwh_per_k=mass[1] if mass else 0.0,
        at_bound=found.undecided,
    )


def _fit(segments: _Segments, size: int) -> _Found:
    found = least_squares(
        lambda x: _missed(x, segments),
        x0=START[:size],
        bounds=(LOW[:size], HIGH[:size]),
        loss="soft_l1",
        f_scale=0.3,
        x_scale=np.array([1.0, 1.0, 5.0, 1.0, 1.0])[:size],
    )
    missed = _missed(found.x, segments)
    return _Found(found.x, float(np.abs(missed).mean()), _undecided(found.x, found.jac, missed))


def _missed(x: Floats, segments: _Segments) -> Floats:
    """Measured minus simulated air temperature of every step [K]."""
    places, step_h = segments.places, segments.step_h
    to_outdoor, capacity, gains = float(np.exp(-x[0])), float(np.exp(x[1])), float(x[2])
    to_mass = float(np.exp(-x[3])) if len(x) == MASS else 0.0
    nearer = -np.expm1(-step_h * to_mass * np.exp(-x[4])) if to_mass else 0.0
    room = segments.room[places[:, 0]]
    mass = room
    if to_mass:
        # The mass is not measured: it has followed the air that was.
        first = segments.room[:1]
        past = lfilter([0.0, nearer], [1.0, nearer - 1.0], segments.room - first)
        mass = (past + first)[places[:, 0]]
    conductance = to_outdoor + to_mass
    keep = np.exp(-step_h * conductance / capacity)
    missed = []
    for step in range(segments.outdoor.shape[1]):
        heat = segments.thermal[:, step] + gains
        flows = to_outdoor * segments.outdoor[:, step] + to_mass * mass + heat
        mass = mass + nearer * (room - mass)
        room = keep * room + (1 - keep) * flows / conductance
        missed.append(segments.room[places[:, step + 1]] - room)
    result: Floats = np.concatenate(missed)
    return result


def _segments(record: ZoneRecord) -> _Segments | None:
    """Stretches without a gap; None with too few, or where plant or room never moved."""
    step_h = record.temperature_c.step_s / 3600.0
    steps = max(1, round(SEGMENT_H / step_h))
    lately = round(LATELY_DAYS * 24 / step_h)
    room, outdoor, thermal = (
        series[-lately:]
        for series in (record.temperature_c.values, record.outdoor_c, record.thermal_kw)
    )
    count = (len(room) - 1) // steps
    if count < LEAST_SEGMENTS:
        return None
    places = np.arange(count)[:, None] * steps + np.arange(steps + 1)
    whole = np.isfinite(room[places]).all(axis=1)
    for series in (outdoor, thermal):
        whole &= np.isfinite(series[places[:, :-1]]).all(axis=1)
    if whole.sum() < LEAST_SEGMENTS:
        return None
    places = places[whole]
    given = thermal[places[:, :-1]]
    moved = room[places] - room[places[:, :1]]
    if float(given.std()) < LEAST_HEAT_SWING_KW or float(moved.std()) < LEAST_SWING_K:
        return None
    return _Segments(_held(room), places, outdoor[places[:, :-1]], given, step_h)


def _held(values: Floats) -> Floats:
    """Gaps take the value before them, the first ones the first value; some value is finite."""
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), 0))
    found: Floats = np.where(known[last], values[last], values[int(np.argmax(known))])
    return found


def _undecided(x: Floats, jacobian: Floats, missed: Floats) -> tuple[str, ...]:
    """Parameters at a bound, or with a standard error too large to be used."""
    spread = np.sqrt(np.diag(np.linalg.pinv(jacobian.T @ jacobian)) * float(np.mean(missed**2)))
    size = np.ones(len(x))
    size[2] = max(1.0, abs(float(x[2])))
    near = (x - LOW[: len(x)] < _EDGE) | (HIGH[: len(x)] - x < _EDGE)
    near[2] = bool(HIGH[2] - x[2] < _EDGE)  # no gains at all is a finding, not a bound
    unsure = near | (spread > UNSURE * size)
    return tuple(name for name, flag in zip(NAMES, unsure.tolist(), strict=False) if flag)
