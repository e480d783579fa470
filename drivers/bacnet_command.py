"""Commanding one BACnet object at our slot of its priority array, and giving the slot back."""

from __future__ import annotations

from dataclasses import dataclass

from bacpypes3.basetypes import ErrorCode
from bacpypes3.pdu import Address
from bacpypes3.primitivedata import ObjectIdentifier

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
    ) -> None:
        self._link = link
        self._address = address
        self._target = target
        self._point = point
        self._how = how

    async def write(self, value: float) -> WriteOutcome:
        """Hold `value` (house unit) at our slot, unless somebody above us holds the object."""
        try:
            before = await self._standing()
            above = before.above(self._link.write_priority)
            if above is not None:
                return self._overridden(before, above)
            if not self._holds(before, value):
                await self._command(self._how.to_device(value))
                before = await self._standing()
            return self._judged(before, value)
        except DriverError as error:
            return self._failed(error)

    async def release(self) -> WriteOutcome:
        """Relinquish our slot and see it gone."""
        try:
            standing = await self._standing()
            if standing.slots is None:
                return self._outcome(WriteResult.NOT_WRITABLE, standing, _NO_ARRAY)
            if standing.at(self._link.write_priority) is not None:
                await self._command(None)
                standing = await self._standing()
        except DriverError as error:
            return self._failed(error)
        if standing.at(self._link.write_priority) is None:
            return self._outcome(WriteResult.VERIFIED, standing)
        return self._outcome(WriteResult.MISMATCH, standing, "our slot still holds a value")

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
            raise DeviceRefusedError(msg, int(ErrorCode.unknownProperty))
        return Standing(self._house(value), self._slots(answer["priority-array"]))

    def _slots(self, said: Plain) -> Slots | None:
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
            return self._overridden(standing, above)
        if not self._near(standing.value, value):
            return self._outcome(WriteResult.MISMATCH, standing, "present-value differs")
        return self._outcome(WriteResult.VERIFIED, standing)

    def _overridden(self, standing: Standing, slot: int) -> WriteOutcome:
        ours = standing.at(self._link.write_priority)
        also = "" if ours is None else f"; our slot holds {ours:g} underneath"
        reason = f"slot {slot} outranks slot {self._link.write_priority}{also}"
        return self._outcome(WriteResult.OVERRIDDEN_LOCALLY, standing, reason)

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
