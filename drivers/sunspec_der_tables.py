"""SunSpec models of DER: 701, 702 and 704 power, 713 storage, 714 ports, 802 battery.

Source: SunSpec information model definitions (https://github.com/sunspec/models). A field is
`name offset type [scale factor]`; offsets count from the ID register.
"""

from __future__ import annotations

_MEASUREMENT = (
    153,
    """
    ACType 2 enum16; St 3 enum16; InvSt 4 enum16; ConnSt 5 enum16; Alrm 6 bitfield32;
    DERMode 8 bitfield32; W 10 int16 W_SF; VA 11 int16 VA_SF; Var 12 int16 Var_SF;
    PF 13 int16 PF_SF; A 14 int16 A_SF; LLV 15 uint16 V_SF; LNV 16 uint16 V_SF;
    Hz 17 uint32 Hz_SF; TotWhInj 19 uint64 TotWh_SF; TotWhAbs 23 uint64 TotWh_SF;
    TotVarhInj 27 uint64 TotVarh_SF; TotVarhAbs 31 uint64 TotVarh_SF; TmpAmb 35 int16 Tmp_SF;
    TmpCab 36 int16 Tmp_SF; TmpSnk 37 int16 Tmp_SF; TmpTrns 38 int16 Tmp_SF;
    TmpSw 39 int16 Tmp_SF; TmpOt 40 int16 Tmp_SF; WL1 41 int16 W_SF; VAL1 42 int16 VA_SF;
    VarL1 43 int16 Var_SF; PFL1 44 int16 PF_SF; AL1 45 int16 A_SF; VL1L2 46 uint16 V_SF;
    VL1 47 uint16 V_SF; TotWhInjL1 48 uint64 TotWh_SF; TotWhAbsL1 52 uint64 TotWh_SF;
    TotVarhInjL1 56 uint64 TotVarh_SF; TotVarhAbsL1 60 uint64 TotVarh_SF; WL2 64 int16 W_SF;
    VAL2 65 int16 VA_SF; VarL2 66 int16 Var_SF; PFL2 67 int16 PF_SF; AL2 68 int16 A_SF;
    VL2L3 69 uint16 V_SF; VL2 70 uint16 V_SF; TotWhInjL2 71 uint64 TotWh_SF;
    TotWhAbsL2 75 uint64 TotWh_SF; TotVarhInjL2 79 uint64 TotVarh_SF;
    TotVarhAbsL2 83 uint64 TotVarh_SF; WL3 87 int16 W_SF; VAL3 88 int16 VA_SF;
    VarL3 89 int16 Var_SF; PFL3 90 int16 PF_SF; AL3 91 int16 A_SF; VL3L1 92 uint16 V_SF;
    VL3 93 uint16 V_SF; TotWhInjL3 94 uint64 TotWh_SF; TotWhAbsL3 98 uint64 TotWh_SF;
    TotVarhInjL3 102 uint64 TotVarh_SF; TotVarhAbsL3 106 uint64 TotVarh_SF;
    ThrotPct 110 uint16; ThrotSrc 111 bitfield32; A_SF 113 sunssf; V_SF 114 sunssf;
    Hz_SF 115 sunssf; W_SF 116 sunssf; PF_SF 117 sunssf; VA_SF 118 sunssf; Var_SF 119 sunssf;
    TotWh_SF 120 sunssf; TotVarh_SF 121 sunssf; Tmp_SF 122 sunssf
    """,
)

_CAPACITY = (
    50,
    """
    WMaxRtg 2 uint16 W_SF; WOvrExtRtg 3 uint16 W_SF; WOvrExtRtgPF 4 uint16 PF_SF;
    WUndExtRtg 5 uint16 W_SF; WUndExtRtgPF 6 uint16 PF_SF; VAMaxRtg 7 uint16 VA_SF;
    VarMaxInjRtg 8 uint16 Var_SF; VarMaxAbsRtg 9 uint16 Var_SF; WChaRteMaxRtg 10 uint16 W_SF;
    WDisChaRteMaxRtg 11 uint16 W_SF; VAChaRteMaxRtg 12 uint16 VA_SF;
    VADisChaRteMaxRtg 13 uint16 VA_SF; VNomRtg 14 uint16 V_SF; VMaxRtg 15 uint16 V_SF;
    VMinRtg 16 uint16 V_SF; AMaxRtg 17 uint16 A_SF; PFOvrExtRtg 18 uint16 PF_SF;
    PFUndExtRtg 19 uint16 PF_SF; ReactSusceptRtg 20 uint16 S_SF; NorOpCatRtg 21 enum16;
    AbnOpCatRtg 22 enum16; CtrlModes 23 bitfield32; IntIslandCatRtg 25 bitfield16;
    WMax 26 uint16 W_SF; WMaxOvrExt 27 uint16 W_SF; WOvrExtPF 28 uint16 PF_SF;
    WMaxUndExt 29 uint16 W_SF; WUndExtPF 30 uint16 PF_SF; VAMax 31 uint16 VA_SF;
    VarMaxInj 32 uint16 Var_SF; VarMaxAbs 33 uint16 Var_SF; WChaRteMax 34 uint16 W_SF;
    WDisChaRteMax 35 uint16 W_SF; VAChaRteMax 36 uint16 VA_SF; VADisChaRteMax 37 uint16 VA_SF;
    VNom 38 uint16 V_SF; VMax 39 uint16 V_SF; VMin 40 uint16 V_SF; AMax 41 uint16 A_SF;
    PFOvrExt 42 uint16 PF_SF; PFUndExt 43 uint16 PF_SF; IntIslandCat 44 bitfield16;
    W_SF 45 sunssf; PF_SF 46 sunssf; VA_SF 47 sunssf; Var_SF 48 sunssf; V_SF 49 sunssf;
    A_SF 50 sunssf; S_SF 51 sunssf
    """,
)

_CONTROLS = (
    65,
    """
    PFWInjEna 2 enum16; PFWInjEnaRvrt 3 enum16; PFWInjRvrtTms 4 uint32; PFWInjRvrtRem 6 uint32;
    PFWAbsEna 8 enum16; PFWAbsEnaRvrt 9 enum16; PFWAbsRvrtTms 10 uint32;
    PFWAbsRvrtRem 12 uint32; WMaxLimPctEna 14 enum16; WMaxLimPct 15 uint16 WMaxLimPct_SF;
    WMaxLimPctRvrt 16 uint16 WMaxLimPct_SF; WMaxLimPctEnaRvrt 17 enum16;
    WMaxLimPctRvrtTms 18 uint32; WMaxLimPctRvrtRem 20 uint32; WSetEna 22 enum16;
    WSetMod 23 enum16; WSet 24 int32 WSet_SF; WSetRvrt 26 int32 WSet_SF;
    WSetPct 28 int16 WSetPct_SF; WSetPctRvrt 29 int16 WSetPct_SF; WSetEnaRvrt 30 enum16;
    WSetRvrtTms 31 uint32; WSetRvrtRem 33 uint32; VarSetEna 35 enum16; VarSetMod 36 enum16;
    VarSetPri 37 enum16; VarSet 38 int32 VarSet_SF; VarSetRvrt 40 int32 VarSet_SF;
    VarSetPct 42 int16 VarSetPct_SF; VarSetPctRvrt 43 int16 VarSetPct_SF;
    VarSetEnaRvrt 44 enum16; VarSetRvrtTms 45 uint32; VarSetRvrtRem 47 uint32; WRmp 49 uint16;
    WRmpRef 50 enum16; VarRmp 51 uint16; AntiIslEna 52 enum16; PF_SF 53 sunssf;
    WMaxLimPct_SF 54 sunssf; WSet_SF 55 sunssf; WSetPct_SF 56 sunssf; VarSet_SF 57 sunssf;
    VarSetPct_SF 58 sunssf
    """,
)

_STORAGE = (
    7,
    """
    WHRtg 2 uint16 WH_SF; WHAvail 3 uint16 WH_SF; SoC 4 uint16 Pct_SF; SoH 5 uint16 Pct_SF;
    Sta 6 enum16; WH_SF 7 sunssf; Pct_SF 8 sunssf
    """,
)

_PORTS = (
    18,
    """
    PrtAlrms 2 bitfield32; NPrt 4 uint16; DCA 5 int16 DCA_SF; DCW 6 int16 DCW_SF;
    DCWhInj 7 uint64 DCWH_SF; DCWhAbs 11 uint64 DCWH_SF; DCA_SF 15 sunssf; DCV_SF 16 sunssf;
    DCW_SF 17 sunssf; DCWH_SF 18 sunssf; Tmp_SF 19 sunssf
    """,
)

_BATTERY = (
    62,
    """
    AHRtg 2 uint16 AHRtg_SF; WHRtg 3 uint16 WHRtg_SF; WChaRteMax 4 uint16 WChaDisChaMax_SF;
    WDisChaRteMax 5 uint16 WChaDisChaMax_SF; DisChaRte 6 uint16 DisChaRte_SF;
    SoCMax 7 uint16 SoC_SF; SoCMin 8 uint16 SoC_SF; SocRsvMax 9 uint16 SoC_SF;
    SoCRsvMin 10 uint16 SoC_SF; SoC 11 uint16 SoC_SF; DoD 12 uint16 DoD_SF;
    SoH 13 uint16 SoH_SF; NCyc 14 uint32; ChaSt 16 enum16; LocRemCtl 17 enum16; Hb 18 uint16;
    CtrlHb 19 uint16; AlmRst 20 uint16; Typ 21 enum16; State 22 enum16; StateVnd 23 enum16;
    WarrDt 24 uint32; Evt1 26 bitfield32; Evt2 28 bitfield32; EvtVnd1 30 bitfield32;
    EvtVnd2 32 bitfield32; V 34 uint16 V_SF; VMax 35 uint16 V_SF; VMin 36 uint16 V_SF;
    CellVMax 37 uint16 CellV_SF; CellVMaxStr 38 uint16; CellVMaxMod 39 uint16;
    CellVMin 40 uint16 CellV_SF; CellVMinStr 41 uint16; CellVMinMod 42 uint16;
    CellVAvg 43 uint16 CellV_SF; A 44 int16 A_SF; AChaMax 45 uint16 AMax_SF;
    ADisChaMax 46 uint16 AMax_SF; W 47 int16 W_SF; ReqInvState 48 enum16; ReqW 49 int16 W_SF;
    SetOp 50 enum16; SetInvState 51 enum16; AHRtg_SF 52 sunssf; WHRtg_SF 53 sunssf;
    WChaDisChaMax_SF 54 sunssf; DisChaRte_SF 55 sunssf; SoC_SF 56 sunssf; DoD_SF 57 sunssf;
    SoH_SF 58 sunssf; V_SF 59 sunssf; CellV_SF 60 sunssf; A_SF 61 sunssf; AMax_SF 62 sunssf;
    W_SF 63 sunssf
    """,
)

TABLES: dict[int, tuple[int, str]] = {
    701: _MEASUREMENT,
    702: _CAPACITY,
    704: _CONTROLS,
    713: _STORAGE,
    714: _PORTS,
    802: _BATTERY,
}
"""Usual length L and fields by model number."""
