"""A SunSpec device: its models found by walking the chain, its points named by a profile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from math import isfinite

from drivers.modbus_link import ModbusLink
from drivers.modbus_unit import Unit, failed_write, fault_reading, outside, select
from drivers.profile_sunspec import SunControl, SunField, SunSpecProfile
from drivers.sunspec_chain import COMMON, Chain, read_fields, read_identity, scan
from drivers.sunspec_heartbeat import ControlHeartbeat
from drivers.sunspec_lease import SunLease
from drivers.sunspec_view import View, fields_of, frame_of, refs_of
from drivers.types import (
    Clock,
    DeviceRefusedError,
    DriverError,
    Health,
    Identity,
    Point,
    Reading,
    Reverts,
    WriteOutcome,
    WriteRequest,
    WriteResult,
)

__all__ = ["SunSpecDevice"]


class SunSpecDevice:
    """One unit that speaks SunSpec; the chain is walked once and kept while the serial stays."""

    def __init__(
        self, device_id: str, link: ModbusLink, unit: int, profile: SunSpecProfile, clock: Clock
    ) -> None:
        self._profile = profile
        self._clock = clock
        self._unit = Unit(link, unit, clock, min_gap_s=profile.min_gap_ms / 1000)
        self._chain: Chain | None = None
        self._seen_connects = 0
        self._limits: dict[str, tuple[float, float]] = {}
        self._writing = asyncio.Lock()
        self._scanning = asyncio.Lock()
        self._leases = {
            name: SunLease(self._unit, name, spec, clock) for name, spec in profile.controls.items()
        }
        self._heartbeat = ControlHeartbeat(self._unit, clock)
        self._id = device_id
        units = {name: spec.unit for name, spec in profile.points.items()}
        units |= {name: spec.unit for name, spec in profile.ratios.items()}
        alive = {name for name, spec in profile.points.items() if spec.alive}
        self._measured = tuple(
            Point(device=device_id, name=name, unit=unit, alive=name in alive)
            for name, unit in units.items()
        )

    @property
    def points(self) -> tuple[Point, ...]:
        """Every point; the limits of a setpoint are those the device told last."""
        controls = (self._setpoint(name, spec) for name, spec in self._profile.controls.items())
        return (*self._measured, *controls)

    def _setpoint(self, name: str, spec: SunControl) -> Point:
        limits = self._limits.get(name)
        return Point(
            device=self._id,
            name=name,
            unit=spec.unit,
            writable=True,
            reverts=Reverts.TIMER,
            limits=limits if limits is not None and all(map(isfinite, limits)) else None,
            tolerance=spec.tolerance,
        )

    @property
    def health(self) -> Health:
        """Counters since start."""
        return self._unit.health

    async def open(self) -> None:
        """Join the link; the first request connects it."""
        self._unit.link.attach()
        self._unit.link.settle_s = max(self._unit.link.settle_s, self._profile.settle_ms / 1000)

    async def close(self) -> None:
        """Leave the link; the heartbeat ends."""
        await self._heartbeat.stop()
        await self._unit.link.detach()

    async def identify(self) -> Identity:
        """Maker, model, serial number and version from the common model."""
        chain = await self._current_chain()
        return await read_identity(self._unit, chain.address[COMMON])

    async def read(self, points: tuple[str, ...] | None = None) -> list[Reading]:
        """One reading for each of `points` (all when None), whatever the device does."""
        wanted = select(self.points, points)
        try:
            chain = await self._current_chain()
        except DriverError as error:
            now = self._clock.now()
            return [fault_reading(point, error, now) for point in wanted]
        names = [point.name for point in wanted]
        fields = [field for name in names for field in fields_of(self._profile, name)]
        view = await self._view(chain, fields)
        for name in self._profile.controls.keys() & names:
            self._limits[name] = view.limits(self._profile.controls[name])
        now = self._clock.now()
        return [view.reading(point, now) for point in wanted]

    async def _current_chain(self) -> Chain:
        """The chain; after a reconnect the serial number decides whether it still holds."""
        async with self._scanning:
            link = self._unit.link
            known = self._chain
            if known is not None and self._seen_connects == link.connects:
                return known
            if known is None or not await self._is_same(known):
                known = self._chain = await scan(self._unit)
                self._limits.clear()
            self._seen_connects = link.connects
            return known

    async def _is_same(self, chain: Chain) -> bool:
        """Whether the device that answers now is the one whose chain was walked."""
        try:
            identity = await read_identity(self._unit, chain.address[COMMON])
        except DeviceRefusedError:
            return False
        if identity == chain.identity:
            return True
        self.health.notes.append(f"another device answers: {identity}")
        return False

    async def _view(self, chain: Chain, fields: Iterable[SunField]) -> View:
        refs = refs_of(chain, fields)
        samples = await read_fields(self._unit, chain, refs, self._profile.limits)
        return View(self._profile, chain, samples)

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """Hold the setpoint for the lease: value, revert timer, enable last, read back."""
        spec = self._profile.controls.get(request.point)
        if spec is None:
            return WriteOutcome(point=request.point, result=WriteResult.NOT_WRITABLE)
        why = outside(request.value, self._limits.get(request.point), spec.tolerance)
        if why:
            return WriteOutcome(point=request.point, result=WriteResult.OUT_OF_RANGE, reason=why)
        async with self._writing:
            try:
                return await self._hold(request, spec)
            except DriverError as error:
                return failed_write(request.point, error)

    async def _hold(self, request: WriteRequest, spec: SunControl) -> WriteOutcome:
        """Ask what the device allows now, then command it."""
        name = request.point
        chain, view = await self._before(spec)
        self._limits[name] = limits = view.limits(spec)
        if view.local(spec):
            reason = "the device is under local control"
            await self._heartbeat.stop()
            self._leases[name].leave()
            return WriteOutcome(point=name, result=WriteResult.OVERRIDDEN_LOCALLY, reason=reason)
        outcome = await self._leases[name].hold(chain, request, _factor(view, spec), limits)
        if outcome.result.holds:
            await self._heartbeat.keep(chain, request.lease_s)
        return outcome

    async def release(self, point: str) -> WriteOutcome:
        """Write the neutral value, switch the command off and check that both stand."""
        spec = self._profile.controls.get(point)
        if spec is None:
            return WriteOutcome(point=point, result=WriteResult.NOT_WRITABLE)
        async with self._writing:
            if not any(lease.held for name, lease in self._leases.items() if name != point):
                await self._heartbeat.stop()
            try:
                chain, view = await self._before(spec)
                neutral = view.limits(spec)[1] if spec.neutral == "high" else spec.neutral
                return await self._leases[point].release(chain, neutral, _factor(view, spec))
            except DriverError as error:
                return failed_write(point, error)

    async def _before(self, spec: SunControl) -> tuple[Chain, View]:
        """Chain and rating, limits and local switch as they are now."""
        chain = await self._current_chain()
        if spec.model not in chain.address:
            msg = f"the device has no model {spec.model}"
            raise DeviceRefusedError(msg)
        view = await self._view(chain, frame_of(spec))
        for sample in view.samples.values():
            if sample.error is not None:
                raise sample.error
        return chain, view


def _factor(view: View, spec: SunControl) -> float:
    """Field units per unit of the point; DeviceRefusedError while the rating is not known."""
    factor = view.factor(spec)
    if factor is None:
        msg = "the device does not tell its rating"
        raise DeviceRefusedError(msg)
    return factor
