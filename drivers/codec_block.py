"""The values of many points from the registers of one block, taken in one go; pure.

Words are put in order first (most significant first), so that one unpacking serves all of them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

from drivers.codec import FORMAT, Encoding, Registers


class BlockDecoder:
    """Made once for a block: `parts` are (index of the first register in the block, encoding)."""

    def __init__(self, count: int, parts: Sequence[tuple[int, Encoding]]) -> None:
        index: list[int] = []
        for first, encoding in parts:
            words = list(range(first, first + encoding.kind.width))
            if encoding.order.low_word_first:
                words.reverse()
            swapped = encoding.order.bytes_in_word == "little"
            index += [word + count if swapped else word for word in words]
        self._index = None if index == list(range(count)) else tuple(index)
        self._swaps = any(word >= count for word in index)
        self._swap = struct.Struct(f"<{count}H")
        self._block = struct.Struct(f">{count}H")
        self._words = struct.Struct(f">{len(index)}H")
        kinds = "".join(FORMAT[encoding.kind].removeprefix(">") for _, encoding in parts)
        self._numbers = struct.Struct(f">{kinds}")
        plain = [_plain(encoding) for _, encoding in parts]
        self._lines = tuple((factor, shift) for factor, shift, _ in plain)
        self._marks = tuple((place, marks) for place, (_, _, marks) in enumerate(plain) if marks)
        self._special = tuple(
            (place, slice(first, first + encoding.kind.width), encoding)
            for place, (first, encoding) in enumerate(parts)
            if plain[place][2] is None
        )

    def values(self, registers: Registers) -> list[float | None]:
        """One value a part, in the order of the parts; None where the device has none."""
        finite = math.isfinite
        numbers = self._numbers.unpack(self._arranged(registers))
        scaled = [
            number * factor + shift
            for number, (factor, shift) in zip(numbers, self._lines, strict=True)
        ]
        # A sum is finite only if all of its terms are: one look for nearly every block.
        values: list[float | None] = (
            [*scaled]
            if finite(sum(scaled))
            else [value if finite(value) else None for value in scaled]
        )
        for place, marks in self._marks:
            if numbers[place] in marks:
                values[place] = None
        for place, part, encoding in self._special:
            values[place] = encoding.value(registers[part])
        return values

    def _arranged(self, registers: Registers) -> bytes:
        """The words of all parts one behind the other, most significant first."""
        if self._index is None:
            return self._block.pack(*registers)
        words = registers
        if self._swaps:
            words += self._swap.unpack(self._block.pack(*registers))
        return self._words.pack(*(words[index] for index in self._index))


def _plain(encoding: Encoding) -> tuple[float, float, tuple[float, ...] | None]:
    """Factor, shift and the numbers that mean "no value"; None for those where it takes more."""
    width = encoding.kind.width
    if encoding.bits is not None or (encoding.sentinels and encoding.kind.is_float):
        return 1.0, 0.0, None
    inside = [p for p in encoding.sentinels if 0 <= p < 1 << (16 * width)]
    sentinels = (
        struct.unpack(FORMAT[encoding.kind], pattern.to_bytes(2 * width, "big"))[0]
        for pattern in inside
    )
    return encoding.factor, encoding.shift, tuple(sentinels)
