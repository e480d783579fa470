"""The hard limits of everything this gateway may command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEnvelope:
    """The connection point: meter import positive, limits in kW >= 0."""

    meter: str
    import_limit_kw: float
    export_limit_kw: float
    currents: tuple[str, ...] = ()
    """Phase currents of the meter, A; needed where `max_current_a` is given."""
    max_current_a: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryEnvelope:
    """A battery's setpoint (charging positive) and what bounds it."""

    point: str
    soc: str
    power: str
    charge_kw: float
    discharge_kw: float
    soc_min_percent: float
    soc_max_percent: float
    charge_limit: str | None
    discharge_limit: str | None
    connection: ConnectionEnvelope
    band_kw: tuple[float, float] | None = None
    """What the point itself takes, where that is narrower than the rating."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneEnvelope:
    """A zone's setpoint and the band that may stand for ever, degC."""

    point: str
    temperature: str
    low_c: float
    high_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PvEnvelope:
    """An inverter's power limit, kW."""

    point: str
    power: str
    peak_kw: float
    connection: ConnectionEnvelope | None = None
    """Where its export counts; None leaves the limit to the plan alone."""


Envelope = BatteryEnvelope | ZoneEnvelope | PvEnvelope
