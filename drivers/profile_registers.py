"""What every device profile has, and the schema of register maps.

Units and signs of the points are those of the house (kW, kWh, import and charging positive);
`scale` carries raw numbers there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drivers.codec import Encoding, Order, RegisterType
from drivers.readplan import MAX_REGISTERS, Function, Limits, Span
from drivers.types import Point, Reverts

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
Address = Annotated[int, Field(ge=0, le=65536)]
Milliseconds = Annotated[int, Field(ge=0, le=60000)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
NonZero = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Area = Literal["input", "holding"]

_FUNCTION = {"input": Function.INPUT, "holding": Function.HOLDING}


class Strict(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class About(Strict):
    """What every profile says about itself."""

    manufacturer: str
    model: str
    source: Annotated[str, Field(pattern=r"^https?://\S+$")]
    """Where the map can be looked up."""
    hardware_tested: bool
    note: str = ""
    max_block: Annotated[int, Field(ge=1, le=MAX_REGISTERS)] = MAX_REGISTERS
    max_gap: Annotated[int, Field(ge=0, le=MAX_REGISTERS)] = 8
    min_gap_ms: Milliseconds = 0
    """Rest between two requests to the unit."""
    settle_ms: Milliseconds = 0
    """Rest after connecting, before the first request."""

    @property
    def limits(self) -> Limits:
        """What the read planner must keep to."""
        return Limits(max_block=self.max_block, max_gap=self.max_gap)


class RegisterWrite(Strict):
    """How a register point is written; without a timer in the device the value stands for ever."""

    function: Literal["single", "multiple"] = "multiple"
    release: Finite
    """Neutral value written to give the point back."""
    safe: tuple[Finite, Finite]
    limits: tuple[Finite, Finite]
    tolerance: Positive = 0.01
    verify_after_ms: Milliseconds = 20


class RegisterPoint(Strict):
    """One quantity in consecutive registers."""

    address: Address
    unit: str
    type: RegisterType | None = None
    order: Order | None = None
    function: Area | None = None
    scale: NonZero = 1.0
    offset: Finite = 0.0
    sentinels: tuple[int, ...] = ()
    alive: bool = False
    alone: bool = False
    """Answers only to a request of its own."""
    optional: bool = False
    """Not on every unit: asked for alone, and exception 2 means not implemented."""
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
    holes: tuple[tuple[Address, int], ...] = ()
    """(address, count) that no request may touch together with other points."""
    points: dict[Name, RegisterPoint]

    @model_validator(mode="after")
    def _check(self) -> RegisterProfile:
        """Spans fit a request, scales are not zero, only holding registers are written."""
        for name, point in self.points.items():
            if point.scale == 0:
                msg = f"points.{name}.scale: 0 loses the value; give the factor to {point.unit}"
                raise ValueError(msg)
            if self.span(name).count > self.max_block:
                msg = f"points.{name}.type: wider than max_block {self.max_block}"
                raise ValueError(msg)
            if point.write is not None and self.span(name).function is not Function.HOLDING:
                msg = f"points.{name}.write: input registers cannot be written; use holding"
                raise ValueError(msg)
        return self

    def encoding(self, name: str) -> Encoding:
        """How the point lies in its registers."""
        point = self.points[name]
        return Encoding(
            kind=point.type or self.type,
            order=point.order or self.order,
            scale=point.scale,
            offset=point.offset,
            sentinels=point.sentinels,
        )

    def span(self, name: str) -> Span:
        """Where the point lies, as wire address."""
        point = self.points[name]
        return Span(
            _FUNCTION[point.function or self.function],
            point.address - self.base,
            (point.type or self.type).width,
            alone=point.alone or point.optional,
        )

    def hole_spans(self) -> tuple[Span, ...]:
        """Declared holes, as wire addresses."""
        function = _FUNCTION[self.function]
        return tuple(Span(function, address - self.base, count) for address, count in self.holes)

    def describe(self, device: str) -> tuple[Point, ...]:
        """The points as the house sees them."""
        return tuple(_register_point(device, name, spec) for name, spec in self.points.items())


def _register_point(device: str, name: str, spec: RegisterPoint) -> Point:
    """One point of a register profile."""
    if spec.write is None:
        return Point(device=device, name=name, unit=spec.unit, alive=spec.alive)
    return Point(
        device=device,
        name=name,
        unit=spec.unit,
        alive=spec.alive,
        writable=True,
        reverts=Reverts.NONE,
        safe=spec.write.safe,
        limits=spec.write.limits,
        tolerance=spec.write.tolerance,
    )
