"""Arbiter and guard of a simulated building: the plan's wishes in, setpoints and switches out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from drivers.types import Point, Quality, Reading
from edge_agent.arbiter import arbitrate
from edge_agent.backtest.gate import HOLD_S, STALE_S
from edge_agent.envelopes_of import envelopes
from edge_agent.guard import guard_cycle
from edge_agent.guarding.recall import Cycle, PointRecall, Recall
from edge_agent.site.schema import Site
from edge_agent.sitemodel import actuators
from edge_agent.snapshot import Seen, Snapshot
from edge_agent.steered import works_of
from edge_agent.tanks import planned_tanks
from edge_agent.tracking import claims
from models.building.house import House
from models.building.noise import SensorNoise
from models.types import Plan

ROOM_NOISE_K = 0.03
WATER_NOISE_K = 0.05


class BuildingGate:
    """One site; what left before is remembered as in a running gateway."""

    def __init__(self, site: Site, seed: int, cycled: Mapping[str, datetime]) -> None:
        """`cycled`: when each tank had its last anti-legionella cycle."""
        self._site = site
        self._envelopes = envelopes(site, {point.key: point for point in _points(site)})
        self._actuators = actuators(site)
        self._setpoints = {tank.id: tank.setpoint for tank in planned_tanks(site) if tank.setpoint}
        self._recall = Recall(
            points={
                self._setpoints[name]: PointRecall(
                    value=None, at=at, since=at, cycle=Cycle(done_at=at)
                )
                for name, at in cycled.items()
            }
        )
        zones = [(zone.id, ROOM_NOISE_K) for zone in site.assets.hvac.zones]
        self._noise = {
            name: (SensorNoise(seed, f"{name}.temperature_c"), spread)
            for name, spread in (*zones, *((tank, WATER_NOISE_K) for tank in self._setpoints))
        }

    def cycled_at(self, tank: str) -> datetime | None:
        """When the tank was last hot for long enough."""
        recall = self._recall.points.get(self._setpoints[tank])
        return None if recall is None or recall.cycle is None else recall.cycle.done_at

    def snapshot(self, house: House, at: datetime) -> Snapshot:
        """What the agent would see of the field."""
        seen = {key: _seen(key, value, at) for key, value in self._values(house, at)}
        return Snapshot(at=at, seen=MappingProxyType(seen))

    def pass_on(self, plan: Plan | None, snapshot: Snapshot, house: House) -> None:
        """The plan's claims of now, decided and guarded, to the building's devices."""
        entries = [] if plan is None else claims(plan, self._actuators, snapshot.at, HOLD_S)
        decisions = arbitrate(self._envelopes, entries, snapshot.at)
        cycle = guard_cycle(decisions, self._envelopes, snapshot, self._recall)
        self._recall = cycle.recall
        values = {one.point: one.value for one in cycle.guarded}
        for zone in self._site.assets.hvac.zones:
            house.zones[zone.id].commanded_c = values[zone.setpoint]
        for name, point in self._setpoints.items():
            house.tanks[name].commanded_c = values[point]
        for work in works_of(self._site):
            value = values[work.point]
            on_value = None if work.switch is None else work.switch.on_value
            house.pumps[work.asset.id].commanded = None if value is None else value == on_value

    def _values(self, house: House, at: datetime) -> Iterator[tuple[str, float]]:
        index = round(at.timestamp()) // 60
        for zone in self._site.assets.hvac.zones:
            room = house.zones[zone.id]
            yield zone.temperature, self._read(zone.id, room.temperature_c, index)
            if zone.occupancy is not None:
                yield zone.occupancy, float(room.guests)
        for tank in planned_tanks(self._site):
            water = house.tanks[tank.id]
            yield tank.temperature, self._read(tank.id, water.temperature_c, index)
            if tank.cycle_running is not None:
                yield tank.cycle_running, float(water.cycle_running)
        for work in works_of(self._site):
            pump = house.pumps[work.asset.id]
            if work.switch is not None:
                yield work.point, work.switch.on_value if pump.on else work.switch.off_value
            if work.power is not None:
                yield work.power, pump.power_kw

    def _read(self, name: str, truth: float, index: int) -> float:
        noise, spread = self._noise[name]
        return truth + spread * noise.at(index)


def _points(site: Site) -> Iterator[Point]:
    """The points a plan commands, with the bounds the site file gives them."""
    keys = [zone.setpoint for zone in site.assets.hvac.zones]
    keys += [tank.setpoint for tank in planned_tanks(site) if tank.setpoint is not None]
    keys += [switch.point for switch in site.assets.switches]
    for key in keys:
        device, _, name = key.partition(".")
        spec = site.device(device).points.get(name)
        yield Point(
            device=device,
            name=name,
            unit="",
            writable=True,
            safe=None if spec is None else spec.safe,
            limits=None if spec is None else spec.limits,
        )


def _seen(key: str, value: float, at: datetime) -> Seen:
    device, _, point = key.partition(".")
    reading = Reading(device=device, point=point, value=value, unit="", at=at, quality=Quality.GOOD)
    return Seen(latest=reading, usable=reading, stale_s=STALE_S)
