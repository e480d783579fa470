"""Power flows now and over the last day, measured beside planned, for people to look at."""

from __future__ import annotations

import math
from array import array
from collections import deque
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from edge_agent.site.schema import Site
from edge_agent.snapshot import Snapshot
from models.types import Plan

KEEP_MIN = 24 * 60
ONE_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One minute: kW at the bus (import, consumption and charging positive), None = not known."""

    at: datetime
    grid_kw: float | None
    pv_kw: float | None
    battery_kw: float | None
    hvac_kw: float | None
    load_kw: float | None
    soc_percent: float | None
    planned_grid_kw: float | None
    planned_battery_kw: float | None
    planned_soc_percent: float | None


VALUES = tuple(part.name for part in fields(Flow) if part.name != "at")


def flow(site: Site, snapshot: Snapshot, plan: Plan | None) -> Flow:
    """The flows of a snapshot; the load is the rest of the balance, None when a part is missing."""
    assets = site.assets
    grid_kw = snapshot.value(assets.grid.meter)
    pv_kw = _total(snapshot, [pv.power for pv in assets.pv])
    battery_kw = _total(snapshot, [battery.power for battery in assets.battery])
    hvac_kw = None if assets.hvac.power is None else snapshot.value(assets.hvac.power)
    step = None if plan is None else plan.grid.step_at(snapshot.at)
    planned = plan if step is not None else None
    return Flow(
        at=snapshot.at,
        grid_kw=grid_kw,
        pv_kw=pv_kw,
        battery_kw=battery_kw,
        hvac_kw=hvac_kw,
        load_kw=_rest(
            grid_kw,
            pv_kw if assets.pv else 0.0,
            battery_kw if assets.battery else 0.0,
            hvac_kw if assets.hvac.power is not None else 0.0,
        ),
        soc_percent=_soc_percent(site, snapshot),
        planned_grid_kw=_planned_grid_kw(planned, step),
        planned_battery_kw=_planned_battery_kw(planned, step),
        planned_soc_percent=_planned_soc_percent(site, planned, step),
    )


def _total(snapshot: Snapshot, keys: list[str]) -> float | None:
    values = [0.0 if snapshot.asleep(key) else snapshot.value(key) for key in keys]
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _rest(
    grid_kw: float | None, pv_kw: float | None, battery_kw: float | None, hvac_kw: float | None
) -> float | None:
    if grid_kw is None or pv_kw is None or battery_kw is None or hvac_kw is None:
        return None
    return grid_kw + pv_kw - battery_kw - hvac_kw


def _soc_percent(site: Site, snapshot: Snapshot) -> float | None:
    batteries = site.assets.battery
    return snapshot.value(batteries[0].soc) if len(batteries) == 1 else None


def _planned_grid_kw(plan: Plan | None, step: int | None) -> float | None:
    if plan is None or step is None or not plan.grid_kw:
        return None
    return plan.grid_kw[step]


def _planned_battery_kw(plan: Plan | None, step: int | None) -> float | None:
    if plan is None or step is None or not plan.batteries:
        return None
    return sum(part.power_kw[step] for part in plan.batteries)


def _planned_soc_percent(site: Site, plan: Plan | None, step: int | None) -> float | None:
    batteries = site.assets.battery
    if plan is None or step is None or len(batteries) != 1 or not plan.batteries:
        return None
    return 100 * plan.batteries[0].soc_kwh[step] / batteries[0].capacity_kwh


class FlowLog:
    """One flow per minute over the last day, in memory; packed, as there are many of them."""

    def __init__(self) -> None:
        self._minutes: deque[array[float]] = deque(maxlen=KEEP_MIN)
        self._latest: datetime | None = None

    def post(self, latest: Flow) -> None:
        """Keep the first flow of every minute."""
        if self._latest is None or abs(latest.at - self._latest) >= ONE_MINUTE:
            self._latest = latest.at
            values = (getattr(latest, name) for name in VALUES)
            known = (math.nan if value is None else value for value in values)
            self._minutes.append(array("d", (latest.at.timestamp(), *known)))

    @property
    def minutes(self) -> tuple[Flow, ...]:
        """Oldest first."""
        return tuple(_unpacked(packed) for packed in self._minutes)


def _unpacked(packed: array[float]) -> Flow:
    values = [None if math.isnan(value) else value for value in packed[1:]]
    return Flow(at=datetime.fromtimestamp(packed[0], UTC), **dict(zip(VALUES, values, strict=True)))
