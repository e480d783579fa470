"""Step lengths in hours, the exact decays over a step, and what equipment allows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.types import Battery, ThermalStore, Zone

_LEAST_COP = 1.0


class Hours(tuple[float, ...]):
    """Lengths of the steps in hours."""

    __slots__ = ()


def hours_of(step_s: tuple[int, ...]) -> Hours:
    """Step lengths [s] as hours."""
    return Hours(seconds / 3600.0 for seconds in step_s)


def kept_share(battery: Battery, hours: float) -> float:
    """Share of the stored energy left after `hours` of self-discharge."""
    return math.pow(1.0 - battery.self_discharge_per_h, hours)


@dataclass(frozen=True, slots=True)
class RoomStep:
    """Share of their distance from equilibrium that air and mass keep over one step.

    T' = air_air T + air_mass M + (1 - air_air - air_mass) E, and likewise for the mass M', with
    the equilibrium E = T_out + R (gains + heat - cool).
    """

    air_air: float
    air_mass: float = 0.0
    mass_air: float = 0.0
    mass_mass: float = 0.0


def room_step(zone: Zone, hours: float) -> RoomStep:
    """Exact for powers held over the step: exp(-dt / RC), or the 2x2 exponential with a mass."""
    loss = 1.0 / (zone.resistance_k_per_kw * zone.capacity_kwh_per_k)
    if not zone.mass_capacity_kwh_per_k:
        return RoomStep(math.exp(-hours * loss))
    to_mass = 1.0 / (zone.mass_resistance_k_per_kw * zone.capacity_kwh_per_k)
    to_air = 1.0 / (zone.mass_resistance_k_per_kw * zone.mass_capacity_kwh_per_k)
    half = (loss + to_mass + to_air) / 2.0
    # The root is real and below half: both rates are positive and differ.
    root = math.sqrt(half * half - loss * to_air)
    slow, fast = math.exp(-hours * (half - root)), math.exp(-hours * (half + root))
    mean, swing = (slow + fast) / 2.0, (slow - fast) / (2.0 * root)
    return RoomStep(
        air_air=mean + swing * (half - loss - to_mass),
        air_mass=swing * to_mass,
        mass_air=swing * to_air,
        mass_mass=mean + swing * (half - to_air),
    )


@dataclass(frozen=True, slots=True)
class TankStep:
    """T' = kept T + (1 - kept) T_ambient + rise_k_per_kw x net thermal power."""

    kept: float
    rise_k_per_kw: float


def tank_step(store: ThermalStore, hours: float) -> TankStep:
    """Exact for powers held over the step."""
    if store.loss_kw_per_k == 0:
        return TankStep(1.0, hours / store.capacity_kwh_per_k)
    nearer = -math.expm1(-hours * store.loss_kw_per_k / store.capacity_kwh_per_k)
    return TankStep(1.0 - nearer, nearer / store.loss_kw_per_k)


def cop_at(cop: float, per_k: float, at_c: float, outdoor_c: float) -> float:
    """Coefficient of performance, linear in the outdoor temperature, at least 1."""
    return max(_LEAST_COP, cop + per_k * (outdoor_c - at_c))


def allowed_kw(rated_kw: float, limit_kw: float | None) -> float:
    """Power a battery takes now: its rating, or what its own management allows if that is less."""
    return rated_kw if limit_kw is None else min(rated_kw, max(0.0, limit_kw))


def warm_share(battery: Battery, temperature_c: float | None) -> float:
    """Share of its power a battery may use at this cell temperature; unknown = all of it."""
    if temperature_c is None or battery.warm_c is None or temperature_c <= battery.warm_c:
        return 1.0
    span_k = battery.hot_c - battery.warm_c
    return max(0.0, (battery.hot_c - temperature_c) / span_k) if span_k > 0 else 0.0
