"""Turns the plan in force into claims on points for this tick. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from edge_agent.arbiter import Entry, Priority
from edge_agent.tracking_loads import LoadActuators, load_wishes
from models.types import BatteryPlan, Plan, PlanSource, PvPlan, ZonePlan

POWER_GRAIN_KW = 0.1
TEMPERATURE_GRAIN_K = 0.1
CURTAIL_GRAIN_KW = 0.5
"""Curtailment below this is solver noise and is not commanded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actuators:
    """Which point carries out which part of the plan: (asset id, `device.point`)."""

    batteries: tuple[tuple[str, str], ...] = ()
    zones: tuple[tuple[str, str], ...] = ()
    pvs: tuple[tuple[str, str], ...] = ()
    loads: LoadActuators = field(default_factory=LoadActuators)


def claims(plan: Plan, actuators: Actuators, now: datetime, hold_s: float) -> list[Entry]:
    """What the plan wants of each point at `now`; nothing once the plan has run out."""
    step = plan.grid.step_at(now)
    if step is None:
        return []
    batteries = {part.id: part for part in plan.batteries}
    zones = {part.id: part for part in plan.zones}
    pvs = {part.id: part for part in plan.pvs}
    wishes: list[tuple[str, float | None]] = []
    wishes += [
        (p, _battery_kw(batteries[i], step)) for i, p in actuators.batteries if i in batteries
    ]
    wishes += [(p, _setpoint_c(zones[i], step)) for i, p in actuators.zones if i in zones]
    wishes += [(p, _limit_kw(pvs[i], step)) for i, p in actuators.pvs if i in pvs]
    wishes += load_wishes(plan, actuators.loads, step)
    return [_entry(plan, point, value, now, hold_s) for point, value in wishes if value is not None]


def _entry(plan: Plan, point: str, value: float, now: datetime, hold_s: float) -> Entry:
    by_rules = plan.source in (PlanSource.RULES, PlanSource.SAFE)
    made = plan.made_at.isoformat(timespec="seconds")
    return Entry(
        point=point,
        value=value,
        priority=Priority.RULES if by_rules else Priority.PLAN,
        owner=f"plan:{plan.source}",
        reason=f"plan of {made}",
        since=plan.made_at,
        expires=now + timedelta(seconds=hold_s),
    )


def _battery_kw(part: BatteryPlan, step: int) -> float:
    return to_grain(part.power_kw[step], POWER_GRAIN_KW)


def _setpoint_c(part: ZonePlan, step: int) -> float:
    return to_grain(part.temperature_c[step], TEMPERATURE_GRAIN_K)


def _limit_kw(part: PvPlan, step: int) -> float | None:
    if part.curtailed_kw[step] < CURTAIL_GRAIN_KW:
        return None
    return to_grain(part.pv_kw[step], POWER_GRAIN_KW)


def to_grain(value: float, grain: float) -> float:
    """`value` rounded to a multiple of `grain`, without float dust and without minus zero."""
    return round(round(value / grain) * grain, 6) + 0.0
