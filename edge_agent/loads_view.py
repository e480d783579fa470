"""Tanks and shiftable loads for people to look at: how they are, and when the plan acts. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edge_agent.site.schema import Site
from edge_agent.snapshot import Snapshot
from edge_agent.steered import power_now, works_of
from edge_agent.tanks import planned_tanks
from edge_agent.tracking_loads import HEATS_KW
from models.types import Plan, Series, TimeGrid


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadView:
    """One of them; None = not known, or not planned."""

    load: str
    kind: str
    """`tank` or `work`."""
    temperature_c: float | None = None
    power_kw: float | None = None
    next_at: datetime | None = None
    """When the plan heats it or lets it run: now, or the next time."""
    until: datetime | None = None


def load_views(site: Site, snapshot: Snapshot, plan: Plan | None) -> tuple[LoadView, ...]:
    """In the order of the site file, tanks first."""
    heats = {} if plan is None else {one.id: one.electric_kw for one in plan.thermal_stores}
    run = {} if plan is None else {one.id: one.power_kw for one in plan.shiftables}
    now = snapshot.at
    tanks = []
    for tank in planned_tanks(site):
        begins, ends = _next(plan, heats.get(tank.id, ()), now)
        tanks.append(
            LoadView(
                load=tank.id,
                kind="tank",
                temperature_c=snapshot.value(tank.temperature),
                power_kw=None if tank.power is None else snapshot.value(tank.power),
                next_at=begins,
                until=ends,
            )
        )
    works = []
    for work in works_of(site):
        begins, ends = _next(plan, run.get(work.asset.id, ()), now)
        power_kw = power_now(work, snapshot)
        works.append(
            LoadView(load=work.asset.id, kind="work", power_kw=power_kw, next_at=begins, until=ends)
        )
    return (*tanks, *works)


def _next(
    plan: Plan | None, power_kw: Series, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """The first run of steps with power that is not over at `now`."""
    step = None if plan is None else plan.grid.step_at(now)
    if plan is None or step is None:
        return None, None
    on = [place for place, kw in enumerate(power_kw) if place >= step and kw >= HEATS_KW]
    if not on:
        return None, None
    last = on[0]
    while last + 1 in on:
        last += 1
    edges = _edges(plan.grid)
    return edges[on[0]], edges[last + 1]


def _edges(grid: TimeGrid) -> tuple[datetime, ...]:
    return (*grid.starts, grid.end)
