"""The registers of a SunSpec device: a chain of models that starts out "not implemented"."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.codec import decode, encode, encode_text, pattern, unscaled
from drivers.simulated.registers import Bank
from drivers.sunspec_models import COMMON_TEXT, END_MODEL, MARKER, MODELS
from drivers.types import Identity

BASE = 40000
_COMMON = 1
_ABSENT = 0xFFFF
_ABSENT_SIGNED = 0x8000
_SIGNED = {
    1: (67,),
    103: (20, 22, 34, 35, 36),
    120: (*range(6, 12), 13, *range(14, 19), 20, 22, 24, 26, 27),
    123: (10, 15, 16, 17),
    701: (12, 13, *range(36, 46), *range(64, 69), *range(87, 92)),
    704: (38, 40, 42, 43, 53, 57, 58),
    802: (49,),
}
"""Offsets whose "not implemented" is 0x8000: int16, scale factors, high words of int32, pads."""
_ZERO = {701: range(123, 155), 704: (39, 41)}
"""Offsets whose "not implemented" is 0: text, low words of int32."""


class SunSpecImage:
    """Models one behind the other from 40000 on, with fields set by name in the model's units."""

    def __init__(self, models: Sequence[int], identity: Identity, unit_id: int) -> None:
        self.address: dict[int, int] = {}
        registers = list(MARKER)
        for number in models:
            self.address[number] = BASE + len(registers)
            registers += _blank(number)
        self.bank = Bank(BASE, [*registers, END_MODEL, 0])
        texts = {
            "Mn": identity.manufacturer,
            "Md": identity.model,
            "Opt": "",
            "Vr": identity.firmware,
            "SN": identity.serial,
        }
        for name, text in texts.items():
            offset, count = COMMON_TEXT[name]
            self.bank.put(self.address[_COMMON] + offset, encode_text(text, count))
        self.set_raw(_COMMON, DA=unit_id)

    def set_raw(self, model: int, **raw: int) -> None:
        """Set fields to raw numbers."""
        for name, number in raw.items():
            field = MODELS[model].fields[name]
            self.bank.put(self.address[model] + field.offset, encode(number, field.kind))

    def set(self, model: int, name: str, value: float | None) -> None:
        """Set a field through its scale factor, None for "not implemented"; clipped to its type."""
        field = MODELS[model].fields[name]
        if value is None:
            data = field.sentinel.to_bytes(2 * field.kind.width, "big")
            words = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
            self.bank.put(self.address[model] + field.offset, words)
            return
        self.set_raw(model, **{name: unscaled(value, self.exponent(model, name))})

    def exponent(self, model: int, name: str) -> int:
        """The field's scale factor as it stands."""
        factor = MODELS[model].fields[name].sf
        return 0 if factor is None else int(self.raw(model, factor))

    def raw(self, model: int, name: str) -> float:
        """A field's raw number, sentinels too."""
        field = MODELS[model].fields[name]
        registers = self.bank.read(self.address[model] + field.offset, field.kind.width)
        number = decode(registers, field.kind)
        return pattern(registers) if number is None else number

    def allow(self, model: int, *names: str) -> None:
        """Let fields be written from the wire."""
        for name in names:
            field = MODELS[model].fields[name]
            first = self.address[model] + field.offset
            self.bank.writable.update(range(first, first + field.kind.width))

    def holds(self, model: int, name: str, first: int, end: int) -> bool:
        """Whether the field's first register lies in [first, end)."""
        return first <= self.address[model] + MODELS[model].fields[name].offset < end


def _blank(number: int) -> list[int]:
    """A model with nothing implemented."""
    model = MODELS[number]
    registers = [number, model.length, *([_ABSENT] * model.length)]
    for offset in _SIGNED.get(number, ()):
        registers[offset] = _ABSENT_SIGNED
    for offset in _ZERO.get(number, ()):
        registers[offset] = 0
    for field in model.fields.values():
        data = field.sentinel.to_bytes(2 * field.kind.width, "big")
        words = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
        registers[field.offset : field.offset + field.kind.width] = words
    return registers
