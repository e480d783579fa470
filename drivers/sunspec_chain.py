"""Walking a device's SunSpec chain, and reading fields together with their scale factors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from drivers.codec import decode_text, scale_factor, scaled
from drivers.modbus_link import Reply
from drivers.modbus_unit import Unit
from drivers.readplan import Function, Limits, Span, plan
from drivers.sunspec_models import BASES, COMMON_TEXT, END_MODEL, MARKER, MODELS
from drivers.types import (
    DeviceRefusedError,
    DriverError,
    Identity,
    LinkDownError,
    LinkTimeoutError,
    Quality,
    describe,
)

COMMON = 1
_HEADER = 2
_COMMON_TEXT_REGISTERS = 64
_MOST_MODELS = 100


@dataclass(frozen=True, slots=True)
class Ref:
    """A field of a model."""

    model: int
    field: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A field as read, in the unit of its model; `value` is None unless the quality is good."""

    value: float | None
    quality: Quality
    at: datetime | None = None
    reason: str = ""
    raw: tuple[int, ...] = ()
    error: DriverError | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """Where the models of one device lie: address of the ID register and length by number."""

    identity: Identity
    address: dict[int, int] = field(default_factory=dict)
    length: dict[int, int] = field(default_factory=dict)

    def pick(self, models: Iterable[int], name: str) -> Ref | None:
        """The field in the first of `models` that the device has and that is long enough."""
        for number in models:
            if number not in self.address:
                continue
            offset, count = MODELS[number].span(name)
            if offset + count <= self.length[number] + _HEADER:
                return Ref(number, name)
        return None

    def span(self, ref: Ref) -> Span:
        """Registers of the field with its scale factor."""
        offset, count = MODELS[ref.model].span(ref.field)
        return Span(Function.HOLDING, self.address[ref.model] + offset, count)

    def sample(self, ref: Ref, reply: Reply) -> Sample:
        """The field's value from the registers of its span."""
        model = MODELS[ref.model]
        spec = model.fields[ref.field]
        start = model.span(ref.field)[0]
        first = spec.offset - start
        raw = reply.registers[first : first + spec.kind.width]
        number = spec.raw(raw)
        if number is None:
            return Sample(None, Quality.NOT_IMPLEMENTED, reply.at, "not implemented", raw)
        if spec.sf is None:
            return Sample(number, Quality.GOOD, reply.at, raw=raw)
        factor = reply.registers[model.fields[spec.sf].offset - start]
        exponent = scale_factor(factor)
        if exponent is None:
            reason = f"scale factor {spec.sf} is {factor:#06x}"
            return Sample(None, Quality.BAD, reply.at, reason, (*raw, factor))
        return Sample(scaled(number, exponent), Quality.GOOD, reply.at, raw=(*raw, factor))


async def read_fields(
    unit: Unit, chain: Chain, refs: Iterable[Ref], limits: Limits
) -> dict[Ref, Sample]:
    """A sample for each of `refs`, a value and its scale factor always from one request."""
    spans = {ref: chain.span(ref) for ref in refs}
    replies: dict[Span, Reply] = {}
    errors: dict[Span, DriverError] = {}
    for block in plan(spans.values(), limits):
        try:
            reply = await unit.read(block.area)
        except DriverError as error:
            errors.update(dict.fromkeys(block.spans, error))
            continue
        for span in block.spans:
            start = span.address - block.area.address
            replies[span] = Reply(reply.registers[start : start + span.count], reply.at)
    return {
        ref: chain.sample(ref, replies[span]) if span in replies else lost(errors[span])
        for ref, span in spans.items()
    }


def lost(error: DriverError) -> Sample:
    """The sample of a field that could not be read."""
    unheard = isinstance(error, LinkTimeoutError | LinkDownError)
    quality = Quality.MISSING if unheard else Quality.BAD
    return Sample(None, quality, reason=describe(error), error=error)


async def scan(unit: Unit) -> Chain:
    """Find the marker and walk the models; a DriverError when there is no SunSpec device."""
    base = await _find_base(unit)
    chain = Chain(await read_identity(unit, base + len(MARKER)))
    address = base + len(MARKER)
    for _ in range(_MOST_MODELS):
        number, length = await _registers(unit, address, _HEADER)
        if number == END_MODEL:
            return chain
        chain.address.setdefault(number, address)
        chain.length.setdefault(number, length)
        address += _HEADER + length
        if address > 0xFFFF - _HEADER:
            break
    msg = f"the SunSpec chain at {base} has no end"
    raise DeviceRefusedError(msg)


async def read_identity(unit: Unit, address: int) -> Identity:
    """Maker, model, serial number and version from the common model at `address`."""
    registers = await _registers(unit, address, _HEADER + _COMMON_TEXT_REGISTERS)
    if registers[0] != COMMON:
        msg = f"model {registers[0]} where SunSpec has the common model"
        raise DeviceRefusedError(msg)
    text = {
        name: decode_text(registers[offset : offset + count])
        for name, (offset, count) in COMMON_TEXT.items()
    }
    return Identity(
        manufacturer=text["Mn"], model=text["Md"], serial=text["SN"], firmware=text["Vr"]
    )


async def _find_base(unit: Unit) -> int:
    """Address of the marker; a base the device refuses is not the one."""
    for base in BASES:
        try:
            if await _registers(unit, base, len(MARKER)) == MARKER:
                return base
        except DeviceRefusedError:
            continue
    msg = f"no SunSpec marker at {', '.join(str(base) for base in BASES)}"
    raise DeviceRefusedError(msg)


async def _registers(unit: Unit, address: int, count: int) -> tuple[int, ...]:
    return (await unit.read(Span(Function.HOLDING, address, count))).registers
