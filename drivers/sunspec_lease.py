"""A SunSpec setpoint held as a lease: value, revert timer, enable last, then read back.

The timer is written every time: the register keeps its previous owner's number, and 0 would lock
the value for ever.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

from drivers.codec import encode, pattern, scale_factor, scaled, unscaled
from drivers.modbus_unit import Unit, failed_write, left_alone, outside
from drivers.profile_sunspec import SunControl
from drivers.readplan import Function, Span
from drivers.sunspec_chain import Chain
from drivers.sunspec_models import MODELS, Field
from drivers.types import (
    Clock,
    DeviceRefusedError,
    DriverError,
    WriteOutcome,
    WriteRequest,
    WriteResult,
)

_DISABLED = 0
_READS_TO_VERIFY = 2
_EXPIRY_SLACK_S = 2.0
"""A command found gone so shortly before its end has run out: the device's clock is not ours."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The control's registers as they stand, in one image with the scale factor."""

    spec: SunControl
    first: int
    registers: tuple[int, ...]

    def raw(self, name: str) -> float | None:
        """A field's raw number, None when the device does not implement it."""
        field = self._field(name)
        start = field.offset - self.first
        return field.raw(self.registers[start : start + field.kind.width])

    @property
    def exponent(self) -> int:
        """The value's scale factor."""
        return self.exponent_of(self.spec.value)

    def exponent_of(self, field: str) -> int:
        """A field's scale factor."""
        name = self._field(field).sf
        if name is None:
            return 0
        factor = scale_factor(self.registers[self._field(name).offset - self.first])
        if factor is None:
            msg = f"scale factor {name} is not usable"
            raise DeviceRefusedError(msg)
        return factor

    def neutral(self) -> dict[str, int]:
        """Raw numbers of the fields that a release sets back."""
        return {
            name: unscaled(value, self.exponent_of(name))
            for name, value in self.spec.release.items()
        }

    def _field(self, name: str) -> Field:
        return MODELS[self.spec.model].fields[name]


@dataclass(frozen=True, slots=True)
class Held:
    """The raw value of ours that was verified, since when (plant s), and for how long."""

    raw: int
    since_s: float
    lease_s: int


class SunLease:
    """One control of one device. `factor` is field units per unit of the point (percent per kW)."""

    def __init__(self, unit: Unit, name: str, spec: SunControl, clock: Clock) -> None:
        self._unit = unit
        self._clock = clock
        self._held: Held | None = None
        self._foreign = False
        self._name = name
        self._spec = spec
        fields = MODELS[spec.model].fields
        names = [spec.value, spec.timer, spec.enable, *spec.preset, *spec.revert]
        names += [*spec.mirror, *spec.release]
        names += [factor for name in names if (factor := fields[name].sf)]
        self._first = min(fields[name].offset for name in names)
        self._count = max(fields[n].offset + fields[n].kind.width for n in names) - self._first

    @property
    def held(self) -> bool:
        """Whether a value of ours was verified and not given back since."""
        return self._held is not None

    def leave(self) -> None:
        """Somebody else has the point: the next release sends nothing."""
        self._held = None
        self._foreign = True

    def forget(self) -> None:
        """What stands from now on is nobody's business of ours."""
        self._held = None

    async def hold(
        self, chain: Chain, request: WriteRequest, factor: float, limits: tuple[float, float]
    ) -> WriteOutcome:
        """Make the device hold the value for `lease_s`; nothing is sent for a value out of range.

        The registers are read first, for their scale factor and because a write before may have
        ended without an answer.
        """
        seconds = math.ceil(request.lease_s) if request.lease_s > 0 else 0
        why = outside(request.value, limits, self._spec.tolerance) or self._bad_timer(seconds)
        if why:
            return self._outcome(WriteResult.OUT_OF_RANGE, reason=why)
        try:
            standing = await self.standing(chain)
            why = self._changed_by_others(standing)
            if why:
                self.leave()
                readback = self.value(standing, factor)
                return self._outcome(WriteResult.OVERRIDDEN_LOCALLY, readback, why)
            self.forget()
            raw = unscaled(request.value * factor, standing.exponent)
            if standing.raw(self._spec.timer) is None and not self._for_ever(request.value):
                reason = f"the device has no {self._spec.timer}: the value would never revert"
                return self._outcome(WriteResult.REJECTED, reason=reason)
            mirrored = {name: round(raw * times) for name, times in self._spec.mirror.items()}
            stages = (
                {**self._spec.preset, **mirrored, self._spec.value: raw},
                {**self._spec.revert, self._spec.timer: seconds},
                {self._spec.enable: self._spec.enabled},
            )
            frames = [frame for stage in stages for frame in self._frames(stage, standing)]
            await self._send(chain, frames)
        except ValueError as error:
            return self._outcome(WriteResult.OUT_OF_RANGE, reason=str(error))
        except DriverError as error:
            return failed_write(self._name, error)
        outcome = await self._verify(chain, request.value, factor, seconds)
        if outcome.result is WriteResult.VERIFIED and outcome.readback is not None:
            self._foreign = False
            # A device may round: what stands is what somebody else would have to change.
            stands = unscaled(outcome.readback * factor, standing.exponent)
            self._held = Held(stands, self._clock.monotonic_s(), seconds)
        elif outcome.result is WriteResult.MISMATCH and not self._for_ever(request.value):
            await self._withdraw_unless_it_reverts(chain, seconds)
        return outcome

    async def _withdraw_unless_it_reverts(self, chain: Chain, seconds: int) -> None:
        """Switch a command off again whose timer the device took no notice of."""
        try:
            standing = await self.standing(chain)
            timer = standing.raw(self._spec.timer)
            if timer is None or not 0 < timer <= seconds:
                stages = (standing.neutral(), {self._spec.enable: _DISABLED})
                frames = [frame for stage in stages for frame in self._frames(stage, standing)]
                await self._send(chain, frames)
        except DriverError:
            return

    async def release(self, chain: Chain, neutral: float, factor: float) -> WriteOutcome:
        """Write the neutral value, switch the command off, and check both.

        No frame leaves when somebody else has changed what we held, found now or before.
        """
        try:
            standing = await self.standing(chain)
            foreign = self._foreign or bool(self._changed_by_others(standing))
            self._foreign = False
            self.forget()
            if foreign:
                return left_alone(self._name)
            raw = unscaled(neutral * factor, standing.exponent)
            stages = ({self._spec.value: raw} | standing.neutral(), {self._spec.enable: _DISABLED})
            frames = [frame for stage in stages for frame in self._frames(stage, standing)]
            await self._send(chain, frames)
        except ValueError as error:
            return self._outcome(WriteResult.OUT_OF_RANGE, reason=str(error))
        except DriverError as error:
            return failed_write(self._name, error)
        return await self._verify(chain, neutral, factor, None)

    async def standing(self, chain: Chain) -> Standing:
        """The control's registers now."""
        address = chain.address[self._spec.model] + self._first
        reply = await self._unit.read(Span(Function.HOLDING, address, self._count))
        return Standing(self._spec, self._first, reply.registers)

    def _changed_by_others(self, standing: Standing) -> str:
        """What somebody else did to the value we hold, empty when it stands or may have run out."""
        held = self._held
        if held is None:
            return ""
        timer = standing.raw(self._spec.timer)
        lease_s = held.lease_s if timer is None else min(held.lease_s, timer)
        if timer != 0 and self._clock.monotonic_s() - held.since_s >= lease_s - _EXPIRY_SLACK_S:
            return ""
        enable, value = standing.raw(self._spec.enable), standing.raw(self._spec.value)
        if enable != self._spec.enabled:
            return f"somebody set {self._spec.enable} to {enable}"
        if value != held.raw:
            return f"somebody set {self._spec.value} to {value}, ours was {held.raw}"
        return ""

    def _for_ever(self, value: float) -> bool:
        """Whether the value may stand at a device that has no timer."""
        return self._spec.safe is not None and not outside(value, self._spec.safe)

    def _bad_timer(self, seconds: int) -> str:
        """Why a lease of so many seconds cannot be written, empty when it can."""
        field = MODELS[self._spec.model].fields[self._spec.timer]
        if 0 < seconds < field.sentinel:
            return ""
        return f"a lease of {seconds} s does not fit {self._spec.timer}"

    def _frames(
        self, stage: dict[str, int], standing: Standing
    ) -> list[tuple[int, tuple[int, ...]]]:
        """(offset, registers) of a stage, neighbours in one frame, absent options left out."""
        frames: list[tuple[int, tuple[int, ...]]] = []
        fields = MODELS[self._spec.model].fields
        optional = {*self._spec.preset, *self._spec.revert, self._spec.timer}
        for name in sorted(stage, key=lambda name: fields[name].offset):
            field = fields[name]
            if name in optional and standing.raw(name) is None:
                continue
            registers = encode(stage[name], field.kind)
            if pattern(registers) == field.sentinel:
                msg = f"{stage[name]} in {name} would read as 'not implemented'"
                raise ValueError(msg)
            if frames and sum((frames[-1][0], len(frames[-1][1]))) == field.offset:
                offset, before = frames.pop()
                frames.append((offset, before + registers))
            else:
                frames.append((field.offset, registers))
        return frames

    async def _send(self, chain: Chain, frames: list[tuple[int, tuple[int, ...]]]) -> None:
        base = chain.address[self._spec.model]
        for offset, registers in frames:
            await self._unit.write(base + offset, registers)

    async def _verify(
        self, chain: Chain, value: float, factor: float, seconds: int | None
    ) -> WriteOutcome:
        """Compare what stands with what was meant; `seconds` is None after a release."""
        readback: float | None = None
        why = ""
        for _ in range(_READS_TO_VERIFY):
            await asyncio.sleep(self._spec.verify_after_ms / 1000)
            try:
                standing = await self.standing(chain)
                readback = self.value(standing, factor)
                step = abs(scaled(1, standing.exponent) / factor)
            except DriverError as error:
                reason = f"written, not read back: {error}"
                return self._outcome(WriteResult.ACCEPTED_UNVERIFIED, reason=reason)
            why = self._differs(standing, seconds)
            if readback is None or abs(readback - value) > max(step, self._spec.tolerance):
                why = f"wrote {value:g}, {readback} stands"
            if not why:
                return self._outcome(WriteResult.VERIFIED, readback=readback)
        return self._outcome(WriteResult.MISMATCH, readback=readback, reason=why)

    def value(self, standing: Standing, factor: float) -> float | None:
        """The value that stands, in the unit of the point."""
        raw = standing.raw(self._spec.value)
        return None if raw is None else scaled(raw, standing.exponent) / factor

    def _differs(self, standing: Standing, seconds: int | None) -> str:
        """What is wrong with enable and timer; a device may shorten the lease, not lengthen it."""
        wanted = _DISABLED if seconds is None else self._spec.enabled
        if standing.raw(self._spec.enable) != wanted:
            return f"{self._spec.enable} stands at {standing.raw(self._spec.enable)}"
        if seconds is None:
            kept = {
                n for n, raw in standing.neutral().items() if standing.raw(n) not in (raw, None)
            }
            return f"{', '.join(sorted(kept))} did not go back" if kept else ""
        timer = standing.raw(self._spec.timer)
        if timer is None:
            return "" if self._spec.safe is not None else f"{self._spec.timer} is gone"
        return "" if 0 < timer <= seconds else f"{self._spec.timer} stands at {timer}"

    def _outcome(
        self, result: WriteResult, readback: float | None = None, reason: str = ""
    ) -> WriteOutcome:
        return WriteOutcome(point=self._name, result=result, readback=readback, reason=reason)
