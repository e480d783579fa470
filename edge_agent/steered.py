"""Loads the plan decides about besides batteries, inverters and zones: how much they take. Pure.

What they take is no part of the load that is foreseen; it must not be counted twice.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_agent.snapshot import Snapshot
from edge_agent.tanks import planned_tanks, usual_electric_kw
from edge_agent.work_days import work_kwh

if TYPE_CHECKING:
    from edge_agent.site.plant_schema import SwitchAsset
    from edge_agent.site.schema import Site
    from edge_agent.site.work_schema import ShiftableAsset


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A shiftable load and what carries its work out."""

    asset: ShiftableAsset
    point: str
    power_kw: float
    """At full power."""
    least_kw: float
    """While it runs."""
    min_block_s: int
    power: str | None
    """Where its power is measured."""
    switch: SwitchAsset | None = None
    """None = its power is set."""

    @property
    def energy_kwh(self) -> float:
        """Of a day."""
        return work_kwh(self.asset, self.power_kw)


def works_of(site: Site) -> tuple[Work, ...]:
    """Every shiftable load, in the order of the site file."""
    switches = {switch.id: switch for switch in site.assets.switches}
    return tuple(
        _capped(asset, site) if asset.switch is None else _switched(asset, switches[asset.switch])
        for asset in site.assets.shiftable
    )


def _switched(asset: ShiftableAsset, switch: SwitchAsset) -> Work:
    return Work(
        asset=asset,
        point=switch.point,
        power_kw=switch.power_kw,
        least_kw=switch.power_kw,
        min_block_s=round(max(60 * asset.min_block_min, switch.min_on_s)),
        power=switch.power,
        switch=switch,
    )


def _capped(asset: ShiftableAsset, site: Site) -> Work:
    load = next(one for one in site.assets.heat_pumps if one.id == asset.cap)
    return Work(
        asset=asset,
        point=load.cap,
        power_kw=load.rated_kw,
        least_kw=load.floor_kw,
        min_block_s=round(60 * asset.min_block_min) if load.floor_kw > 0 else 0,
        power=load.power,
    )


def steered_powers(site: Site) -> tuple[str, ...]:
    """Points that measure what tanks and shiftable loads take, kW; to be taken off the load."""
    keys = [tank.power for tank in planned_tanks(site)]
    keys += [work.power for work in works_of(site)]
    return tuple(key for key in keys if key is not None)


def steered_now_kw(site: Site, snapshot: Snapshot, planned: Container[str]) -> float:
    """What the shiftable loads that are `planned`, by id, are seen to take now."""
    return sum(
        power_now(work, snapshot) or 0.0 for work in works_of(site) if work.asset.id in planned
    )


def power_now(work: Work, snapshot: Snapshot) -> float | None:
    """What the load takes [kW], as it is measured, else as its switch or setting stands."""
    if work.power is not None:
        measured_kw = snapshot.value(work.power)
        if measured_kw is not None:
            return max(0.0, measured_kw)
    value = snapshot.value(work.point)
    if value is None:
        return None
    if work.switch is None:
        return min(max(0.0, value), work.power_kw)
    on, off = work.switch.on_value, work.switch.off_value
    return work.power_kw if abs(value - on) < abs(value - off) else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """A steered load by its mean power over a day."""

    id: str
    kw: float
    measured: bool


def usual_loads(site: Site) -> Iterator[Usual]:
    """Of tanks and shiftable loads."""
    for tank in planned_tanks(site):
        usual_kw = usual_electric_kw(tank, site)
        yield Usual(id=tank.id, kw=usual_kw, measured=tank.power is not None)
    for work in works_of(site):
        yield Usual(id=work.asset.id, kw=work.energy_kwh / 24, measured=work.power is not None)
