"""Numbers to few bytes and back, pure: varints, narrow integer lists, columns of floats.

Everything is little-endian. A list never carries its own length: the reader knows it.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Sequence
from enum import IntEnum
from itertools import accumulate, pairwise

_WIDTHS = ((1, "b", 1 << 7), (2, "h", 1 << 15), (4, "i", 1 << 31), (8, "q", 1 << 63))
_CODES = {width: code for width, code, _ in _WIDTHS}
_DECIMALS = range(7)
_SCALES = tuple(10**digits for digits in _DECIMALS)
_FACTORS = (1.0, 0.1, 0.01, 0.001)
_LOW = 0x7F
"""The bits of a varint's byte that carry the number."""
_EXACT = 1e15
"""Below this size a scaled value is an integer that a float holds exactly."""


class Kind(IntEnum):
    """How a column of floats is written; the low three bits of its first byte."""

    DECIMAL = 0
    """Integer / 10**digits: a decimal as people write it."""
    PRODUCT = 1
    """Integer * 0.1**digits: a register times its scale, with the rounding of that product."""
    SINGLE = 2
    """32-bit floats, each xor the one before."""
    DOUBLE = 3
    """64-bit floats, each xor the one before."""


def put_varint(out: bytearray, number: int) -> None:
    """Append a signed number, small sizes in few bytes."""
    rest = number * 2 if number >= 0 else -number * 2 - 1
    while rest > _LOW:
        out.append(rest & _LOW | 0x80)
        rest >>= 7
    out.append(rest)


def get_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at` and where the next item starts."""
    rest = shift = 0
    while (byte := data[at]) > _LOW:
        rest |= (byte & _LOW) << shift
        shift += 7
        at += 1
    rest |= byte << shift
    return (-(rest + 1 >> 1) if rest & 1 else rest >> 1), at + 1


def put_ints(out: bytearray, numbers: Sequence[int]) -> None:
    """Append 64-bit numbers at the narrowest width that holds them all; zeros take one byte."""
    if not any(numbers):
        out.append(0)
        return
    low, high = min(numbers), max(numbers)
    width, code = next((w, c) for w, c, limit in _WIDTHS if -limit <= low and high < limit)
    out.append(width)
    out += struct.pack(f"<{len(numbers)}{code}", *numbers)


def get_ints(data: bytes, at: int, count: int) -> tuple[Sequence[int], int]:
    """`count` numbers written by put_ints and where the next item starts."""
    width = data[at]
    if not width:
        return (0,) * count, at + 1
    numbers = struct.unpack_from(f"<{count}{_CODES[width]}", data, at + 1)
    return numbers, at + 1 + count * width


def put_deltas(out: bytearray, numbers: Sequence[int]) -> None:
    """Append at least one number: the first, then the differences."""
    put_varint(out, numbers[0])
    put_ints(out, [after - before for before, after in pairwise(numbers)])


def get_deltas(data: bytes, at: int, count: int) -> tuple[list[int], int]:
    """`count` numbers (one or more) written by put_deltas and where the next item starts."""
    first, at = get_varint(data, at)
    steps, at = get_ints(data, at, count - 1)
    return list(accumulate(steps, initial=first)), at


def pack_floats(values: Sequence[float]) -> bytes:
    """At least one float, bit for bit, in the shortest of the kinds that fits."""
    exact = struct.pack(f"<{len(values)}d", *values)
    out = bytearray()
    if all(-_EXACT < value < _EXACT for value in values):
        for digits in _DECIMALS:
            numbers = _decimal(values, digits, exact)
            if numbers is not None:
                out.append(Kind.DECIMAL | digits << 3)
                put_deltas(out, numbers)
                return bytes(out)
        for digits in range(1, len(_FACTORS)):
            numbers = _product(values, digits, exact)
            if numbers is not None:
                out.append(Kind.PRODUCT | digits << 3)
                put_deltas(out, numbers)
                return bytes(out)
    return _pack_bits(values, exact)


def unpack_floats(data: bytes, count: int) -> list[float]:
    """The inverse of pack_floats for the same count."""
    kind, digits = data[0] & 7, data[0] >> 3
    if kind == Kind.DECIMAL:
        scale = _SCALES[digits]
        return [number / scale for number in get_deltas(data, 1, count)[0]]
    if kind == Kind.PRODUCT:
        factor = _FACTORS[digits]
        return [number * factor for number in get_deltas(data, 1, count)[0]]
    code, width = ("I", 4) if Kind(kind) is Kind.SINGLE else ("Q", 8)
    if len(data) != 1 + count * width:
        msg = f"{count} floats of {width} bytes in {len(data)} bytes"
        raise ValueError(msg)
    whole = bytearray(count * width)
    for plane in range(width):
        whole[plane::width] = data[1 + plane * count : 1 + (plane + 1) * count]
    bits = accumulate(struct.unpack(f"<{count}{code}", whole), operator.xor)
    real = "f" if width == 4 else "d"  # noqa: PLR2004 - bytes of a single
    return list(struct.unpack(f"<{count}{real}", struct.pack(f"<{count}{code}", *bits)))


def _decimal(values: Sequence[float], digits: int, exact: bytes) -> list[int] | None:
    scale = _SCALES[digits]
    if round(values[0] * scale) / scale != values[0]:
        return None
    numbers = [round(value * scale) for value in values]
    back = struct.pack(f"<{len(values)}d", *[number / scale for number in numbers])
    return numbers if back == exact and max(map(abs, numbers)) < _EXACT else None


def _product(values: Sequence[float], digits: int, exact: bytes) -> list[int] | None:
    factor, scale = _FACTORS[digits], _SCALES[digits]
    if round(values[0] * scale) * factor != values[0]:
        return None
    numbers = [round(value * scale) for value in values]
    back = struct.pack(f"<{len(values)}d", *[number * factor for number in numbers])
    return numbers if back == exact and max(map(abs, numbers)) < _EXACT else None


def _pack_bits(values: Sequence[float], exact: bytes) -> bytes:
    """Xor with the one before, then byte planes: like bytes stand together for the compressor."""
    count = len(values)
    single = _singles(values, exact)
    kind, code, width = (Kind.DOUBLE, "Q", 8) if single is None else (Kind.SINGLE, "I", 4)
    bits = struct.unpack(f"<{count}{code}", exact if single is None else single)
    changes = [bits[0], *[before ^ after for before, after in pairwise(bits)]]
    whole = struct.pack(f"<{count}{code}", *changes)
    return bytes((kind,)) + b"".join(whole[plane::width] for plane in range(width))


def _singles(values: Sequence[float], exact: bytes) -> bytes | None:
    """The values as 32-bit floats, or None when one of them does not fit."""
    count = len(values)
    try:
        single = struct.pack(f"<{count}f", *values)
    except OverflowError:
        return None
    back = struct.pack(f"<{count}d", *struct.unpack(f"<{count}f", single))
    return single if back == exact else None
