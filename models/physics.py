"""Step lengths in hours, the two exact decays over a step, and what a battery allows."""

from __future__ import annotations

import math

from models.types import Battery, Zone


class Hours(tuple[float, ...]):
    """Lengths of the steps in hours."""

    __slots__ = ()


def hours_of(step_s: tuple[int, ...]) -> Hours:
    """Step lengths [s] as hours."""
    return Hours(seconds / 3600.0 for seconds in step_s)


def kept_share(battery: Battery, hours: float) -> float:
    """Share of the stored energy left after `hours` of self-discharge."""
    return math.pow(1.0 - battery.self_discharge_per_h, hours)


def decay(zone: Zone, hours: float) -> float:
    """exp(-dt / (R C)): how much of its distance from equilibrium a zone keeps over `hours`."""
    return math.exp(-hours / (zone.resistance_k_per_kw * zone.capacity_kwh_per_k))


def allowed_kw(rated_kw: float, limit_kw: float | None) -> float:
    """Power a battery takes now: its rating, or what its own management allows if that is less."""
    return rated_kw if limit_kw is None else min(rated_kw, max(0.0, limit_kw))
