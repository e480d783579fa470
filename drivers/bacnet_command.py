"""Commanding one BACnet object at our slot of its priority array, and giving the slot back."""

from __future__ import annotations

from dataclasses import dataclass

from bacpypes3.basetypes import ErrorCode
from bacpypes3.pdu import Address
from bacpypes3.primitivedata import ObjectIdentifier

from drivers.bacnet_claim import Claim, slot_name
from drivers.bacnet_link import BacnetLink
from drivers.bacnet_point import BacnetPoint
from drivers.bacnet_read import PropertyReader
from drivers.bacnet_units import Conversion
from drivers.bacnet_values import ItemError, Plain, Slots
from drivers.types import (
    DeviceRefusedError,
    DriverError,
    LinkTimeoutError,
    WriteOutcome,
    WriteResult,
    describe,
)

_NO_ARRAY = "no priority-array: the value stands without a slot that could be given back"
_REFUSALS = {
    int(ErrorCode.writeAccessDenied): WriteResult.NOT_WRITABLE,
    int(ErrorCode.unknownProperty): WriteResult.NOT_WRITABLE,
    int(ErrorCode.unknownObject): WriteResult.NOT_WRITABLE,
    int(ErrorCode.valueOutOfRange): WriteResult.OUT_OF_RANGE,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Present value and slots, in the house's unit; `slots` None without a priority array."""

    value: float | None
    slots: Slots | None

    def above(self, priority: int) -> int | None:
        """The highest active slot that outranks `priority`, None when there is none."""
        for slot, held in enumerate((self.slots or ())[: priority - 1], start=1):
            if held is not None:
                return slot
        return None

    def at(self, priority: int) -> float | None:
        """What our slot holds, None when relinquished."""
        return self.slots[priority - 1] if self.slots and len(self.slots) >= priority else None


class Commander:
    """Writes and releases one point; foreign slots stay untouched. Never raises for the device."""

    def __init__(
        self,
        link: BacnetLink,
        address: Address,
        target: ObjectIdentifier,
        point: BacnetPoint,
        how: Conversion,
        claim: Claim,
    ) -> None:
        self._link = link
        self._address = address
        self._target = target
        self._point = point
        self._how = how
        self._claim = claim

    async def write(self, value: float) -> WriteOutcome:
        """Hold `value` (house unit) at our slot, unless somebody else holds or took the object."""
        claim, now_s = self._claim, self._link.clock.monotonic_s()
        if claim.contention.second_master(now_s):
            return self._second_master(now_s)
        try:
            standing = await self._standing()
            above = standing.above(self._link.write_priority)
            if above is not None:
                claim.lost(now_s)
                return self._outranked(standing, above)
            if claim.look(self._held(standing), now_s):
                return self._taken(standing)
            if claim.contention.second_master(now_s):
                return self._second_master(now_s)
            if self._holds(standing, value):
                outcome = self._judged(standing, value)
            else:
                outcome = await self._commanded(value, standing)
        except DriverError as error:
            return self._failed(error)
        if outcome.result.holds:
            claim.verified(value, now_s)
        return outcome

    async def release(self) -> WriteOutcome:
        """Relinquish our slot and see it gone; a value somebody else put there stays."""
        claim, now_s = self._claim, self._link.clock.monotonic_s()
        try:
            standing = await self._standing()
            if standing.slots is None:
                claim.released(now_s)
                return self._outcome(WriteResult.NOT_WRITABLE, standing, _NO_ARRAY)
            claim.look(self._held(standing), now_s)
            if claim.is_foreign(self._held(standing)):
                claim.released(now_s)
                reason = f"{self._whose(standing)}: left alone"
                return self._outcome(WriteResult.VERIFIED, standing, reason)
            if self._held(standing) is not None:
                await self._command(None)
                standing = await self._standing()
        except DriverError as error:
            return self._failed(error)
        if self._held(standing) is not None:
            return self._outcome(WriteResult.MISMATCH, standing, "our slot still holds a value")
        claim.released(now_s)
        return self._outcome(WriteResult.VERIFIED, standing)

    async def _commanded(self, value: float, before: Standing) -> WriteOutcome:
        """The outcome of writing `value`; what the device made of it counts as ours too.

        Somebody may have written between our frame and the look at it: theirs stays.
        """
        self._claim.written(value)
        await self._command(self._how.to_device(value))
        after = await self._standing()
        held = self._held(after)
        if held is None or held == self._held(before) or self._near(held, value):
            return self._judged(after, value)
        made = await self._made_again(value, held) if self._point.counts else None
        if made is None:
            self._claim.took(held, self._link.clock.monotonic_s())
            return self._taken(after)
        self._claim.written(held)
        return self._judged(made, value)

    async def _made_again(self, value: float, held: float) -> Standing | None:
        """What stands after a second write of `value`; None when `held` was not made of it.

        A device that rounds or limits does so each time. Where it now holds `value`, `held` was
        somebody's: it is put back.
        """
        await self._command(self._how.to_device(value))
        again = await self._standing()
        if self._near(self._held(again), held):
            return again
        if self._near(self._held(again), value):
            await self._command(self._how.to_device(held))
        return None

    def _held(self, standing: Standing) -> float | None:
        """What stands where we write: our slot, or the value itself without a priority array."""
        if standing.slots is None:
            return standing.value
        return standing.at(self._link.write_priority)

    async def _command(self, raw: float | None) -> None:
        await self._link.command(self._address, self._target, raw)

    async def _standing(self) -> Standing:
        """Read present-value and priority-array; raises DriverError."""
        reader = PropertyReader(self._link, self._address)
        wanted = (self._target, ("present-value", "priority-array"))
        answer = (await reader.read([wanted]))[str(self._target)]
        if isinstance(answer, DriverError):
            raise answer
        value = answer["present-value"]
        if isinstance(value, ItemError):
            msg = f"present-value: {value.reason}"
            raise DeviceRefusedError(msg, value.code)
        return Standing(self._house(value), self._slots(answer["priority-array"]))

    def _slots(self, said: Plain) -> Slots | None:
        """None only when the object has no array: unreadable slots may be somebody's."""
        if isinstance(said, ItemError) and not said.absent:
            msg = f"priority-array: {said.reason}"
            raise DeviceRefusedError(msg)
        return tuple(self._house(held) for held in said) if isinstance(said, tuple) else None

    def _house(self, raw: Plain) -> float | None:
        return self._how.to_house(float(raw)) if isinstance(raw, int | float) else None

    def _near(self, held: float | None, value: float) -> bool:
        return held is not None and abs(held - value) <= self._point.tolerance

    def _holds(self, standing: Standing, value: float) -> bool:
        """Whether our slot holds the value already, so that no frame need go out."""
        return self._near(standing.at(self._link.write_priority), value)

    def _judged(self, standing: Standing, value: float) -> WriteOutcome:
        if standing.slots is None:
            if self._near(standing.value, value):
                return self._outcome(WriteResult.ACCEPTED_UNVERIFIED, standing, _NO_ARRAY)
            return self._outcome(WriteResult.MISMATCH, standing, "present-value differs")
        if not self._holds(standing, value):
            return self._outcome(WriteResult.MISMATCH, standing, "our slot does not hold the value")
        above = standing.above(self._link.write_priority)
        if above is not None:
            return self._outranked(standing, above)
        if not self._near(standing.value, value):
            return self._outcome(WriteResult.MISMATCH, standing, "present-value differs")
        return self._outcome(WriteResult.VERIFIED, standing)

    def _outranked(self, standing: Standing, above: int) -> WriteOutcome:
        slots = standing.slots or ()
        ours = standing.at(self._link.write_priority)
        also = "" if ours is None else f"; our slot holds {ours:g} underneath"
        who = f"{slot_name(above)} holds {slots[above - 1]:g}"
        reason = f"{who} and outranks slot {self._link.write_priority}{also}"
        return self._outcome(WriteResult.OVERRIDDEN_LOCALLY, standing, reason)

    def _taken(self, standing: Standing) -> WriteOutcome:
        wrote = self._claim.ours[-1]
        reason = f"{self._whose(standing)}, where we wrote {wrote:g}"
        return self._outcome(WriteResult.OVERRIDDEN_LOCALLY, standing, reason)

    def _whose(self, standing: Standing) -> str:
        where = "present-value is"
        if standing.slots is not None:
            where = f"our slot {self._link.write_priority} holds"
        return f"{where} {self._held(standing):g}, put there by somebody else"

    def _second_master(self, now_s: float) -> WriteOutcome:
        count = self._claim.contention.recent(now_s)
        return WriteOutcome(
            point=self._point.name,
            result=WriteResult.OVERRIDDEN_LOCALLY,
            reason=f"second master: {count} changes against us within an hour of holding the point",
        )

    def _failed(self, error: DriverError) -> WriteOutcome:
        result = WriteResult.REJECTED
        if isinstance(error, LinkTimeoutError):
            result = WriteResult.TIMEOUT
        elif isinstance(error, DeviceRefusedError) and error.code is not None:
            result = _REFUSALS.get(error.code, WriteResult.REJECTED)
        return WriteOutcome(point=self._point.name, result=result, reason=describe(error))

    def _outcome(self, result: WriteResult, standing: Standing, reason: str = "") -> WriteOutcome:
        return WriteOutcome(
            point=self._point.name, result=result, readback=standing.value, reason=reason
        )
