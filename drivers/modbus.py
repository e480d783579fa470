"""A device described by a register profile, and the door to every Modbus device."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import pairwise

from drivers.modbus_client import ILLEGAL_ADDRESS, WRITE_MULTIPLE, WRITE_SINGLE
from drivers.modbus_link import ModbusLink, Reply
from drivers.modbus_unit import Unit, failed_write, fault_reading, good, no_value, outside, select
from drivers.profile import RegisterProfile, load_profile
from drivers.profile_registers import RegisterWrite
from drivers.readplan import Block, Limits, Span, bisect, plan
from drivers.sunspec import SunSpecDevice
from drivers.types import (
    Clock,
    DeviceRefusedError,
    Driver,
    DriverError,
    Health,
    Identity,
    Point,
    Quality,
    Reading,
    WriteOutcome,
    WriteRequest,
    WriteResult,
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
        self._doubtful: set[str] = set()
        self._writing = asyncio.Lock()

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
        self._holes.update(dict.fromkeys(holes, self._clock.monotonic_s()))

    async def open(self) -> None:
        """Join the link; the first request connects it."""
        self._unit.link.attach()
        self._unit.link.settle_s = max(self._unit.link.settle_s, self._profile.settle_ms / 1000)

    async def close(self) -> None:
        """Leave the link."""
        await self._unit.link.detach()

    async def read(self, points: tuple[str, ...] | None = None) -> list[Reading]:
        """One reading for each of `points` (all when None), whatever the device does."""
        wanted = select(self._points, points)
        self._forget_old_holes()
        found: dict[Span, Reply | DriverError] = {}
        for block in self._blocks(wanted):
            found |= await self._read_block(block)
        return [self._reading(point, found) for point in wanted]

    def _blocks(self, wanted: tuple[Point, ...]) -> tuple[Block, ...]:
        """Requests for the points that are no known hole."""
        spans = {self._profile.span(point.name) for point in wanted} - set(self._holes)
        limits = Limits(max_block=self._max_block, max_gap=self._profile.max_gap)
        return plan(spans, limits, (*self._profile.hole_spans(), *self._holes))

    async def _read_block(self, block: Block) -> dict[Span, Reply | DriverError]:
        """What each span brought; a refused block is halved until the hole is found."""
        try:
            reply = await self._unit.read(block.area)
        except DeviceRefusedError as error:
            if error.code != ILLEGAL_ADDRESS:
                return dict.fromkeys(block.spans, error)
            return await self._search_hole(block, error)
        except DriverError as error:
            return dict.fromkeys(block.spans, error)
        start = block.area.address
        return {
            span: Reply(reply.registers[span.address - start : span.end - start], reply.at)
            for span in block.spans
        }

    async def _search_hole(
        self, block: Block, error: DeviceRefusedError
    ) -> dict[Span, Reply | DriverError]:
        halves = bisect(block)
        if halves is None:
            self._holes[block.spans[0]] = self._clock.monotonic_s()
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
        self._holes.update(dict.fromkeys(gaps, self._clock.monotonic_s()))
        if not gaps:
            widest = max(span.count for span in block.spans)
            self._max_block = max(widest, block.area.count - 1)

    def _forget_old_holes(self) -> None:
        now_s = self._clock.monotonic_s()
        self._holes = {
            span: found_s for span, found_s in self._holes.items() if now_s - found_s < HOLE_KEPT_S
        }

    def _reading(self, point: Point, found: dict[Span, Reply | DriverError]) -> Reading:
        result = found.get(self._profile.span(point.name))
        match result:
            case None:
                reason = "the device has no such register"
                return no_value(point, self._clock.now(), Quality.NOT_IMPLEMENTED, reason)
            case Reply(registers=registers, at=at):
                value = self._profile.encoding(point.name).value(registers)
                if value is None:
                    return no_value(point, at, Quality.BAD, "the device has no value", registers)
                return good(point, at, value, registers)
            case error:
                return fault_reading(point, error, self._clock.now())

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """Write a value that may stand for ever, then read it back; there is no timer to set."""
        return await self._put(request.point, request.value)

    async def release(self, point: str) -> WriteOutcome:
        """Write the neutral value of the profile and check that it stands."""
        spec = self._profile.points.get(point)
        if spec is None or spec.write is None:
            return WriteOutcome(point=point, result=WriteResult.NOT_WRITABLE)
        return await self._put(point, spec.write.release)

    async def _put(self, name: str, value: float) -> WriteOutcome:
        spec = self._profile.points.get(name)
        if spec is None or spec.write is None:
            return WriteOutcome(point=name, result=WriteResult.NOT_WRITABLE)
        try:
            why = outside(value, spec.write.limits)
            registers = () if why else self._profile.encoding(name).registers(value)
        except ValueError as error:
            why = str(error)
        if why:
            return WriteOutcome(point=name, result=WriteResult.OUT_OF_RANGE, reason=why)
        async with self._writing:
            return await self._put_registers(name, value, registers, spec.write)

    async def _put_registers(
        self, name: str, value: float, registers: tuple[int, ...], spec: RegisterWrite
    ) -> WriteOutcome:
        """Write and read back; after an unknown outcome the device is read before it is written."""
        span = self._profile.span(name)
        function = WRITE_SINGLE if spec.function == "single" else WRITE_MULTIPLE
        try:
            if name in self._doubtful:
                await self._unit.read(span)
                self._doubtful.discard(name)
            await self._unit.write(span.address, registers, function)
        except DriverError as error:
            outcome = failed_write(name, error)
            if outcome.result is WriteResult.TIMEOUT:
                self._doubtful.add(name)
            return outcome
        return await self._verify(name, value, span, spec)

    async def _verify(
        self, name: str, value: float, span: Span, spec: RegisterWrite
    ) -> WriteOutcome:
        readback: float | None = None
        for _ in range(2):
            await asyncio.sleep(spec.verify_after_ms / 1000)
            try:
                reply = await self._unit.read(span)
            except DriverError as error:
                reason = f"written, not read back: {error}"
                result = WriteResult.ACCEPTED_UNVERIFIED
                return WriteOutcome(point=name, result=result, reason=reason)
            readback = self._profile.encoding(name).value(reply.registers)
            if readback is not None and abs(readback - value) <= spec.tolerance:
                return WriteOutcome(point=name, result=WriteResult.VERIFIED, readback=readback)
        return WriteOutcome(
            point=name, result=WriteResult.MISMATCH, readback=readback, reason=f"wrote {value:g}"
        )

    async def identify(self) -> Identity:
        """Raise unless the unit answers; a plain register map says nothing about who it is."""
        await self._unit.read(self._blocks(self._points)[0].area)
        return Identity()


def open_device(
    device_id: str, link: ModbusLink, unit: int, profile_name: str, clock: Clock
) -> Driver:
    """The driver for a shipped profile, by its kind; not yet opened."""
    profile = load_profile(profile_name)
    if isinstance(profile, RegisterProfile):
        return ModbusDevice(device_id, link, unit, profile, clock)
    return SunSpecDevice(device_id, link, unit, profile, clock)
