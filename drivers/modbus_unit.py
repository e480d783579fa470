"""One unit on a Modbus link: paced requests, counted, and what its faults mean for a reading."""

from __future__ import annotations

import asyncio
from datetime import datetime

from drivers.modbus_client import ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, ILLEGAL_VALUE, WRITE_MULTIPLE
from drivers.modbus_link import ModbusLink, Reply
from drivers.readplan import Span
from drivers.types import (
    Clock,
    DeviceBusyError,
    DeviceRefusedError,
    DriverError,
    Health,
    LinkDownError,
    LinkTimeoutError,
    Point,
    Quality,
    Reading,
    SetupError,
    WriteOutcome,
    WriteResult,
    describe,
)


class Unit:
    """A unit number on a link, with the device's own pace (wall seconds) and counters."""

    def __init__(self, link: ModbusLink, number: int, clock: Clock, *, min_gap_s: float) -> None:
        self.link = link
        self.number = number
        self.health = Health()
        self._clock = clock
        self._min_gap_s = min_gap_s
        self._free_s = 0.0

    async def read(self, span: Span) -> Reply:
        """The registers of `span`; a DriverError when they could not be had."""
        await self._pace()
        self.health.requests += 1
        try:
            reply = await self.link.read(self.number, span.function, span.address, span.count)
        except DriverError as error:
            self._book(error)
            raise
        self._answered()
        return reply

    async def write(
        self, address: int, registers: tuple[int, ...], function: int = WRITE_MULTIPLE
    ) -> None:
        """Write registers once; a DriverError when that was not confirmed."""
        await self._pace()
        self.health.requests += 1
        self.health.writes += 1
        try:
            await self.link.write(self.number, address, registers, function)
        except DriverError as error:
            self._book(error)
            raise
        self._answered()

    def _book(self, error: DriverError) -> None:
        self.health.failures += 1
        self.health.last_error = describe(error)
        self._rest()

    def _answered(self) -> None:
        self.health.last_reply_s = self._clock.monotonic_s()
        self.health.connects = self.link.connects
        self._rest()

    def _rest(self) -> None:
        self._free_s = asyncio.get_running_loop().time() + self._min_gap_s

    async def _pace(self) -> None:
        """Leave the unit its rest between two requests."""
        if self._min_gap_s > 0:
            await asyncio.sleep(max(0.0, self._free_s - asyncio.get_running_loop().time()))


def fault_reading(point: Point, error: DriverError, at: datetime) -> Reading:
    """The reading of a point that could not be read."""
    match error:
        case LinkTimeoutError() | LinkDownError():
            quality = Quality.MISSING
        case DeviceRefusedError(code=code) if code in (ILLEGAL_FUNCTION, ILLEGAL_ADDRESS):
            quality = Quality.NOT_IMPLEMENTED
        case _:
            quality = Quality.BAD
    return no_value(point, at, quality, describe(error))


def no_value(
    point: Point, at: datetime, quality: Quality, reason: str, raw: tuple[int, ...] = ()
) -> Reading:
    """A reading without a value."""
    return Reading(
        device=point.device,
        point=point.name,
        value=None,
        unit=point.unit,
        at=at,
        quality=quality,
        reason=reason,
        raw=raw,
    )


def good(point: Point, at: datetime, value: float, raw: tuple[int, ...]) -> Reading:
    """A reading as the device gave it."""
    return Reading(
        device=point.device,
        point=point.name,
        value=value,
        unit=point.unit,
        at=at,
        quality=Quality.GOOD,
        raw=raw,
    )


def left_alone(point: str) -> WriteOutcome:
    """What a release says of a point that somebody else has set: no frame has left."""
    reason = "left as somebody else has set it"
    return WriteOutcome(point=point, result=WriteResult.VERIFIED, reason=reason)


def failed_write(point: str, error: DriverError) -> WriteOutcome:
    """What became of a write that ended in `error`; `timeout` when nobody knows."""
    match error:
        case DeviceRefusedError(code=code) if code in (ILLEGAL_FUNCTION, ILLEGAL_ADDRESS):
            result = WriteResult.NOT_WRITABLE
        case DeviceRefusedError(code=code) if code == ILLEGAL_VALUE:
            result = WriteResult.OUT_OF_RANGE
        case DeviceRefusedError() | DeviceBusyError() | SetupError():
            result = WriteResult.REJECTED
        case _:
            result = WriteResult.TIMEOUT
    return WriteOutcome(point=point, result=result, reason=describe(error))


def select(points: tuple[Point, ...], names: tuple[str, ...] | None) -> tuple[Point, ...]:
    """The named points in the order asked for, all when None; SetupError for a stranger."""
    if names is None:
        return points
    by_name = {point.name: point for point in points}
    strangers = [name for name in names if name not in by_name]
    if strangers:
        msg = f"no point {', '.join(strangers)}; there are {', '.join(by_name)}"
        raise SetupError(msg)
    return tuple(by_name[name] for name in names)


def outside(value: float, limits: tuple[float, float] | None, slack: float = 0.0) -> str:
    """Why `value` may not be written, empty when it may; NaN and infinity never may."""
    if not -float("inf") < value < float("inf"):
        return f"{value} is no number to write"
    if limits is not None and not limits[0] - slack <= value <= limits[1] + slack:
        return f"{value:g} is outside {limits[0]:g}..{limits[1]:g}"
    return ""
