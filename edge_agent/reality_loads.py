"""Snapshot and memory -> the states of tanks, shiftable loads and shed groups. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from edge_agent.plant_memory import Kept
from edge_agent.site.plant_schema import ThermalStoreAsset
from edge_agent.site.schema import Site
from edge_agent.snapshot import Snapshot
from edge_agent.steered import Work, power_now, works_of
from edge_agent.tanks import planned_tanks
from edge_agent.work_days import jobs
from models.types import (
    Job,
    Reason,
    ReasonCode,
    Series,
    ShedState,
    ShiftableState,
    ThermalStoreState,
)

Cycles = Mapping[str, datetime | None]
"""By setpoint: when the guard saw the last anti-legionella cycle end; None = never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of earlier hours."""

    kept: Kept = field(default_factory=Kept)
    cycles: Cycles | None = None
    """None = the guard was not asked: cycles are then left to it alone."""
    held_from_kw: Mapping[str, Series] = field(default_factory=dict)
    """By demand charge the peaks from which on this month is billed in later ones."""


NO_PAST = Past()
PATIENCE, SPARE = 1.5, timedelta(hours=1)
"""Work presses when no more than so many times its hours, and that, are left."""


def tank_states(site: Site, snapshot: Snapshot, past: Past) -> tuple[ThermalStoreState, ...]:
    """Every tank the plan may heat; None for one that is not its to heat now."""
    return tuple(
        ThermalStoreState(
            id=tank.id,
            temperature_c=None if _own_cycle(tank, snapshot) else snapshot.value(tank.temperature),
            last_hygiene=_last_cycle(tank, snapshot, past.cycles),
        )
        for tank in planned_tanks(site)
    )


def _own_cycle(tank: ThermalStoreAsset, snapshot: Snapshot) -> bool:
    """Whether the tank runs a cycle of its own, or may do so unseen."""
    return tank.cycle_running is not None and snapshot.value(tank.cycle_running) != 0.0


def _last_cycle(
    tank: ThermalStoreAsset, snapshot: Snapshot, cycles: Cycles | None
) -> datetime | None:
    return snapshot.at if cycles is None else cycles.get(tank.setpoint or "")


def shiftable_states(site: Site, snapshot: Snapshot, past: Past) -> tuple[ShiftableState, ...]:
    """Every shiftable load with its jobs; one that cannot be seen has none and is left alone."""
    zone = ZoneInfo(site.site.timezone)
    ends = snapshot.at + timedelta(hours=site.planning.horizon_h)
    span = (snapshot.at, ends)
    return tuple(_shiftable(work, zone, span, (snapshot, past.kept)) for work in works_of(site))


def _shiftable(
    work: Work,
    zone: ZoneInfo,
    span: tuple[datetime, datetime],
    known: tuple[Snapshot, Kept],
) -> ShiftableState:
    snapshot, kept = known
    name = work.asset.id
    if power_now(work, snapshot) is None:
        return ShiftableState(id=name)
    since = kept.running_since.get(name)
    return ShiftableState(
        id=name,
        jobs=tuple(
            replace(job, done_kwh=kept.done_kwh(name, job.earliest))
            for job in jobs(work.asset, work.energy_kwh, zone, span)
        ),
        running_s=0.0 if since is None else max(1.0, (snapshot.at - since).total_seconds()),
    )


def pressing_work(
    site: Site, states: tuple[ShiftableState, ...], now: datetime
) -> tuple[ShiftableState, ...]:
    """The loads that run, or whose work will soon not fit any more: rules see to these alone.

    The others may well wait until a better plan is at hand.
    """
    powers = {work.asset.id: work.power_kw for work in works_of(site)}
    return tuple(
        one
        for one in states
        if one.running_s > 0 or any(_presses(job, powers[one.id], now) for job in one.jobs)
    )


def _presses(job: Job, power_kw: float, now: datetime) -> bool:
    needed = PATIENCE * timedelta(hours=job.left_kwh / power_kw) + SPARE
    return job.left_kwh > 0 and job.earliest <= now and job.deadline - now <= needed


def shed_states(site: Site, past: Past) -> tuple[ShedState, ...]:
    """The groups that are not at rest."""
    groups = (group.id for group in site.assets.demand.sheddable)
    return tuple(past.kept.sheds[name] for name in groups if name in past.kept.sheds)


def load_gaps(site: Site, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Points of these loads that have no value now, and what follows."""
    for tank in planned_tanks(site):
        for key in (tank.temperature, tank.cycle_running):
            if key is not None and snapshot.value(key) is None:
                yield key, f"tank {tank.id} is left to its own control"
    for work in works_of(site):
        if power_now(work, snapshot) is None:
            yield work.point, f"load {work.asset.id} is left alone"


def own_cycles(site: Site, snapshot: Snapshot) -> Iterator[tuple[str, Reason]]:
    """Tanks that run a cycle of their own: the point that says so, and a word for the plan."""
    for tank in planned_tanks(site):
        key = tank.cycle_running
        if key is not None and snapshot.value(key) not in (None, 0.0):
            text = f"{key}: tank {tank.id} runs a cycle of its own and is left alone"
            yield key, Reason(code=ReasonCode.HELD_BACK, text=text, degrades=False)
