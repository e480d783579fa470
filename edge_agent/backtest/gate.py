"""Arbiter and guard of a simulated site: the plan's wish in, what may leave out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from drivers.types import Point, Quality, Reading
from edge_agent.arbiter import arbitrate
from edge_agent.envelope import ConnectionEnvelope
from edge_agent.envelopes_of import envelopes
from edge_agent.guard import guard_cycle
from edge_agent.guarding.recall import Recall
from edge_agent.meters_of import meters_of
from edge_agent.site.schema import Site
from edge_agent.sitemodel import actuators
from edge_agent.snapshot import Seen, Snapshot
from edge_agent.tracking import claims
from models.types import Plan

HOLD_S = 900.0
STALE_S = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What the meters of a simulated site show at one moment."""

    at: datetime
    meter_kw: float
    battery_kw: float
    soc_percent: float
    pv_kw: float


@dataclass(frozen=True, slots=True)
class Allowed:
    """Battery power (charging positive) and limit of the PV plants together; None = none."""

    battery_kw: float
    pv_limit_kw: float | None


class Gate:
    """One site; what left before is remembered as in a running gateway."""

    def __init__(self, site: Site) -> None:
        points = {point.key: point for point in _points(site)}
        self._site = site
        self._envelopes = envelopes(site, points)
        self._actuators = actuators(site)
        self._recall = Recall()
        self.connection: ConnectionEnvelope = meters_of(site, points).connection

    def pass_on(self, plan: Plan, present: Present) -> Allowed:
        """The plan's claims of now, decided and guarded."""
        snapshot = self.snapshot(present)
        entries = claims(plan, self._actuators, present.at, HOLD_S)
        decisions = arbitrate(self._envelopes, entries, present.at)
        cycle = guard_cycle(decisions, self._envelopes, snapshot, self._recall)
        self._recall = cycle.recall
        values = {one.point: one.value for one in cycle.guarded}
        battery_kw = values.get(self._site.assets.battery[0].setpoint)
        return Allowed(battery_kw or 0.0, self._pv_limit(values, present))

    def snapshot(self, present: Present) -> Snapshot:
        """What the agent would see of the field."""
        assets = self._site.assets
        peak_kw = sum(pv.peak_kw for pv in assets.pv) or 1.0
        values = {
            assets.grid.meter: present.meter_kw,
            assets.battery[0].soc: present.soc_percent,
            assets.battery[0].power: present.battery_kw,
        }
        values |= {pv.power: present.pv_kw * pv.peak_kw / peak_kw for pv in assets.pv}
        seen = {key: _seen(key, value, present.at) for key, value in values.items()}
        return Snapshot(at=present.at, seen=MappingProxyType(seen))

    def _pv_limit(self, values: dict[str, float | None], present: Present) -> float | None:
        """The limits together, plants without one by what they make."""
        plants = self._site.assets.pv
        limits = [None if pv.limit is None else values.get(pv.limit) for pv in plants]
        if all(limit is None for limit in limits):
            return None
        peak_kw = sum(pv.peak_kw for pv in plants)
        free = [present.pv_kw * pv.peak_kw / peak_kw for pv in plants]
        return sum(kw if limit is None else limit for kw, limit in zip(free, limits, strict=True))


def _points(site: Site) -> list[Point]:
    """The points a plan commands, as devices without bounds of their own would show them."""
    keys = [battery.setpoint for battery in site.assets.battery]
    keys += [pv.limit for pv in site.assets.pv if pv.limit is not None]
    found = []
    for key in keys:
        device, _, name = key.partition(".")
        found.append(Point(device=device, name=name, unit="kW", writable=True))
    return found


def _seen(key: str, value: float, at: datetime) -> Seen:
    device, _, point = key.partition(".")
    reading = Reading(device=device, point=point, value=value, unit="", at=at, quality=Quality.GOOD)
    return Seen(latest=reading, usable=reading, stale_s=STALE_S)
