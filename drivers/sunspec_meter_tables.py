"""SunSpec models of meters: 201-204 integers with scale factors, 211-214 floats.

Source: SunSpec information model definitions (https://github.com/sunspec/models). A field is
`name offset type [scale factor]`; offsets count from the ID register.
"""

from __future__ import annotations

_SINGLE_PHASE = (
    105,
    """
    A 2 int16 A_SF; AphA 3 int16 A_SF; AphB 4 int16 A_SF; AphC 5 int16 A_SF; A_SF 6 sunssf;
    PhV 7 int16 V_SF; PhVphA 8 int16 V_SF; PhVphB 9 int16 V_SF; PhVphC 10 int16 V_SF;
    PPV 11 int16 V_SF; PPVphAB 12 int16 V_SF; PPVphBC 13 int16 V_SF; PPVphCA 14 int16 V_SF;
    V_SF 15 sunssf; Hz 16 int16 Hz_SF; Hz_SF 17 sunssf; W 18 int16 W_SF; WphA 19 int16 W_SF;
    WphB 20 int16 W_SF; WphC 21 int16 W_SF; W_SF 22 sunssf; VA 23 int16 VA_SF;
    VAphA 24 int16 VA_SF; VAphB 25 int16 VA_SF; VAphC 26 int16 VA_SF; VA_SF 27 sunssf;
    VAR 28 int16 VAR_SF; VARphA 29 int16 VAR_SF; VARphB 30 int16 VAR_SF;
    VARphC 31 int16 VAR_SF; VAR_SF 32 sunssf; PF 33 int16 PF_SF; PFphA 34 int16 PF_SF;
    PFphB 35 int16 PF_SF; PFphC 36 int16 PF_SF; PF_SF 37 sunssf; TotWhExp 38 acc32 TotWh_SF;
    TotWhExpPhA 40 acc32 TotWh_SF; TotWhExpPhB 42 acc32 TotWh_SF;
    TotWhExpPhC 44 acc32 TotWh_SF; TotWhImp 46 acc32 TotWh_SF; TotWhImpPhA 48 acc32 TotWh_SF;
    TotWhImpPhB 50 acc32 TotWh_SF; TotWhImpPhC 52 acc32 TotWh_SF; TotWh_SF 54 sunssf;
    TotVAhExp 55 acc32 TotVAh_SF; TotVAhExpPhA 57 acc32 TotVAh_SF;
    TotVAhExpPhB 59 acc32 TotVAh_SF; TotVAhExpPhC 61 acc32 TotVAh_SF;
    TotVAhImp 63 acc32 TotVAh_SF; TotVAhImpPhA 65 acc32 TotVAh_SF;
    TotVAhImpPhB 67 acc32 TotVAh_SF; TotVAhImpPhC 69 acc32 TotVAh_SF; TotVAh_SF 71 sunssf;
    TotVArhImpQ1 72 acc32 TotVArh_SF; TotVArhImpQ1PhA 74 acc32 TotVArh_SF;
    TotVArhImpQ1PhB 76 acc32 TotVArh_SF; TotVArhImpQ1PhC 78 acc32 TotVArh_SF;
    TotVArhImpQ2 80 acc32 TotVArh_SF; TotVArhImpQ2PhA 82 acc32 TotVArh_SF;
    TotVArhImpQ2PhB 84 acc32 TotVArh_SF; TotVArhImpQ2PhC 86 acc32 TotVArh_SF;
    TotVArhExpQ3 88 acc32 TotVArh_SF; TotVArhExpQ3PhA 90 acc32 TotVArh_SF;
    TotVArhExpQ3PhB 92 acc32 TotVArh_SF; TotVArhExpQ3PhC 94 acc32 TotVArh_SF;
    TotVArhExpQ4 96 acc32 TotVArh_SF; TotVArhExpQ4PhA 98 acc32 TotVArh_SF;
    TotVArhExpQ4PhB 100 acc32 TotVArh_SF; TotVArhExpQ4PhC 102 acc32 TotVArh_SF;
    TotVArh_SF 104 sunssf; Evt 105 bitfield32
    """,
)

_INTEGERS = (
    105,
    """
    A 2 int16 A_SF; AphA 3 int16 A_SF; AphB 4 int16 A_SF; AphC 5 int16 A_SF; A_SF 6 sunssf;
    PhV 7 int16 V_SF; PhVphA 8 int16 V_SF; PhVphB 9 int16 V_SF; PhVphC 10 int16 V_SF;
    PPV 11 int16 V_SF; PhVphAB 12 int16 V_SF; PhVphBC 13 int16 V_SF; PhVphCA 14 int16 V_SF;
    V_SF 15 sunssf; Hz 16 int16 Hz_SF; Hz_SF 17 sunssf; W 18 int16 W_SF; WphA 19 int16 W_SF;
    WphB 20 int16 W_SF; WphC 21 int16 W_SF; W_SF 22 sunssf; VA 23 int16 VA_SF;
    VAphA 24 int16 VA_SF; VAphB 25 int16 VA_SF; VAphC 26 int16 VA_SF; VA_SF 27 sunssf;
    VAR 28 int16 VAR_SF; VARphA 29 int16 VAR_SF; VARphB 30 int16 VAR_SF;
    VARphC 31 int16 VAR_SF; VAR_SF 32 sunssf; PF 33 int16 PF_SF; PFphA 34 int16 PF_SF;
    PFphB 35 int16 PF_SF; PFphC 36 int16 PF_SF; PF_SF 37 sunssf; TotWhExp 38 acc32 TotWh_SF;
    TotWhExpPhA 40 acc32 TotWh_SF; TotWhExpPhB 42 acc32 TotWh_SF;
    TotWhExpPhC 44 acc32 TotWh_SF; TotWhImp 46 acc32 TotWh_SF; TotWhImpPhA 48 acc32 TotWh_SF;
    TotWhImpPhB 50 acc32 TotWh_SF; TotWhImpPhC 52 acc32 TotWh_SF; TotWh_SF 54 sunssf;
    TotVAhExp 55 acc32 TotVAh_SF; TotVAhExpPhA 57 acc32 TotVAh_SF;
    TotVAhExpPhB 59 acc32 TotVAh_SF; TotVAhExpPhC 61 acc32 TotVAh_SF;
    TotVAhImp 63 acc32 TotVAh_SF; TotVAhImpPhA 65 acc32 TotVAh_SF;
    TotVAhImpPhB 67 acc32 TotVAh_SF; TotVAhImpPhC 69 acc32 TotVAh_SF; TotVAh_SF 71 sunssf;
    TotVArhImpQ1 72 acc32 TotVArh_SF; TotVArhImpQ1PhA 74 acc32 TotVArh_SF;
    TotVArhImpQ1PhB 76 acc32 TotVArh_SF; TotVArhImpQ1PhC 78 acc32 TotVArh_SF;
    TotVArhImpQ2 80 acc32 TotVArh_SF; TotVArhImpQ2PhA 82 acc32 TotVArh_SF;
    TotVArhImpQ2PhB 84 acc32 TotVArh_SF; TotVArhImpQ2PhC 86 acc32 TotVArh_SF;
    TotVArhExpQ3 88 acc32 TotVArh_SF; TotVArhExpQ3PhA 90 acc32 TotVArh_SF;
    TotVArhExpQ3PhB 92 acc32 TotVArh_SF; TotVArhExpQ3PhC 94 acc32 TotVArh_SF;
    TotVArhExpQ4 96 acc32 TotVArh_SF; TotVArhExpQ4PhA 98 acc32 TotVArh_SF;
    TotVArhExpQ4PhB 100 acc32 TotVArh_SF; TotVArhExpQ4PhC 102 acc32 TotVArh_SF;
    TotVArh_SF 104 sunssf; Evt 105 bitfield32
    """,
)

_FLOATS = (
    124,
    """
    A 2 float32; AphA 4 float32; AphB 6 float32; AphC 8 float32; PhV 10 float32;
    PhVphA 12 float32; PhVphB 14 float32; PhVphC 16 float32; PPV 18 float32;
    PPVphAB 20 float32; PPVphBC 22 float32; PPVphCA 24 float32; Hz 26 float32; W 28 float32;
    WphA 30 float32; WphB 32 float32; WphC 34 float32; VA 36 float32; VAphA 38 float32;
    VAphB 40 float32; VAphC 42 float32; VAR 44 float32; VARphA 46 float32; VARphB 48 float32;
    VARphC 50 float32; PF 52 float32; PFphA 54 float32; PFphB 56 float32; PFphC 58 float32;
    TotWhExp 60 float32; TotWhExpPhA 62 float32; TotWhExpPhB 64 float32;
    TotWhExpPhC 66 float32; TotWhImp 68 float32; TotWhImpPhA 70 float32;
    TotWhImpPhB 72 float32; TotWhImpPhC 74 float32; TotVAhExp 76 float32;
    TotVAhExpPhA 78 float32; TotVAhExpPhB 80 float32; TotVAhExpPhC 82 float32;
    TotVAhImp 84 float32; TotVAhImpPhA 86 float32; TotVAhImpPhB 88 float32;
    TotVAhImpPhC 90 float32; TotVArhImpQ1 92 float32; TotVArhImpQ1phA 94 float32;
    TotVArhImpQ1phB 96 float32; TotVArhImpQ1phC 98 float32; TotVArhImpQ2 100 float32;
    TotVArhImpQ2phA 102 float32; TotVArhImpQ2phB 104 float32; TotVArhImpQ2phC 106 float32;
    TotVArhExpQ3 108 float32; TotVArhExpQ3phA 110 float32; TotVArhExpQ3phB 112 float32;
    TotVArhExpQ3phC 114 float32; TotVArhExpQ4 116 float32; TotVArhExpQ4phA 118 float32;
    TotVArhExpQ4phB 120 float32; TotVArhExpQ4phC 122 float32; Evt 124 bitfield32
    """,
)

TABLES: dict[int, tuple[int, str]] = {
    201: _SINGLE_PHASE,
    202: _INTEGERS,
    204: _INTEGERS,
    203: _INTEGERS,
    211: _FLOATS,
    212: _FLOATS,
    214: _FLOATS,
    213: _FLOATS,
}
"""Usual length L and fields by model number."""
