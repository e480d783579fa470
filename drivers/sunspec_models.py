"""The SunSpec models this house reads and writes: offsets from the model's ID register.

Source: SunSpec information model definitions (https://github.com/sunspec/models). ID is at 0, the
length L at 1; value = raw x 10^SF. Only the fields somebody uses are listed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.codec import RegisterType, decode, pattern

MARKER = (0x5375, 0x6E53)
BASES = (40000, 0, 50000)
END_MODEL = 0xFFFF

_SENTINEL = {
    "int16": 0x8000,
    "uint16": 0xFFFF,
    "enum16": 0xFFFF,
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
    """A model from lines `name offset type [sf]`."""
    fields: dict[str, Field] = {}
    for line in text.strip().splitlines():
        name, offset, kind, *factor = line.split()
        fields[name] = Field(int(offset), kind, factor[0] if factor else None)
    return Model(number, length, fields)


COMMON_TEXT = {"Mn": (2, 16), "Md": (18, 16), "Opt": (34, 8), "Vr": (42, 8), "SN": (50, 16)}
"""Text fields of model 1: (offset, registers)."""

_COMMON = _model(1, 66, "DA 66 uint16")

_INVERTER = _model(
    103,
    50,
    """
    A 2 uint16 A_SF
    A_SF 6 sunssf
    PhVphA 10 uint16 V_SF
    PhVphB 11 uint16 V_SF
    PhVphC 12 uint16 V_SF
    V_SF 13 sunssf
    W 14 int16 W_SF
    W_SF 15 sunssf
    Hz 16 uint16 Hz_SF
    Hz_SF 17 sunssf
    VA 18 int16 VA_SF
    VA_SF 19 sunssf
    VAr_SF 21 sunssf
    PF_SF 23 sunssf
    WH 24 acc32 WH_SF
    WH_SF 26 sunssf
    DCA 27 uint16 DCA_SF
    DCA_SF 28 sunssf
    DCV 29 uint16 DCV_SF
    DCV_SF 30 sunssf
    DCW 31 int16 DCW_SF
    DCW_SF 32 sunssf
    TmpCab 33 int16 Tmp_SF
    Tmp_SF 37 sunssf
    St 38 enum16
    Evt1 40 bitfield32
    """,
)

_INVERTER_FLOAT = _model(
    113,
    60,
    """
    A 2 float32
    PhVphA 16 float32
    PhVphB 18 float32
    PhVphC 20 float32
    W 22 float32
    Hz 24 float32
    VA 26 float32
    WH 32 float32
    DCA 34 float32
    DCV 36 float32
    DCW 38 float32
    TmpCab 40 float32
    St 48 enum16
    Evt1 50 bitfield32
    """,
)

_NAMEPLATE = _model(
    120,
    26,
    """
    DERTyp 2 enum16
    WRtg 3 uint16 WRtg_SF
    WRtg_SF 4 sunssf
    """,
)

_CONTROLS = _model(
    123,
    24,
    """
    Conn 4 enum16
    WMaxLimPct 5 uint16 WMaxLimPct_SF
    WMaxLimPct_WinTms 6 uint16
    WMaxLimPct_RvrtTms 7 uint16
    WMaxLimPct_RmpTms 8 uint16
    WMaxLim_Ena 9 enum16
    WMaxLimPct_SF 23 sunssf
    OutPFSet_SF 24 sunssf
    VArPct_SF 25 sunssf
    """,
)

_MEASUREMENT = _model(
    701,
    153,
    """
    ACType 2 enum16
    St 3 enum16
    InvSt 4 enum16
    ConnSt 5 enum16
    Alrm 6 bitfield32
    W 10 int16 W_SF
    VA 11 int16 VA_SF
    A 14 int16 A_SF
    LLV 15 uint16 V_SF
    LNV 16 uint16 V_SF
    Hz 17 uint32 Hz_SF
    TotWhInj 19 uint64 TotWh_SF
    TotWhAbs 23 uint64 TotWh_SF
    TmpAmb 35 int16 Tmp_SF
    TmpCab 36 int16 Tmp_SF
    A_SF 113 sunssf
    V_SF 114 sunssf
    Hz_SF 115 sunssf
    W_SF 116 sunssf
    PF_SF 117 sunssf
    VA_SF 118 sunssf
    Var_SF 119 sunssf
    TotWh_SF 120 sunssf
    TotVarh_SF 121 sunssf
    Tmp_SF 122 sunssf
    """,
)

_DER_CONTROLS = _model(
    704,
    65,
    """
    WMaxLimPctEna 14 enum16
    WMaxLimPct 15 uint16 WMaxLimPct_SF
    WMaxLimPctRvrt 16 uint16 WMaxLimPct_SF
    WMaxLimPctEnaRvrt 17 enum16
    WMaxLimPctRvrtTms 18 uint32
    WMaxLimPctRvrtRem 20 uint32
    WSetEna 22 enum16
    WSetMod 23 enum16
    WSet 24 int32 WSet_SF
    WSetRvrt 26 int32 WSet_SF
    WSetPct 28 int16 WSetPct_SF
    WSetPctRvrt 29 int16 WSetPct_SF
    WSetEnaRvrt 30 enum16
    WSetRvrtTms 31 uint32
    WSetRvrtRem 33 uint32
    WMaxLimPct_SF 54 sunssf
    WSet_SF 55 sunssf
    WSetPct_SF 56 sunssf
    """,
)

_BATTERY = _model(
    802,
    62,
    """
    AHRtg 2 uint16 AHRtg_SF
    WHRtg 3 uint16 WHRtg_SF
    WChaRteMax 4 uint16 WChaDisChaMax_SF
    WDisChaRteMax 5 uint16 WChaDisChaMax_SF
    SoCMax 7 uint16 SoC_SF
    SoCMin 8 uint16 SoC_SF
    SoC 11 uint16 SoC_SF
    SoH 13 uint16 SoH_SF
    ChaSt 16 enum16
    LocRemCtl 17 enum16
    Hb 18 uint16
    CtrlHb 19 uint16
    Typ 21 enum16
    State 22 enum16
    Evt1 26 bitfield32
    Evt2 28 bitfield32
    EvtVnd1 30 bitfield32
    EvtVnd2 32 bitfield32
    V 34 uint16 V_SF
    A 44 int16 A_SF
    W 47 int16 W_SF
    SetOp 50 enum16
    SetInvState 51 enum16
    AHRtg_SF 52 sunssf
    WHRtg_SF 53 sunssf
    WChaDisChaMax_SF 54 sunssf
    DisChaRte_SF 55 sunssf
    SoC_SF 56 sunssf
    DoD_SF 57 sunssf
    SoH_SF 58 sunssf
    V_SF 59 sunssf
    CellV_SF 60 sunssf
    A_SF 61 sunssf
    AMax_SF 62 sunssf
    W_SF 63 sunssf
    """,
)

MODELS = {
    model.id: model
    for model in (
        _COMMON,
        replace(_INVERTER, id=101),
        replace(_INVERTER, id=102),
        _INVERTER,
        replace(_INVERTER_FLOAT, id=111),
        replace(_INVERTER_FLOAT, id=112),
        _INVERTER_FLOAT,
        _NAMEPLATE,
        _CONTROLS,
        _MEASUREMENT,
        _DER_CONTROLS,
        _BATTERY,
    )
}
"""Every known model by its number; others on a device are skipped by their length."""
