"""A Modbus device behind its profile's judgement: is it the right one, and what its values mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from drivers.identity_gate import Gate, IdentityGate, MakerGate
from drivers.learning import LearnsHoles
from drivers.modbus_link import ModbusLink
from drivers.modbus_unit import Unit, failed_write, fault_reading, select
from drivers.profile_identity import WrongDeviceError
from drivers.profile_judge import judged_registers, judged_sunspec
from drivers.profile_registers import RegisterProfile
from drivers.profile_sunspec import SunSpecProfile
from drivers.profile_terms import Derived
from drivers.readplan import Span
from drivers.types import (
    Clock,
    Driver,
    DriverError,
    Health,
    Identity,
    Point,
    Reading,
    WriteOutcome,
    WriteRequest,
    WriteResult,
)

Judge = Callable[[tuple[Point, ...], Mapping[str, Reading], Mapping[str, str]], list[Reading]]


class Judgement:
    """What a profile adds to the plain points of its device."""

    def __init__(
        self,
        device_id: str,
        derived: Mapping[str, Derived],
        sources: Callable[[str], tuple[str, ...]],
        judge: Judge,
    ) -> None:
        self.derived = tuple(
            Point(device=device_id, name=name, unit=spec.unit) for name, spec in derived.items()
        )
        self.sources = sources
        self.judge = judge


class CheckedDevice:
    """The driver of a profile with an identity, derived points or doubtful values."""

    def __init__(self, wire: Driver, gate: Gate, judgement: Judgement, clock: Clock) -> None:
        self._wire = wire
        self._gate = gate
        self._judgement = judgement
        self._clock = clock

    @property
    def points(self) -> tuple[Point, ...]:
        """The device's own points and those derived from them."""
        return (*self._wire.points, *self._judgement.derived)

    @property
    def health(self) -> Health:
        """Counters since start."""
        return self._wire.health

    @property
    def holes(self) -> tuple[Span, ...]:
        """Spans the device refused to read; none of a device that finds its own map."""
        return self._wire.holes if isinstance(self._wire, LearnsHoles) else ()

    def learn(self, holes: Iterable[Span]) -> None:
        """Take holes found by an earlier run."""
        if isinstance(self._wire, LearnsHoles):
            self._wire.learn(holes)

    async def open(self) -> None:
        """Join the link."""
        await self._wire.open()

    async def close(self) -> None:
        """Leave the link."""
        await self._wire.close()

    async def read(self, points: tuple[str, ...] | None = None) -> list[Reading]:
        """One reading for each of `points` (all when None); none has a value at a wrong device."""
        wanted = select(self.points, points)
        try:
            await self._gate.check()
        except DriverError as error:
            now = self._clock.now()
            return [fault_reading(point, error, now) for point in wanted]
        names = tuple(
            dict.fromkeys(part for p in wanted for part in self._judgement.sources(p.name))
        )
        read = {reading.point: reading for reading in await self._wire.read(names)}
        return self._judgement.judge(wanted, read, self._gate.doubts)

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """Hold a value, at the right device only."""
        refusal = await self._refusal(request.point)
        return refusal or await self._wire.write(request)

    async def release(self, point: str) -> WriteOutcome:
        """Give the point back, at the right device only."""
        refusal = await self._refusal(point)
        return refusal or await self._wire.release(point)

    async def _refusal(self, point: str) -> WriteOutcome | None:
        try:
            await self._gate.check()
        except WrongDeviceError as error:
            return WriteOutcome(point=point, result=WriteResult.REJECTED, reason=str(error))
        except DriverError as error:
            return failed_write(point, error)
        return None

    async def identify(self) -> Identity:
        """Who answers; WrongDeviceError when it is another device than the profile's."""
        return await self._gate.identity()


def checked_registers(
    device_id: str, wire: Driver, unit: Unit, profile: RegisterProfile, clock: Clock
) -> CheckedDevice:
    """A device with a register profile, checked and judged."""
    judgement = Judgement(
        device_id, profile.derived, profile.sources, partial(judged_registers, profile)
    )
    return CheckedDevice(wire, IdentityGate(unit, profile), judgement, clock)


def checked_sunspec(
    device_id: str, wire: Driver, link: ModbusLink, profile: SunSpecProfile, clock: Clock
) -> CheckedDevice:
    """A device with a SunSpec profile, checked and judged."""
    judgement = Judgement(
        device_id, profile.derived, profile.sources, partial(judged_sunspec, profile)
    )
    return CheckedDevice(wire, MakerGate(wire, link, profile), judgement, clock)
