"""What was learnt of a site, as plain numbers that travel as JSON; no numpy here.

Each part says which measurements it rests on and how wrong it was on days it had not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

VERSION = 1
"""Raised when the meaning of any coefficient changes: what is older is then not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The measurements something was learnt from."""

    first: datetime
    last: datetime
    count: int
    """Measured slots that were used."""
    error: float
    """Mean absolute error out of sample, in the unit of what is foreseen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How a method did on days it had not seen; `nmae` is its mean error over the mean load."""

    method: str
    nmae: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadBucket:
    """The chosen method for windows that end at most `until_h` hours ahead."""

    until_h: float
    method: str
    scores: tuple[Score, ...]
    """Of all methods that could be judged, the best first."""
    weights: tuple[float, ...] = ()
    """Of the ridge, per feature; () where it could not be learnt."""
    quantiles: tuple[tuple[float, float], ...] = ()
    """(share, measured minus foreseen) out of sample, kW or K; () with too few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntLoad:
    """How to foresee the load [kW], with and without a weather forecast."""

    basis: Basis
    low_kw: float
    high_kw: float
    """No forecast leaves this range."""
    plain: tuple[LeadBucket, ...]
    weather: tuple[LeadBucket, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntTemperature:
    """How to foresee the outdoor temperature [degC] where no weather forecast is at hand."""

    basis: Basis
    buckets: tuple[LeadBucket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A part of a PV plant; azimuth in degrees, 180 = south, tilt 0 = flat."""

    tilt: float
    azimuth: float
    kw_per_kw_m2: float
    """AC power per kW/m2 in that plane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntPv:
    """A PV plant: what it gives under a clear sky, and how to foresee the rest [kW]."""

    id: str
    basis: Basis
    planes: tuple[Plane, ...]
    clear_start: datetime
    clear_step_s: int
    clear_kw: tuple[float, ...]
    """Power under a clear sky, from some days before `basis.last` to some days after it."""
    plain: tuple[LeadBucket, ...]
    weather: tuple[LeadBucket, ...] = ()
    """With a forecast of the global irradiance."""
    inverter_efficiency: float | None = None
    """AC over DC energy lately; None where DC is not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntProfile:
    """A usual course of the day: people in a zone, or hot water drawn [kW]."""

    id: str
    basis: Basis
    workday: tuple[float | None, ...]
    """Per local quarter hour of the day (96); None where never measured."""
    saturday: tuple[float | None, ...]
    sunday: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntZone:
    """A zone as the planner knows it; `basis.error` in K within six hours."""

    id: str
    basis: Basis
    resistance_k_per_kw: float
    capacity_kwh_per_k: float
    gains_kw: float
    mass_resistance_k_per_kw: float = 1.0
    mass_capacity_kwh_per_k: float = 0.0
    """0 = the data show no mass behind the air."""
    at_bound: tuple[str, ...] = ()
    """The parameters that the data did not decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntTank:
    """A hot-water tank; `basis.error` in K over a step."""

    id: str
    basis: Basis
    capacity_kwh_per_k: float
    loss_kw_per_k: float
    at_bound: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntBattery:
    """A battery as it is, not as its plate says; `basis.error` in kWh over a step."""

    id: str
    basis: Basis
    usable_kwh: float
    """Energy between 0 and 100 % of the gauge."""
    charge_efficiency: float
    discharge_efficiency: float
    standby_kw: float
    charge_kw: float
    """Largest power held over a quarter hour."""
    discharge_kw: float
    at_bound: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """All that one fitting child has found."""

    version: int
    made_at: datetime
    zone: str
    holidays: tuple[str, ...] = ()
    """ISO dates of the site's calendar, past and to come."""
    load: LearntLoad | None = None
    temperature: LearntTemperature | None = None
    pvs: tuple[LearntPv, ...] = ()
    occupancy: tuple[LearntProfile, ...] = ()
    draws: tuple[LearntProfile, ...] = ()
    zones: tuple[LearntZone, ...] = ()
    tanks: tuple[LearntTank, ...] = ()
    batteries: tuple[LearntBattery, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be learnt, and why."""
