"""A BACnet/IP device as a driver: objects read in batches, setpoints held at one priority slot."""

from __future__ import annotations

from collections.abc import Sequence

from bacpypes3.primitivedata import ObjectIdentifier

from drivers.bacnet_claim import Claim
from drivers.bacnet_command import Commander
from drivers.bacnet_cov import CovCache, CovTiming, Kept
from drivers.bacnet_link import BacnetLink, parse_address, parse_object
from drivers.bacnet_point import Arrival, BacnetPoint, unit_of
from drivers.bacnet_read import PropertyReader, Wanted
from drivers.bacnet_units import Conversion, NoConversion
from drivers.bacnet_values import ItemError, Plain
from drivers.types import (
    Clock,
    DeviceRefusedError,
    DriverError,
    Health,
    Identity,
    LinkTimeoutError,
    Point,
    Quality,
    Reading,
    WriteOutcome,
    WriteRequest,
    WriteResult,
    describe,
)

__all__ = ["BacnetDevice", "BacnetLink", "BacnetPoint", "CovTiming"]

_VALUE = ("present-value", "status-flags")
_VALUE_AND_UNITS = (*_VALUE, "units")
_ANY_DEVICE = 4_194_303
_MARKS = {"no priority-array": "no_priority_array", "second master": "second_master"}


class BacnetDevice:
    """One device at `address` on a shared link; implements `drivers.types.Driver`.

    With `cov` the device tells changes by itself, and `read` asks only for what it is not sure of.
    """

    def __init__(
        self,
        device_id: str,
        link: BacnetLink,
        address: str,
        points: tuple[BacnetPoint, ...],
        clock: Clock,
        *,
        cov: bool | CovTiming = False,
    ) -> None:
        self._device_id = device_id
        self._link = link
        self._address = parse_address(address)
        link.refuse_self(self._address)
        self._points = {point.name: point for point in points}
        self._targets = {point.name: parse_object(point.object) for point in points}
        self._clock = clock
        self._reader = PropertyReader(link, self._address)
        self._units: dict[str, Conversion] = {}
        self._claims = {p.name: Claim(p.tolerance) for p in points if p.writable}
        self._health = Health()
        self._cov = self._cov_cache(cov)
        self._open = False

    @property
    def points(self) -> tuple[Point, ...]:
        """Every point; one without a configured unit has the device's once that is read."""
        return tuple(self._point(name) for name in self._points)

    @property
    def health(self) -> Health:
        """Counters since start; `failures` counts points without a good answer."""
        return self._health

    async def open(self) -> None:
        """Take part in the link; SetupError when its port is taken."""
        if not self._open:
            await self._link.open()
            self._open = True
            self._health.connects += 1
            if self._cov is not None:
                self._cov.start()

    async def close(self) -> None:
        """End the subscriptions and leave the link."""
        if self._open:
            self._open = False
            if self._cov is not None:
                await self._cov.stop()
            await self._link.close()

    async def read(self, points: tuple[str, ...] | None = None) -> list[Reading]:
        """One reading per named point (all when None), with quality instead of exceptions."""
        names = tuple(self._points) if points is None else points
        known = [name for name in names if name in self._points]
        requests_before = self._reader.requests
        answers = await self._answers(known)
        self._health.requests += self._reader.requests - requests_before
        return [self._reading(name, answers) for name in names]

    async def _answers(self, names: Sequence[str]) -> dict[str, Kept]:
        """What each object says: kept by its subscription, else asked now."""
        wanted = self._wanted(names)
        answers = {} if self._cov is None else self._cov.kept(wanted)
        to_ask = [(target, props) for target, props in wanted if str(target) not in answers]
        async for some in self._reader.batches(to_ask):
            at = self._clock.now()
            answers.update({target: Kept(answer, at) for target, answer in some.items()})
            if self._cov is not None:
                self._cov.polled(some)
        return answers

    async def write(self, request: WriteRequest) -> WriteOutcome:
        """Hold the value at our priority slot and read back; the slot has no timer of its own."""
        point = self._points.get(request.point)
        if point is None or not point.writable:
            return _refused(request.point, WriteResult.NOT_WRITABLE, "not a writable point")
        reason = point.refused(request.value)
        if reason:
            return _refused(point.name, WriteResult.OUT_OF_RANGE, reason)
        commander = await self._commander(point)
        if isinstance(commander, WriteOutcome):
            return commander
        self._health.writes += 1
        outcome = await commander.write(request.value)
        self._doubt(point.name)
        return self._noted(outcome)

    async def release(self, point: str) -> WriteOutcome:
        """Relinquish our slot and check that it is free; foreign slots stay."""
        known = self._points.get(point)
        if known is None or not known.writable:
            return _refused(point, WriteResult.NOT_WRITABLE, "not a writable point")
        commander = await self._commander(known)
        if isinstance(commander, WriteOutcome):
            if commander.result is WriteResult.NOT_WRITABLE:
                # Only the unit is not known: the device was not asked to take the point back.
                return _refused(point, WriteResult.REJECTED, commander.reason)
            return commander
        outcome = await commander.release()
        self._doubt(point)
        return self._noted(outcome)

    async def identify(self) -> Identity:
        """Vendor, model, firmware and object name (as `serial`) of the device; DriverError."""
        device = ObjectIdentifier(("device", _ANY_DEVICE))
        try:
            name = await self._text(device, "object-name")
        except DeviceRefusedError:
            # Not every device knows the wildcard instance: ask for its own.
            found = await self._link.discover(str(self._address))
            if not found:
                raise
            device = ObjectIdentifier(("device", found[0].device_id))
            name = await self._text(device, "object-name")
        return Identity(
            manufacturer=await self._text(device, "vendor-name"),
            model=await self._text(device, "model-name"),
            serial=name,
            firmware=await self._text(device, "firmware-revision"),
        )

    async def _text(self, target: ObjectIdentifier, prop: str) -> str:
        value = await self._link.read_property(self._address, target, prop)
        return value if isinstance(value, str) else ""

    def _point(self, name: str) -> Point:
        said = self._units.get(name)
        return self._points[name].as_point(self._device_id, said.unit if said else None)

    def _wanted(self, names: Sequence[str]) -> list[Wanted]:
        """One entry per object: two points may look at the same one."""
        wanted: dict[str, Wanted] = {}
        for name in names:
            asks_units = name not in self._units and self._points[name].counts
            target = self._targets[name]
            earlier = wanted.get(str(target), (target, _VALUE))[1]
            props = _VALUE_AND_UNITS if asks_units or "units" in earlier else _VALUE
            wanted[str(target)] = (target, props)
        return list(wanted.values())

    def _reading(self, name: str, answers: dict[str, Kept]) -> Reading:
        if name not in self._points:
            stranger = Point(device=self._device_id, name=name, unit="")
            now = Arrival(self._device_id, self._clock.now())
            return now.reading(stranger, None, Quality.NOT_IMPLEMENTED, "no such point")
        kept = answers[str(self._targets[name])]
        arrival, answer = Arrival(self._device_id, kept.at), kept.answer
        if isinstance(answer, DriverError):
            self._fail(answer)
            return arrival.failed(self._point(name), answer)
        self._health.last_reply_s = self._clock.monotonic_s()
        how = self._conversion(name, answer)
        reading = arrival.judged(self._point(name), answer, how)
        if not reading.quality.usable:
            self._health.failures += 1
            self._health.last_error = f"{name}: {reading.reason}"
        return reading

    def _conversion(self, name: str, answer: dict[str, Plain]) -> Conversion | NoConversion:
        """The point's conversion, learned from the first good answer that names the units."""
        if name in self._units:
            return self._units[name]
        units = answer.get("units")
        how = unit_of(self._points[name], units)
        settled = not isinstance(units, ItemError) or units.absent
        if isinstance(how, Conversion) and settled:
            self._units[name] = how
        return how

    def _fail(self, error: DriverError) -> None:
        self._health.failures += 1
        self._health.last_error = describe(error)
        if isinstance(error, LinkTimeoutError):
            # A device that was away may come back configured anew.
            self._units.clear()

    async def _commander(self, point: BacnetPoint) -> Commander | WriteOutcome:
        """What commands the point, or the outcome when the device's unit cannot be told."""
        if point.name not in self._units:
            reading = (await self.read((point.name,)))[0]
            if point.name not in self._units:
                silent = reading.quality is Quality.MISSING
                result = WriteResult.TIMEOUT if silent else WriteResult.NOT_WRITABLE
                return _refused(point.name, result, f"unit unknown: {reading.reason}")
        return Commander(
            self._link,
            self._address,
            self._targets[point.name],
            point,
            self._units[point.name],
            self._claims[point.name],
        )

    def _cov_cache(self, cov: bool | CovTiming) -> CovCache | None:  # noqa: FBT001  # the switch
        if not cov:
            return None
        timing = cov if isinstance(cov, CovTiming) else CovTiming()
        targets = tuple(dict.fromkeys(self._targets.values()))
        return CovCache(self._link, self._address, targets, timing, self._health)

    def _doubt(self, name: str) -> None:
        """What was heard before a write says nothing any more."""
        if self._cov is not None:
            self._cov.drop(self._targets[name])

    def _noted(self, outcome: WriteOutcome) -> WriteOutcome:
        if not outcome.result.holds:
            self._health.last_error = f"{outcome.point}: {outcome.result} {outcome.reason}".strip()
        for words, mark in _MARKS.items():
            note = f"{outcome.point}: {mark}"
            if words in outcome.reason and note not in self._health.notes:
                self._health.notes.append(note)
        return outcome


def _refused(point: str, result: WriteResult, reason: str) -> WriteOutcome:
    return WriteOutcome(point=point, result=result, reason=reason)
