"""The words every driver speaks: points, readings, qualities, write requests and their results.

Signs follow the house law: import, consumption and charging are positive. Units are those of the
profile (kW, kWh, degC, share 0..1; percent only for `soc`, `humidity`, `efficiency`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Quality(StrEnum):
    """How far a reading may be trusted; only `good` and `uncertain` carry a value for decisions."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    STALE = "stale"
    BAD = "bad"
    ASLEEP = "asleep"
    MISSING = "missing"
    NOT_IMPLEMENTED = "not_implemented"

    @property
    def usable(self) -> bool:
        """Whether a decision may rest on a reading of this quality."""
        return self in (Quality.GOOD, Quality.UNCERTAIN)


class WriteResult(StrEnum):
    """What became of a write."""

    VERIFIED = "verified"
    ACCEPTED_UNVERIFIED = "accepted_unverified"
    REJECTED = "rejected"
    TIMEOUT = "timeout"
    MISMATCH = "mismatch"
    NOT_WRITABLE = "not_writable"
    OUT_OF_RANGE = "out_of_range"
    OVERRIDDEN_LOCALLY = "overridden_locally"

    @property
    def holds(self) -> bool:
        """Whether the value stands at the device as far as anyone can tell."""
        return self in (WriteResult.VERIFIED, WriteResult.ACCEPTED_UNVERIFIED)


class Reverts(StrEnum):
    """How a device gets rid of a commanded value when nobody refreshes it."""

    TIMER = "timer"
    """The device reverts by itself after the lease seconds written with the value."""
    WATCHDOG = "watchdog"
    """The device lets go when the driver stops feeding it: the driver feeds only within a lease."""
    NONE = "none"
    """The value stands until released: only values safe for ever may be written."""

    @property
    def by_itself(self) -> bool:
        """Whether the device gets rid of the value when this gateway is gone for ever."""
        return self is not Reverts.NONE


class Cadence(StrEnum):
    """How often a point is worth reading, in beats of its device's `poll_s`."""

    FAST = "fast"
    """Four times in a period."""
    NORMAL = "normal"
    """Once in a period."""
    SLOW = "slow"
    """Once in ten periods."""
    ONCE = "once"
    """At start, and once a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One measurable or commandable quantity of a device, as the rest of the house sees it.

    `safe` is the closed band of values that may stand for ever; `limits` the widest the device
    takes now; `hard` what is never exceeded whatever the device says.
    """

    device: str
    name: str
    unit: str
    writable: bool = False
    reverts: Reverts = Reverts.NONE
    safe: tuple[float, float] | None = None
    limits: tuple[float, float] | None = None
    tolerance: float = 0.01
    """Largest difference between written and read back that counts as equal, in `unit`."""
    alive: bool = False
    """The value moves by itself whenever the device lives (frequency, heartbeat counter)."""
    cadence: Cadence = Cadence.NORMAL
    hard: tuple[float, float] | None = None
    max_rate_per_s: float | None = None
    """Fastest commanded change, in `unit` per second of plant time."""
    writes_per_day: int | None = None
    """Changed values a day that the device's memory stands; refreshing a value does not count."""

    @property
    def key(self) -> str:
        """`device.point`, the name used in site files and plans."""
        return f"{self.device}.{self.name}"


@dataclass(frozen=True, kw_only=True, init=False)
class Reading:
    """One value of one point at the moment the reply arrived; `value` is None unless usable."""

    device: str
    point: str
    value: float | None
    unit: str
    at: datetime
    """UTC, aware: when the reply (or its absence) was known."""
    quality: Quality
    reason: str = ""
    raw: tuple[int, ...] = ()

    def __init__(  # noqa: PLR0913 - one argument a field, by name
        self,
        *,
        device: str,
        point: str,
        value: float | None,
        unit: str,
        at: datetime,
        quality: Quality,
        reason: str = "",
        raw: tuple[int, ...] = (),
    ) -> None:
        """Refuse a usable reading without a number, and a naive time.

        Thousands are made each second: filling the dictionary takes half as long as the
        initialiser that dataclasses generate for a frozen class.
        """
        if at.tzinfo is not UTC and at.utcoffset() != timedelta(0):
            msg = f"{device}.{point}: a reading needs an aware UTC time, got {at!r}"
            raise ValueError(msg)
        if value is None and quality.usable:
            msg = f"{device}.{point}: quality {quality} without a value"
            raise ValueError(msg)
        fields = self.__dict__
        fields["device"] = device
        fields["point"] = point
        fields["value"] = value
        fields["unit"] = unit
        fields["at"] = at
        fields["quality"] = quality
        fields["reason"] = reason
        fields["raw"] = raw

    @property
    def key(self) -> str:
        """`device.point`."""
        return f"{self.device}.{self.point}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest:
    """Ask a driver to hold `value` at `point`; a device with a timer drops it after `lease_s`."""

    point: str
    value: float
    lease_s: float
    command_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOutcome:
    """What became of a write or a release, with the value read back where it could be read."""

    point: str
    result: WriteResult
    readback: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who answered: read from the device, empty where it does not say."""

    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""


@dataclass(slots=True, kw_only=True)
class Health:
    """Running counters of one device's link, for status pages and tests."""

    requests: int = 0
    failures: int = 0
    writes: int = 0
    connects: int = 0
    last_error: str = ""
    last_reply_s: float | None = None
    """Clock.monotonic_s() of the last good reply."""
    notes: list[str] = field(default_factory=list)


class Clock(Protocol):
    """Time as handed in: plant time, which a demo may run faster than the wall."""

    def now(self) -> datetime:
        """Plant time, UTC and aware."""
        ...

    def monotonic_s(self) -> float:
        """Plant seconds that never step back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Sleep that many plant seconds."""
        ...


class Driver(Protocol):
    """One device on its link. `read` never raises for a device fault: one reading a point."""

    @property
    def points(self) -> tuple[Point, ...]:
        """Every point of the device."""
        ...

    @property
    def health(self) -> Health:
        """Counters since start."""
        ...

    async def open(self) -> None:
        """Get ready; a device that does not answer is no error, a port that cannot be bound is."""
        ...

    async def close(self) -> None:
        """Let go of the link; leases are released by whoever holds them, before."""
        ...

    async def read(self, points: tuple[str, ...] | None = None) -> list[Reading]:
        """Read the named points (all when None): exactly one reading each, within the timeout."""
        ...

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """Write value, revert timer and enable in the safe order, then read back."""
        ...

    async def release(self, point: str) -> WriteOutcome:
        """Give the point back to the device's own control and check that it is back."""
        ...

    async def identify(self) -> Identity:
        """Ask the device who it is; raises DriverError."""
        ...


class DriverError(Exception):
    """Root of everything a driver raises."""


class RetryableError(DriverError):
    """May go away by itself: time out, closed link, busy device."""


class LinkTimeoutError(RetryableError, TimeoutError):
    """No reply in time."""


class LinkDownError(RetryableError):
    """The link is closed or cannot be opened."""


class DeviceBusyError(RetryableError):
    """The device asked for patience (Modbus exceptions 5 and 6)."""


class PermanentError(DriverError):
    """Stays until somebody changes something."""


class DeviceRefusedError(PermanentError):
    """The device answered that it will not (Modbus exception, BACnet error, reject or abort)."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class BadReplyError(RetryableError):
    """The reply does not fit the request: short, other function, other unit."""


class ProfileError(PermanentError):
    """A device profile is wrong; the message names file, key and remedy."""


class SetupError(PermanentError):
    """The link cannot work as configured (port in use, unknown unit code)."""


def describe(error: DriverError) -> str:
    """One line for a reading's reason."""
    match error:
        case LinkTimeoutError():
            kind = "no answer"
        case RetryableError():
            kind = "link"
        case _:
            kind = "refused"
    return f"{kind}: {error}"
