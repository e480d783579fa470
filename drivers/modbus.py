"""A device described by a register profile, and the door to every Modbus device."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from drivers.checked_device import checked_registers, checked_sunspec
from drivers.modbus_client import ILLEGAL_ADDRESS
from drivers.modbus_link import ModbusLink, Reply
from drivers.modbus_readout import NO_VALUE, ReadJob, prepare
from drivers.modbus_unit import Unit, fault_reading, good, no_value, select
from drivers.profile import RegisterProfile, SunSpecProfile, load_profile
from drivers.readplan import Block, Span, bisect
from drivers.register_lease import RegisterLease
from drivers.sunspec import SunSpecDevice
from drivers.types import (
    Clock,
    DeviceRefusedError,
    Driver,
    DriverError,
    Health,
    Identity,
    Point,
    ProfileError,
    Quality,
    Reading,
    WriteOutcome,
    WriteRequest,
)

__all__ = ["ModbusDevice", "ModbusLink", "open_device"]

HOLE_KEPT_S = 86_400.0
"""A hole is asked again once a day (plant seconds)."""


class ModbusDevice:
    """One unit with a register profile; `holes` it learns are the caller's to keep."""

    def __init__(
        self, device_id: str, link: ModbusLink, unit: int, profile: RegisterProfile, clock: Clock
    ) -> None:
        self._id = device_id
        self._profile = profile
        self._clock = clock
        self._unit = Unit(link, unit, clock, min_gap_s=profile.min_gap_ms / 1000)
        self._points = profile.describe(device_id)
        self._max_block = profile.max_block
        self._holes: dict[Span, float] = {}
        self._jobs: dict[tuple[str, ...] | None, ReadJob] = {}
        self._lease = RegisterLease(self._unit, profile, clock)

    @property
    def unit(self) -> Unit:
        """The unit on its link."""
        return self._unit

    @property
    def points(self) -> tuple[Point, ...]:
        """Every point of the profile."""
        return self._points

    @property
    def health(self) -> Health:
        """Counters since start."""
        return self._unit.health

    @property
    def holes(self) -> tuple[Span, ...]:
        """Spans the device refused to read."""
        return tuple(self._holes)

    def learn(self, holes: Iterable[Span]) -> None:
        """Take holes found by an earlier run."""
        self._remember(holes)

    async def open(self) -> None:
        """Join the link; the first request connects it."""
        self._unit.link.attach()
        self._unit.link.settle_s = max(self._unit.link.settle_s, self._profile.settle_ms / 1000)

    async def close(self) -> None:
        """Leave the link; a watchdog is fed no longer."""
        await self._lease.close()
        await self._unit.link.detach()

    async def read(self, points: tuple[str, ...] | None = None) -> list[Reading]:
        """One reading for each of `points` (all when None), whatever the device does."""
        self._forget_old_holes()
        job = self._job(points)
        found: list[Reading] = []
        for request in job.requests:
            try:
                reply = await self._unit.read(request.block.area)
            except DriverError as error:
                explored = await self._explore(request.block, error)
                found += (self._reading(point, explored) for point in request.points)
            else:
                found += request.readings(reply.registers, reply.at)
        found += (self._reading(point, {}) for point in job.absent)
        return found if job.in_order else [found[place] for place in job.places]

    def _job(self, points: tuple[str, ...] | None) -> ReadJob:
        """What to ask for these points; made anew when something was learnt."""
        job = self._jobs.get(points)
        if job is None:
            wanted = select(self._points, points)
            job = prepare(self._profile, wanted, self._holes, self._max_block)
            self._jobs[points] = job
        return job

    async def _read_block(self, block: Block) -> dict[Span, Reply | DriverError]:
        """What each span brought; a refused block is halved until the hole is found."""
        try:
            reply = await self._unit.read(block.area)
        except DriverError as error:
            return await self._explore(block, error)
        start = block.area.address
        return {
            span: Reply(reply.registers[span.address - start : span.end - start], reply.at)
            for span in block.spans
        }

    async def _explore(self, block: Block, error: DriverError) -> dict[Span, Reply | DriverError]:
        """What is left of a block that ended in `error`: only a refused address is looked into."""
        if not isinstance(error, DeviceRefusedError) or error.code != ILLEGAL_ADDRESS:
            return dict.fromkeys(block.spans, error)
        halves = bisect(block)
        if halves is None:
            self._remember([block.spans[0]])
            return {block.spans[0]: error}
        found: dict[Span, Reply | DriverError] = {}
        for half in halves:
            found |= await self._read_block(half)
        if all(isinstance(result, Reply) for result in found.values()):
            self._learn_cut(block, halves)
        return found

    def _learn_cut(self, block: Block, halves: tuple[Block, Block]) -> None:
        """Both halves answer, the whole does not: the gap between is a hole, or blocks are long."""
        first, second = (half.area for half in halves)
        gaps = [
            Span(left.function, left.end, right.address - left.end)
            for left, right in pairwise((first, second))
            if right.address > left.end
        ]
        self._remember(gaps)
        if not gaps:
            widest = max(span.count for span in block.spans)
            self._max_block = max(widest, block.area.count - 1)

    def _remember(self, holes: Iterable[Span]) -> None:
        """Plan around these spans from now on."""
        self._holes.update(dict.fromkeys(holes, self._clock.monotonic_s()))
        self._jobs.clear()

    def _forget_old_holes(self) -> None:
        if not self._holes:
            return
        now_s = self._clock.monotonic_s()
        old = [span for span, found_s in self._holes.items() if now_s - found_s >= HOLE_KEPT_S]
        for span in old:
            del self._holes[span]
        if old:
            self._jobs.clear()

    def _reading(self, point: Point, found: dict[Span, Reply | DriverError]) -> Reading:
        result = found.get(self._profile.span(point.name))
        match result:
            case None:
                reason = "the device has no such register"
                return no_value(point, self._clock.now(), Quality.NOT_IMPLEMENTED, reason)
            case Reply(registers=registers, at=at):
                value = self._profile.encoding(point.name).value(registers)
                if value is None:
                    return no_value(point, at, Quality.BAD, NO_VALUE, registers)
                return good(point, at, value, registers)
            case error:
                return fault_reading(point, error, self._clock.now())

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """Hold a value as the profile says, and read it back."""
        return await self._lease.hold(request)

    async def release(self, point: str) -> WriteOutcome:
        """Write the neutral value of the profile and check that it stands."""
        return await self._lease.release(point)

    async def identify(self) -> Identity:
        """Raise unless the unit answers; a plain register map says nothing about who it is."""
        await self._unit.read(self._job(None).requests[0].block.area)
        return Identity()


def open_device(
    device_id: str, link: ModbusLink, unit: int, profile_name: str, clock: Clock
) -> Driver:
    """The driver for a shipped profile, by its kind; not yet opened."""
    profile = load_profile(profile_name)
    match profile:
        case RegisterProfile():
            device = ModbusDevice(device_id, link, unit, profile, clock)
            if profile.plain:
                return device
            return checked_registers(device_id, device, device.unit, profile, clock)
        case SunSpecProfile():
            sunspec = SunSpecDevice(device_id, link, unit, profile, clock)
            if profile.plain:
                return sunspec
            return checked_sunspec(device_id, sunspec, link, profile, clock)
        case _:
            msg = f"{profile_name} is a template for BACnet devices, not for a Modbus unit"
            raise ProfileError(msg)
