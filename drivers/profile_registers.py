"""The schema of register maps: points, how they lie in registers, and how they are judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, model_validator

from drivers.codec import Encoding, Order, Registers, RegisterType, decode
from drivers.profile_identity import FUNCTION, Area, IdentitySpec
from drivers.profile_terms import (
    About,
    Address,
    Derived,
    Finite,
    Name,
    NonZero,
    Strict,
    strangers,
)
from drivers.profile_writes import RegisterWrite
from drivers.readplan import Function, Span
from drivers.types import Cadence, Point, Reverts

__all__ = ["RegisterPoint", "RegisterProfile", "RegisterWrite"]


class RegisterPoint(Strict):
    """One quantity in consecutive registers."""

    address: Address
    unit: str
    type: RegisterType | None = None
    order: Order | None = None
    function: Area | None = None
    scale: NonZero = 1.0
    offset: Finite = 0.0
    bits: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)]] | None = None
    """(lowest bit, how many) where the point is part of an unsigned number."""
    sentinels: tuple[int, ...] | None = None
    """Bit patterns that mean "no value"; None takes those of the profile for the type."""
    says: dict[int, str] = Field(default_factory=dict)
    """What the numbers of an enumeration say."""
    alive: bool = False
    cadence: Cadence = Cadence.NORMAL
    alone: bool = False
    """Answers only to a request of its own."""
    optional: bool = False
    """Not on every unit: asked for alone, and exception 2 means not implemented."""
    sleeps: bool = False
    """No value means that the device sleeps."""
    zero_needs: Name | None = None
    """A 0 counts only while this point is above 0; else the device has no value."""
    zero_doubtful: bool = False
    """A 0 may also mean that the device has no value."""
    uncertain: str = ""
    """Why the value is never more than uncertain."""
    write: RegisterWrite | None = None


class RegisterProfile(About):
    """A map of registers; `type`, `order` and `function` are the defaults of its points."""

    kind: Literal["registers"]
    name: Name
    base: Literal[0, 1] = 0
    """1 when the addresses are those of a document that counts from one."""
    type: RegisterType
    order: Order = Order.ABCD
    function: Area
    sentinels: dict[RegisterType, tuple[int, ...]] = Field(default_factory=dict)
    """Bit patterns that mean "no value", by type."""
    raw_range: dict[RegisterType, tuple[int, int]] = Field(default_factory=dict)
    """Raw numbers that can be values, by type; others mean "no value"."""
    holes: tuple[tuple[Address, int], ...] = ()
    """(address, count) that no request may touch together with other points."""
    forbidden: tuple[tuple[Address, int], ...] = ()
    """(address, count) of holding registers where a write does harm."""
    identity: IdentitySpec = IdentitySpec()
    points: dict[Name, RegisterPoint]
    derived: dict[Name, Derived] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> RegisterProfile:
        """Spans fit a request, scales are not zero, and only harmless registers are written."""
        for name in self.points:
            why = self._objection(name)
            if why:
                msg = f"points.{name}.{why}"
                raise ValueError(msg)
        why = strangers(self.derived, set(self.points))
        if why:
            raise ValueError(why)
        return self

    def _objection(self, name: str) -> str:
        """What is wrong with a point: its key and the remedy, empty when it is right."""
        point, span = self.points[name], self.span(name)
        if point.scale == 0:
            return f"scale: 0 loses the value; give the factor to {point.unit}"
        if span.count > self.max_block:
            return f"type: wider than max_block {self.max_block}"
        if point.bits is not None:
            try:
                self.encoding(name)
            except ValueError as error:
                return f"bits: {error}"
        if point.zero_needs is not None and point.zero_needs not in self.points:
            return f"zero_needs: {point.zero_needs} is not under points"
        return self._write_objection(point, span)

    def _write_objection(self, point: RegisterPoint, span: Span) -> str:
        if point.write is None:
            return ""
        if span.function is not Function.HOLDING:
            return "write: input registers cannot be written; use holding"
        if point.write.function == "single" and span.count > 1:
            return "write.function: single takes one register; use multiple"
        touched = [span]
        if (enable := point.write.enable) is not None:
            touched.append(Span(Function.HOLDING, enable.address - self.base, enable.type.width))
        for address, count in self.forbidden:
            barred = Span(Function.HOLDING, address - self.base, count)
            if any(barred.overlaps(part) for part in touched):
                return f"write: register {address} must never be written; remove write"
        return ""

    def encoding(self, name: str) -> Encoding:
        """How the point lies in its registers."""
        point = self.points[name]
        kind = point.type or self.type
        return Encoding(
            kind=kind,
            order=point.order or self.order,
            scale=point.scale,
            offset=point.offset,
            sentinels=(
                self.sentinels.get(kind, ()) if point.sentinels is None else point.sentinels
            ),
            bits=point.bits,
        )

    def believable(self, name: str, registers: Registers) -> bool:
        """Whether the registers hold a number that can be a value of the point."""
        encoding = self.encoding(name)
        bounds = self.raw_range.get(encoding.kind)
        if bounds is None:
            return True
        raw = decode(registers, encoding.kind, encoding.order)
        return raw is not None and bounds[0] <= raw <= bounds[1]

    def span(self, name: str) -> Span:
        """Where the point lies, as wire address."""
        point = self.points[name]
        return Span(
            FUNCTION[point.function or self.function],
            point.address - self.base,
            (point.type or self.type).width,
            alone=point.alone or point.optional,
        )

    def hole_spans(self) -> tuple[Span, ...]:
        """Declared holes, as wire addresses."""
        function = FUNCTION[self.function]
        return tuple(Span(function, address - self.base, count) for address, count in self.holes)

    def sources(self, name: str) -> tuple[str, ...]:
        """The register points that a point is made of or judged by, itself included."""
        parts = tuple(self.derived[name].sum) if name in self.derived else (name,)
        judges = (self.points[part].zero_needs for part in parts)
        return (*parts, *(judge for judge in judges if judge is not None))

    def describe(self, device: str) -> tuple[Point, ...]:
        """The points in registers as the house sees them."""
        return tuple(_register_point(device, name, spec) for name, spec in self.points.items())

    @property
    def plain(self) -> bool:
        """Whether the registers say all there is to know: nothing to check, derive or judge."""
        judged = any(
            point.sleeps or point.zero_needs or point.zero_doubtful or point.uncertain
            for point in self.points.values()
        )
        identity = self.identity.checks or self.identity.notices or self.identity.serial
        return not (judged or identity or self.derived or self.raw_range)


def _register_point(device: str, name: str, spec: RegisterPoint) -> Point:
    """One point of a register profile."""
    measured = Point(
        device=device, name=name, unit=spec.unit, alive=spec.alive, cadence=spec.cadence
    )
    if spec.write is None:
        return measured
    return replace(
        measured,
        writable=True,
        reverts=Reverts(spec.write.reverts),
        safe=spec.write.safe,
        limits=spec.write.band,
        hard=spec.write.limits,
        max_rate_per_s=spec.write.max_rate_per_s,
        writes_per_day=spec.write.writes_per_day,
        tolerance=spec.write.tolerance,
    )
