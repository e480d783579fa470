"""What the plan wants of tanks, shiftable loads and shed groups in a step. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.types import Plan, ShedPlan, ShiftablePlan, ThermalStorePlan

HEATS_KW = 0.05
"""A tank is heated from this electric power on; less is the solver's noise."""
SHEDS_KW = 0.01
HALF_KELVIN = 2
"""A tank's setpoint is told in half kelvins: it stands still while little changes."""
Wish = tuple[str, float | None]
"""A point and its value; None = no claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TankActuator:
    """The setpoint of a tank, and where it stands while the tank is not to be heated, degC."""

    id: str
    point: str
    rest_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchActuator:
    """A switch that carries out a part of the plan."""

    id: str
    point: str
    on_value: float = 1.0
    off_value: float = 0.0


def tank_wishes(
    plans: tuple[ThermalStorePlan, ...], tanks: tuple[TankActuator, ...], step: int
) -> Iterator[Wish]:
    """The temperature to be reached in this step; the lowest one while nothing is to be heated.

    A tank that is emptied faster than foreseen is so heated when it must, not to keep to the plan.
    """
    by_id = {part.id: part for part in plans}
    for tank in tanks:
        part = by_id.get(tank.id)
        if part is None:
            continue
        heated = part.electric_kw[step] >= HEATS_KW
        yield tank.point, _half_kelvin(part.temperature_c[step], tank) if heated else tank.rest_c


def _half_kelvin(planned_c: float, tank: TankActuator) -> float:
    return max(tank.rest_c, round(HALF_KELVIN * planned_c) / HALF_KELVIN)


def run_wishes(
    plans: tuple[ShiftablePlan, ...],
    switches: tuple[SwitchActuator, ...],
    caps: tuple[tuple[str, str], ...],
    step: int,
) -> Iterator[Wish]:
    """On or off, or a power; nothing for a load that the plan has no work for: it is left alone."""
    by_id = {part.id: part for part in plans if max(part.power_kw, default=0.0) > 0}
    for switch in switches:
        part = by_id.get(switch.id)
        if part is not None:
            on = part.power_kw[step] > max(part.power_kw) / 2
            yield switch.point, switch.on_value if on else switch.off_value
    for name, point in caps:
        part = by_id.get(name)
        if part is not None:
            yield point, round(part.power_kw[step], 1) + 0.0


def shed_wishes(
    plans: tuple[ShedPlan, ...], switches: tuple[SwitchActuator, ...], step: int
) -> Iterator[Wish]:
    """Off while the group is shed; no claim at any other time."""
    shed = {part.id for part in plans if part.shed_kw[step] >= SHEDS_KW}
    for switch in switches:
        if switch.id in shed:
            yield switch.point, switch.off_value


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadActuators:
    """Which points carry out the plan's tanks, runs and sheds."""

    tanks: tuple[TankActuator, ...] = ()
    switches: tuple[SwitchActuator, ...] = ()
    """Of shiftable loads."""
    caps: tuple[tuple[str, str], ...] = ()
    """The same where the power is set: (id, point)."""
    sheds: tuple[SwitchActuator, ...] = ()
    """Of shed groups; a group may have several."""


def load_wishes(plan: Plan, actuators: LoadActuators, step: int) -> Iterator[Wish]:
    """All of them."""
    yield from tank_wishes(plan.thermal_stores, actuators.tanks, step)
    yield from run_wishes(plan.shiftables, actuators.switches, actuators.caps, step)
    yield from shed_wishes(plan.sheds, actuators.sheds, step)
