"""Writing register points: value, enable last, read back; a watchdog is fed until the lease ends.

A device that drops what is not repeated is fed at a third of its watchdog, so that two writes may
get lost. The feeding ends with the lease, the release or the process, and the device lets go.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from drivers.codec import encode
from drivers.modbus_client import WRITE_MULTIPLE, WRITE_SINGLE
from drivers.modbus_unit import Unit, failed_write, left_alone, outside
from drivers.profile_registers import RegisterProfile
from drivers.profile_writes import RegisterWrite
from drivers.readplan import Function, Span
from drivers.types import Clock, DriverError, WriteOutcome, WriteRequest, WriteResult

FEEDS_PER_WATCHDOG = 3
_READS_TO_VERIFY = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """Registers written by one request."""

    address: int
    registers: tuple[int, ...]
    function: int = WRITE_MULTIPLE


class RegisterLease:
    """The writable points of one unit."""

    def __init__(self, unit: Unit, profile: RegisterProfile, clock: Clock) -> None:
        self._unit = unit
        self._profile = profile
        self._clock = clock
        self._doubtful: set[str] = set()
        self._foreign: set[str] = set()
        self._writing = asyncio.Lock()
        self._feeding: dict[str, asyncio.Task[None]] = {}
        self._held: dict[str, tuple[int, ...]] = {}

    async def hold(self, request: WriteRequest) -> WriteOutcome:
        """Write the value and switch it on; a watchdog is fed for `lease_s` from now."""
        spec = self._spec(request.point)
        if spec is None:
            return WriteOutcome(point=request.point, result=WriteResult.NOT_WRITABLE)
        frames, why = self._frames(request.point, request.value, spec)
        if why:
            return WriteOutcome(point=request.point, result=WriteResult.OUT_OF_RANGE, reason=why)
        await self._stop_feeding(request.point)
        async with self._writing:
            overridden = await self._overridden(request.point)
            if overridden is not None:
                return overridden
            outcome = await self._put(request.point, request.value, frames, spec)
            if outcome.result is WriteResult.VERIFIED:
                self._foreign.discard(request.point)
        if spec.watchdog_s is not None and outcome.result.holds:
            pause_s = spec.watchdog_s / FEEDS_PER_WATCHDOG
            now_s = self._clock.monotonic_s()
            feeding = self._feed(frames, now_s + pause_s, pause_s, now_s + request.lease_s)
            self._feeding[request.point] = asyncio.create_task(feeding)
        return outcome

    async def release(self, point: str) -> WriteOutcome:
        """Write the neutral value, switch the point off and check what can be read."""
        spec = self._spec(point)
        if spec is None:
            return WriteOutcome(point=point, result=WriteResult.NOT_WRITABLE)
        await self._stop_feeding(point)
        frames, why = self._frames(point, spec.release, spec, on=False)
        if why:
            return WriteOutcome(point=point, result=WriteResult.OUT_OF_RANGE, reason=why)
        async with self._writing:
            overridden = await self._overridden(point)
            if overridden is not None and overridden.result is not WriteResult.OVERRIDDEN_LOCALLY:
                return overridden
            if point in self._foreign:
                self._foreign.discard(point)
                return left_alone(point)
            outcome = await self._put(point, spec.release, frames, spec)
            self._held.pop(point, None)
            return outcome

    async def close(self) -> None:
        """Feed no longer; what has not been released falls to the device's watchdog."""
        for point in tuple(self._feeding):
            await self._stop_feeding(point)

    async def _overridden(self, point: str) -> WriteOutcome | None:
        """What to say when somebody else has changed the value we hold; None when nobody has.

        It is said once: whoever asks again after that has decided to.
        """
        held = self._held.pop(point, None)
        if held is None:
            return None
        try:
            reply = await self._unit.read(self._profile.span(point))
        except DriverError as error:
            self._held[point] = held
            return failed_write(point, error)
        if reply.registers == held:
            return None
        stands = self._profile.encoding(point).value(reply.registers)
        self._foreign.add(point)
        return WriteOutcome(
            point=point,
            result=WriteResult.OVERRIDDEN_LOCALLY,
            readback=stands,
            reason="somebody else has changed the value we hold",
        )

    def _spec(self, point: str) -> RegisterWrite | None:
        found = self._profile.points.get(point)
        return None if found is None else found.write

    def _frames(
        self, point: str, value: float, spec: RegisterWrite, *, on: bool = True
    ) -> tuple[tuple[Frame, ...], str]:
        """What goes over the wire, enable last; or why nothing does."""
        why = outside(value, spec.band)
        if why:
            return (), why
        try:
            registers = self._profile.encoding(point).registers(value)
        except ValueError as error:
            return (), str(error)
        function = WRITE_SINGLE if spec.function == "single" else WRITE_MULTIPLE
        frames = [Frame(self._profile.span(point).address, registers, function)]
        if spec.enable is not None:
            raw = encode(spec.enable.on if on else spec.enable.off, spec.enable.type)
            frames.append(Frame(spec.enable.address - self._profile.base, raw, function))
        return tuple(frames), ""

    async def _put(
        self, point: str, value: float, frames: tuple[Frame, ...], spec: RegisterWrite
    ) -> WriteOutcome:
        """Write and read back; after an unknown outcome the device is read before it is written."""
        span = self._profile.span(point)
        try:
            if point in self._doubtful and spec.readback:
                await self._unit.read(span)
                self._doubtful.discard(point)
            for frame in frames:
                await self._unit.write(frame.address, frame.registers, frame.function)
        except DriverError as error:
            outcome = failed_write(point, error)
            if outcome.result is WriteResult.TIMEOUT:
                self._doubtful.add(point)
            return outcome
        if not spec.readback:
            reason = "written; the device cannot be asked what stands"
            result = WriteResult.ACCEPTED_UNVERIFIED
            return WriteOutcome(point=point, result=result, reason=reason)
        return await self._verify(point, value, frames[1:], spec)

    async def _verify(
        self, point: str, value: float, switches: tuple[Frame, ...], spec: RegisterWrite
    ) -> WriteOutcome:
        """Whether value and enable stand."""
        readback: float | None = None
        for _ in range(_READS_TO_VERIFY):
            await asyncio.sleep(spec.verify_after_ms / 1000)
            try:
                reply = await self._unit.read(self._profile.span(point))
                switched = [await self._stands(frame) for frame in switches]
            except DriverError as error:
                reason = f"written, not read back: {error}"
                result = WriteResult.ACCEPTED_UNVERIFIED
                return WriteOutcome(point=point, result=result, reason=reason)
            readback = self._profile.encoding(point).value(reply.registers)
            near = readback is not None and abs(readback - value) <= spec.tolerance
            if near and all(switched):
                # A device may round: what stands is what somebody else would have to change.
                self._held[point] = reply.registers
                return WriteOutcome(point=point, result=WriteResult.VERIFIED, readback=readback)
        reason = f"wrote {value:g}" + (", and the enable does not stand" if near else "")
        return WriteOutcome(
            point=point, result=WriteResult.MISMATCH, readback=readback, reason=reason
        )

    async def _stands(self, frame: Frame) -> bool:
        span = Span(Function.HOLDING, frame.address, len(frame.registers))
        return (await self._unit.read(span)).registers == frame.registers

    async def _feed(
        self, frames: tuple[Frame, ...], due_s: float, pause_s: float, until_s: float
    ) -> None:
        """Repeat the frames until the lease ends; one that got lost is made good by the next."""
        while True:
            await self._clock.sleep(due_s - self._clock.monotonic_s())
            if self._clock.monotonic_s() >= until_s:
                return
            async with self._writing:
                try:
                    for frame in frames:
                        await self._unit.write(frame.address, frame.registers, frame.function)
                except DriverError:
                    pass
            due_s = max(due_s, self._clock.monotonic_s()) + pause_s

    async def _stop_feeding(self, point: str) -> None:
        task = self._feeding.pop(point, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
