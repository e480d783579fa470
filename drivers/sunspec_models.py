"""The SunSpec models this house knows: offsets from the model's ID register, types, sentinels.

ID is at 0, the length L at 1; value = raw x 10^SF. The tables lie beside this file.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers import sunspec_der_tables, sunspec_inverter_tables, sunspec_meter_tables
from drivers.codec import RegisterType, decode, pattern

MARKER = (0x5375, 0x6E53)
BASES = (40000, 0, 50000)
END_MODEL = 0xFFFF

_SENTINEL = {
    "int16": 0x8000,
    "uint16": 0xFFFF,
    "enum16": 0xFFFF,
    "bitfield16": 0xFFFF,
    "count": 0xFFFF,
    "int32": 0x8000_0000,
    "uint32": 0xFFFF_FFFF,
    "acc32": 0,
    "bitfield32": 0xFFFF_FFFF,
    "uint64": 0xFFFF_FFFF_FFFF_FFFF,
    "sunssf": 0x8000,
    "float32": 0x7FC0_0000,
}
_KIND = {
    "int16": RegisterType.INT16,
    "uint16": RegisterType.UINT16,
    "enum16": RegisterType.UINT16,
    "bitfield16": RegisterType.UINT16,
    "count": RegisterType.UINT16,
    "int32": RegisterType.INT32,
    "uint32": RegisterType.UINT32,
    "acc32": RegisterType.UINT32,
    "bitfield32": RegisterType.UINT32,
    "uint64": RegisterType.UINT64,
    "sunssf": RegisterType.INT16,
    "float32": RegisterType.FLOAT32,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a model; `sf` names the field that holds its scale factor."""

    offset: int
    type: str
    sf: str | None = None

    @property
    def kind(self) -> RegisterType:
        """The register type under the SunSpec type."""
        return _KIND[self.type]

    @property
    def sentinel(self) -> int:
        """The bit pattern that means "not implemented"."""
        return _SENTINEL[self.type]

    def raw(self, registers: tuple[int, ...]) -> float | None:
        """The unscaled number, None when not implemented."""
        if pattern(registers) == self.sentinel:
            return None
        return decode(registers, self.kind)


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its usual length and its fields by name."""

    id: int
    length: int
    fields: dict[str, Field]

    def span(self, name: str) -> tuple[int, int]:
        """(offset, count) of a field together with its scale factor."""
        field = self.fields[name]
        low, high = field.offset, field.offset + field.kind.width
        if field.sf is not None:
            factor = self.fields[field.sf].offset
            low, high = min(low, factor), max(high, factor + 1)
        return low, high - low


def _model(number: int, length: int, text: str) -> Model:
    """A model from a table: `name offset type [scale factor]` between semicolons."""
    fields: dict[str, Field] = {}
    for entry in text.replace("\n", " ").split(";"):
        if entry.strip():
            name, offset, kind, *factor = entry.split()
            fields[name] = Field(int(offset), kind, factor[0] if factor else None)
    return Model(number, length, fields)


COMMON_TEXT = {"Mn": (2, 16), "Md": (18, 16), "Opt": (34, 8), "Vr": (42, 8), "SN": (50, 16)}
"""Text fields of model 1: (offset, registers)."""

PARTS = 4
"""Repeating parts that are known by name: trackers of model 160, ports of model 714."""


def _parts(first: int, step: int, text: str) -> str:
    """The fields of each part; their names end in its number, offsets count from its start."""
    entries = []
    for part in range(PARTS):
        for entry in text.split(";"):
            name, offset, kind, *factor = entry.split()
            place = first + step * part + int(offset)
            entries.append(" ".join((f"{name}_{part + 1}", str(place), kind, *factor)))
    return "; ".join(entries)


_TRACKERS = "DCA_SF 2 sunssf; DCV_SF 3 sunssf; DCW_SF 4 sunssf; DCWH_SF 5 sunssf; N 8 count; "
_TRACKER = (
    "DCA 9 uint16 DCA_SF; DCV 10 uint16 DCV_SF; DCW 11 uint16 DCW_SF; DCWH 12 acc32 DCWH_SF; "
    "DCSt 17 enum16"
)
_PORT = (
    "PrtTyp 0 enum16; DCA 10 int16 DCA_SF; DCV 11 uint16 DCV_SF; DCW 12 int16 DCW_SF; "
    "DCWhInj 13 uint64 DCWH_SF; DCWhAbs 17 uint64 DCWH_SF; Tmp 21 int16 Tmp_SF; DCSta 22 enum16"
)
_PORTS_FIRST, _PORT_STEP = 20, 25
_TRACKERS_FIRST, _TRACKER_STEP = 10, 20


def _all_models() -> dict[int, Model]:
    """Every model of the tables, and those with repeating parts."""
    tables = {
        **sunspec_inverter_tables.TABLES,
        **sunspec_meter_tables.TABLES,
        **sunspec_der_tables.TABLES,
    }
    length, fields = tables[714]
    ports = f"{fields.rstrip()}; {_parts(_PORTS_FIRST, _PORT_STEP, _PORT)}"
    tables[714] = length + PARTS * _PORT_STEP, ports
    trackers = _TRACKERS + _parts(_TRACKERS_FIRST, _TRACKER_STEP, _TRACKER)
    tables[160] = 8 + PARTS * _TRACKER_STEP, trackers
    tables[1] = 66, "DA 66 uint16"
    return {number: _model(number, *table) for number, table in sorted(tables.items())}


MODELS = _all_models()
"""Every known model by its number; others on a device are skipped by their length.

A device with fewer parts has a shorter model and lacks the fields of the rest.
"""
