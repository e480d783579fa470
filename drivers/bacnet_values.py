"""bacpypes3 values and faults to plain Python values and the house's errors, and back."""

from __future__ import annotations

from dataclasses import dataclass

from bacpypes3.apdu import AbortPDU, AbortReason, ErrorRejectAbortNack, RejectPDU, RejectReason
from bacpypes3.basetypes import BinaryPV, ErrorCode, ErrorType, PriorityValue, StatusFlags
from bacpypes3.primitivedata import Null, ObjectIdentifier, Real, Unsigned

from drivers.types import DeviceBusyError, DeviceRefusedError, DriverError, LinkTimeoutError

Slots = tuple[float | None, ...]
"""A priority array: slot 1 first, None where relinquished."""


@dataclass(frozen=True, slots=True)
class Flags:
    """BACnet status-flags."""

    in_alarm: bool
    fault: bool
    overridden: bool
    out_of_service: bool


@dataclass(frozen=True, slots=True)
class ItemError:
    """One property the device would not give inside an otherwise good answer."""

    reason: str
    code: int | None = None

    @property
    def absent(self) -> bool:
        """Whether the object simply has no such property."""
        return self.code == int(ErrorCode.unknownProperty)


Plain = float | int | str | Flags | Slots | ItemError | None


class ReplyTooLargeError(DeviceRefusedError):
    """The answer (or the question) does not fit: ask for less at once."""


class ServiceUnknownError(DeviceRefusedError):
    """The device does not know the service at all."""


_TOO_LARGE_ABORTS = {
    int(AbortReason.bufferOverflow),
    int(AbortReason.segmentationNotSupported),
    int(AbortReason.apduTooLong),
}
_BUSY_ABORTS = {
    int(AbortReason.preemptedByHigherPriorityTask),
    int(AbortReason.outOfResources),
    int(AbortReason.applicationExceededReplyTime),
}
_SILENT_ABORTS = {int(AbortReason.noResponse), int(AbortReason.tsmTimeout)}
_TOO_LARGE_REJECTS = {int(RejectReason.bufferOverflow), int(RejectReason.tooManyArguments)}


def fault(error: ErrorRejectAbortNack) -> DriverError:
    """The house's error for a BACnet error, reject or abort."""
    code = int(error.reason)
    if isinstance(error, AbortPDU):
        return _abort(code, str(error.reason))
    if isinstance(error, RejectPDU):
        text = f"rejected: {RejectReason(code)}"
        if code == int(RejectReason.unrecognizedService):
            return ServiceUnknownError(text, code)
        if code in _TOO_LARGE_REJECTS:
            return ReplyTooLargeError(text, code)
        return DeviceRefusedError(text, code)
    return DeviceRefusedError(f"error {error}", code)


def _abort(code: int, name: str) -> DriverError:
    if code in _SILENT_ABORTS:
        return LinkTimeoutError("no response")
    text = f"aborted: {name}"
    if code in _TOO_LARGE_ABORTS:
        return ReplyTooLargeError(text, code)
    if code in _BUSY_ABORTS:
        return DeviceBusyError(text)
    return DeviceRefusedError(text, code)


def plain(value: object) -> Plain:
    """A bacpypes3 value as plain Python; what has no plain form becomes an ItemError."""
    match value:
        case None | Null():
            return None
        case float():
            return float(value)
        case int():
            return int(value)
        case str():
            return str(value)
    return _structured(value)


def _structured(value: object) -> Plain:
    match value:
        case ErrorType():
            return ItemError(f"{value.errorClass}: {value.errorCode}", int(value.errorCode))
        case ObjectIdentifier():
            return str(value)
        case StatusFlags():
            bits = [bool(bit) for bit in value]
            return Flags(*(bits + [False] * 4)[:4])
        case list() if all(isinstance(item, PriorityValue) for item in value):
            return tuple(_slot(item) for item in value)
    return ItemError(f"cannot read a {type(value).__name__}")


def _slot(slot: object) -> float | None:
    if getattr(slot, "null", None) is not None:
        return None
    for kind in ("real", "enumerated", "unsigned", "integer", "double", "boolean"):
        number = getattr(slot, kind, None)
        if number is not None:
            return float(number)
    # A slot that holds something else is held all the same: never take it for free.
    return float("nan")


def command_value(kind: str, value: float | None) -> Real | Unsigned | BinaryPV | Null:
    """What present-value of an object of `kind` takes; None relinquishes."""
    if value is None:
        return Null(())
    if kind.startswith("binary"):
        return BinaryPV("active" if value >= 0.5 else "inactive")  # noqa: PLR2004
    if kind.startswith("multi-state"):
        return Unsigned(round(value))
    return Real(value)
