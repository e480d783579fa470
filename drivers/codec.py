"""Registers <-> values, pure: types, word and byte orders, sentinels, scale and SunSpec factors.

A register is an int 0..65535, first register first. `None` is "the device has no value here".
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Registers = tuple[int, ...]


class RegisterType(StrEnum):
    """How a number lies in its registers."""

    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    UINT64 = "uint64"
    INT64 = "int64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"

    @property
    def width(self) -> int:
        """Registers it takes."""
        return _WIDTH[self]

    @property
    def is_float(self) -> bool:
        """Whether NaN, not a bit pattern of the map, says "no value"."""
        return self in (RegisterType.FLOAT32, RegisterType.FLOAT64)


class Order(StrEnum):
    """Order of bytes on the wire, A the most significant of a 32-bit value."""

    ABCD = "ABCD"
    CDAB = "CDAB"
    BADC = "BADC"
    DCBA = "DCBA"

    @property
    def low_word_first(self) -> bool:
        """Whether the words come least significant first."""
        return self in (Order.CDAB, Order.DCBA)

    @property
    def bytes_in_word(self) -> Literal["big", "little"]:
        """`little` when the two bytes of each word have changed places."""
        return "little" if self in (Order.BADC, Order.DCBA) else "big"


FORMAT = {
    RegisterType.UINT16: ">H",
    RegisterType.INT16: ">h",
    RegisterType.UINT32: ">I",
    RegisterType.INT32: ">i",
    RegisterType.UINT64: ">Q",
    RegisterType.INT64: ">q",
    RegisterType.FLOAT32: ">f",
    RegisterType.FLOAT64: ">d",
}
_WIDTH = {kind: struct.calcsize(form) // 2 for kind, form in FORMAT.items()}


def arrange(registers: Sequence[int], order: Order) -> bytes:
    """Bytes, most significant first, of registers that came in `order`."""
    words = reversed(registers) if order.low_word_first else registers
    return b"".join(word.to_bytes(2, order.bytes_in_word) for word in words)


def split(data: bytes, order: Order) -> Registers:
    """Registers in `order` of bytes that are most significant first; inverse of `arrange`."""
    words = tuple(
        int.from_bytes(data[index : index + 2], order.bytes_in_word)
        for index in range(0, len(data), 2)
    )
    return words[::-1] if order.low_word_first else words


def decode(
    registers: Sequence[int], kind: RegisterType, order: Order = Order.ABCD
) -> int | float | None:
    """The plain number in `registers`; None for NaN and infinity."""
    if len(registers) != kind.width:
        msg = f"{kind} takes {kind.width} registers, got {len(registers)}"
        raise ValueError(msg)
    number: int | float = struct.unpack(FORMAT[kind], arrange(registers, order))[0]
    return None if isinstance(number, float) and not math.isfinite(number) else number


def encode(value: float, kind: RegisterType, order: Order = Order.ABCD) -> Registers:
    """Registers of `value`; integers are rounded, ValueError when it does not fit."""
    try:
        number = value if kind.is_float else round(value)
        return split(struct.pack(FORMAT[kind], number), order)
    except (struct.error, OverflowError) as error:
        msg = f"{value} does not fit {kind}: {error}"
        raise ValueError(msg) from error


def pattern(registers: Sequence[int], order: Order = Order.ABCD) -> int:
    """The bits as one unsigned number, to compare with a sentinel."""
    return int.from_bytes(arrange(registers, order), "big")


def decode_text(registers: Sequence[int], order: Order = Order.ABCD) -> str:
    """Text in registers, up to the first NUL; undecodable bytes become U+FFFD."""
    data = b"".join(word.to_bytes(2, order.bytes_in_word) for word in registers)
    return data.split(b"\0", 1)[0].decode("utf-8", errors="replace").strip()


def encode_text(text: str, width: int, order: Order = Order.ABCD) -> Registers:
    """`text` in `width` registers, NUL padded; ValueError when it is too long."""
    data = text.encode()
    if len(data) > 2 * width:
        msg = f"{text!r} does not fit {width} registers"
        raise ValueError(msg)
    padded = data.ljust(2 * width, b"\0")
    return tuple(
        int.from_bytes(padded[index : index + 2], order.bytes_in_word)
        for index in range(0, 2 * width, 2)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """A point in its registers: value = `sign` x `ct_ratio` x (raw x `scale` + `offset`).

    `sentinels` are bit patterns of the whole. `bits` (lowest bit, how many) takes part of an
    unsigned number: a flag, or an enum that shares its register.
    """

    kind: RegisterType
    order: Order = Order.ABCD
    scale: float = 1.0
    offset: float = 0.0
    sentinels: tuple[int, ...] = ()
    bits: tuple[int, int] | None = None
    ct_ratio: float = 1.0
    """Primary over secondary of the transformers in front of a meter that does not know them."""
    sign: Literal[1, -1] = 1
    """-1 where the device counts the other way round than the house."""

    def __post_init__(self) -> None:
        """Refuse what could never be read or written."""
        if not (math.isfinite(self.factor) and self.factor and math.isfinite(self.shift)):
            msg = f"{self.ct_ratio:g} x (raw x {self.scale:g} + {self.offset:g}) makes no number"
            raise ValueError(msg)
        if self.bits is not None:
            low, count = self.bits
            unsigned = self.kind in (RegisterType.UINT16, RegisterType.UINT32, RegisterType.UINT64)
            if not unsigned or low < 0 or count < 1 or low + count > 16 * self.kind.width:
                msg = f"bits {low}+{count} are not in an unsigned {self.kind}"
                raise ValueError(msg)

    @property
    def factor(self) -> float:
        """Value per raw unit."""
        return self.sign * self.ct_ratio * self.scale

    @property
    def shift(self) -> float:
        """Value where raw is 0."""
        return self.sign * self.ct_ratio * self.offset

    def value(self, registers: Sequence[int]) -> float | None:
        """The value in the point's unit; None for a sentinel, NaN or infinity."""
        raw = decode(registers, self.kind, self.order)
        if raw is None or pattern(registers, self.order) in self.sentinels:
            return None
        if self.bits is not None:
            low, count = self.bits
            raw = (int(raw) >> low) & ((1 << count) - 1)
        value = raw * self.factor + self.shift
        return value if math.isfinite(value) else None

    def registers(self, value: float) -> Registers:
        """Registers that hold `value`; ValueError when it does not fit or is a sentinel."""
        if self.bits is not None:
            msg = "part of a register cannot be written by itself"
            raise ValueError(msg)
        registers = encode((value - self.shift) / self.factor, self.kind, self.order)
        if pattern(registers, self.order) in self.sentinels:
            msg = f"{value} would read as 'no value'"
            raise ValueError(msg)
        return registers


def flags(number: int, names: Mapping[int, str]) -> tuple[str, ...]:
    """Names of the bits that are set, lowest first; a bit without a name is `bit N`."""
    return tuple(
        names.get(bit, f"bit {bit}") for bit in range(number.bit_length()) if number >> bit & 1
    )


def enum_name(number: int, names: Mapping[int, str]) -> str:
    """The name of an enum's number; the number itself where it has none."""
    return names.get(number, str(number))


SF_RANGE = range(-10, 11)


def scale_factor(register: int) -> int | None:
    """A SunSpec scale factor, None when absent (0x8000) or outside -10..10."""
    exponent = decode((register,), RegisterType.INT16)
    return exponent if isinstance(exponent, int) and exponent in SF_RANGE else None


def scaled(raw: float, exponent: int) -> float:
    """Raw x 10^exponent, dividing for negative exponents so that tenths stay exact."""
    return raw * 10.0**exponent if exponent >= 0 else raw / 10.0**-exponent


def unscaled(value: float, exponent: int) -> int:
    """The raw integer nearest to value / 10^exponent."""
    return round(value / 10.0**exponent if exponent >= 0 else value * 10.0**-exponent)
