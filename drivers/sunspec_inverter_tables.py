"""SunSpec models of inverters: 101-103 and 111-113 measurements, 120-124 ratings and controls.

Source: SunSpec information model definitions (https://github.com/sunspec/models). A field is
`name offset type [scale factor]`; offsets count from the ID register.
"""

from __future__ import annotations

_INTEGERS = (
    50,
    """
    A 2 uint16 A_SF; AphA 3 uint16 A_SF; AphB 4 uint16 A_SF; AphC 5 uint16 A_SF; A_SF 6 sunssf;
    PPVphAB 7 uint16 V_SF; PPVphBC 8 uint16 V_SF; PPVphCA 9 uint16 V_SF; PhVphA 10 uint16 V_SF;
    PhVphB 11 uint16 V_SF; PhVphC 12 uint16 V_SF; V_SF 13 sunssf; W 14 int16 W_SF;
    W_SF 15 sunssf; Hz 16 uint16 Hz_SF; Hz_SF 17 sunssf; VA 18 int16 VA_SF; VA_SF 19 sunssf;
    VAr 20 int16 VAr_SF; VAr_SF 21 sunssf; PF 22 int16 PF_SF; PF_SF 23 sunssf;
    WH 24 acc32 WH_SF; WH_SF 26 sunssf; DCA 27 uint16 DCA_SF; DCA_SF 28 sunssf;
    DCV 29 uint16 DCV_SF; DCV_SF 30 sunssf; DCW 31 int16 DCW_SF; DCW_SF 32 sunssf;
    TmpCab 33 int16 Tmp_SF; TmpSnk 34 int16 Tmp_SF; TmpTrns 35 int16 Tmp_SF;
    TmpOt 36 int16 Tmp_SF; Tmp_SF 37 sunssf; St 38 enum16; StVnd 39 enum16; Evt1 40 bitfield32;
    Evt2 42 bitfield32; EvtVnd1 44 bitfield32; EvtVnd2 46 bitfield32; EvtVnd3 48 bitfield32;
    EvtVnd4 50 bitfield32
    """,
)

_FLOATS = (
    60,
    """
    A 2 float32; AphA 4 float32; AphB 6 float32; AphC 8 float32; PPVphAB 10 float32;
    PPVphBC 12 float32; PPVphCA 14 float32; PhVphA 16 float32; PhVphB 18 float32;
    PhVphC 20 float32; W 22 float32; Hz 24 float32; VA 26 float32; VAr 28 float32;
    PF 30 float32; WH 32 float32; DCA 34 float32; DCV 36 float32; DCW 38 float32;
    TmpCab 40 float32; TmpSnk 42 float32; TmpTrns 44 float32; TmpOt 46 float32; St 48 enum16;
    StVnd 49 enum16; Evt1 50 bitfield32; Evt2 52 bitfield32; EvtVnd1 54 bitfield32;
    EvtVnd2 56 bitfield32; EvtVnd3 58 bitfield32; EvtVnd4 60 bitfield32
    """,
)

_NAMEPLATE = (
    26,
    """
    DERTyp 2 enum16; WRtg 3 uint16 WRtg_SF; WRtg_SF 4 sunssf; VARtg 5 uint16 VARtg_SF;
    VARtg_SF 6 sunssf; VArRtgQ1 7 int16 VArRtg_SF; VArRtgQ2 8 int16 VArRtg_SF;
    VArRtgQ3 9 int16 VArRtg_SF; VArRtgQ4 10 int16 VArRtg_SF; VArRtg_SF 11 sunssf;
    ARtg 12 uint16 ARtg_SF; ARtg_SF 13 sunssf; PFRtgQ1 14 int16 PFRtg_SF;
    PFRtgQ2 15 int16 PFRtg_SF; PFRtgQ3 16 int16 PFRtg_SF; PFRtgQ4 17 int16 PFRtg_SF;
    PFRtg_SF 18 sunssf; WHRtg 19 uint16 WHRtg_SF; WHRtg_SF 20 sunssf;
    AhrRtg 21 uint16 AhrRtg_SF; AhrRtg_SF 22 sunssf; MaxChaRte 23 uint16 MaxChaRte_SF;
    MaxChaRte_SF 24 sunssf; MaxDisChaRte 25 uint16 MaxDisChaRte_SF; MaxDisChaRte_SF 26 sunssf
    """,
)

_CONTROLS = (
    24,
    """
    Conn_WinTms 2 uint16; Conn_RvrtTms 3 uint16; Conn 4 enum16;
    WMaxLimPct 5 uint16 WMaxLimPct_SF; WMaxLimPct_WinTms 6 uint16; WMaxLimPct_RvrtTms 7 uint16;
    WMaxLimPct_RmpTms 8 uint16; WMaxLim_Ena 9 enum16; OutPFSet 10 int16 OutPFSet_SF;
    OutPFSet_WinTms 11 uint16; OutPFSet_RvrtTms 12 uint16; OutPFSet_RmpTms 13 uint16;
    OutPFSet_Ena 14 enum16; VArWMaxPct 15 int16 VArPct_SF; VArMaxPct 16 int16 VArPct_SF;
    VArAvalPct 17 int16 VArPct_SF; VArPct_WinTms 18 uint16; VArPct_RvrtTms 19 uint16;
    VArPct_RmpTms 20 uint16; VArPct_Mod 21 enum16; VArPct_Ena 22 enum16;
    WMaxLimPct_SF 23 sunssf; OutPFSet_SF 24 sunssf; VArPct_SF 25 sunssf
    """,
)

_STORAGE = (
    24,
    """
    WChaMax 2 uint16 WChaMax_SF; WChaGra 3 uint16 WChaDisChaGra_SF;
    WDisChaGra 4 uint16 WChaDisChaGra_SF; StorCtl_Mod 5 bitfield16;
    VAChaMax 6 uint16 VAChaMax_SF; MinRsvPct 7 uint16 MinRsvPct_SF;
    ChaState 8 uint16 ChaState_SF; StorAval 9 uint16 StorAval_SF; InBatV 10 uint16 InBatV_SF;
    ChaSt 11 enum16; OutWRte 12 int16 InOutWRte_SF; InWRte 13 int16 InOutWRte_SF;
    InOutWRte_WinTms 14 uint16; InOutWRte_RvrtTms 15 uint16; InOutWRte_RmpTms 16 uint16;
    ChaGriSet 17 enum16; WChaMax_SF 18 sunssf; WChaDisChaGra_SF 19 sunssf;
    VAChaMax_SF 20 sunssf; MinRsvPct_SF 21 sunssf; ChaState_SF 22 sunssf;
    StorAval_SF 23 sunssf; InBatV_SF 24 sunssf; InOutWRte_SF 25 sunssf
    """,
)

TABLES: dict[int, tuple[int, str]] = {
    101: _INTEGERS,
    102: _INTEGERS,
    103: _INTEGERS,
    111: _FLOATS,
    112: _FLOATS,
    113: _FLOATS,
    120: _NAMEPLATE,
    123: _CONTROLS,
    124: _STORAGE,
}
"""Usual length L and fields by model number."""
