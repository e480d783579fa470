"""Figures of a plan or a run: money, carbon, peak, energy, comfort; and two of them compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

Kpis = dict[str, float]

UNITS: Mapping[str, str] = {
    "cost": "EUR",
    "net_cost": "EUR",
    "energy_cost": "EUR",
    "demand_cost": "EUR",
    "co2_kg": "kg",
    "peak_kw": "kW",
    "import_kwh": "kWh",
    "export_kwh": "kWh",
    "load_kwh": "kWh",
    "shed_kwh": "kWh",
    "pv_kwh": "kWh",
    "curtailed_kwh": "kWh",
    "self_consumption": "share",
    "self_sufficiency": "share",
    "comfort_kh": "Kh",
}
"""Every figure with its unit."""

_QUARTER_H = 0.25


@dataclass(frozen=True, slots=True)
class Money:
    """[EUR] of a horizon; `drawn` is the value of what stores hold less at its end."""

    energy: float
    demand: float
    drawn: float


def kpis(table: pd.DataFrame, money: Money, hours: float) -> Kpis:
    """Figures of a table with `hours` per step; shares are left out where there is no PV.

    `net_cost` counts what was taken out of batteries as spent, so that it compares.
    """

    def total(name: str) -> float:
        return float(table[name].sum()) * hours if name in table else 0.0

    consumed = total("P_eDem_actual_T") + total("P_HVAC_heat_T") + total("P_HVAC_cool_T")
    made, fed = total("P_PV_total_T"), total("P_PV_feedin_T")
    found = {
        "cost": money.energy + money.demand,
        "net_cost": money.energy + money.demand + money.drawn,
        "energy_cost": money.energy,
        "demand_cost": money.demand,
        "co2_kg": float((table["P_EG_buy_T"] * table["ce_EG_T"]).sum()) * hours,
        "peak_kw": quarter_peak(table["P_EG_buy_T"], hours),
        "import_kwh": total("P_EG_buy_T"),
        "export_kwh": total("P_EG_sell_T"),
        "load_kwh": consumed,
        "shed_kwh": total("P_eDem_shed_T"),
        "pv_kwh": made,
        "curtailed_kwh": total("P_PV_curtailed_T"),
        "comfort_kh": total("deltaT_comfort_T"),
    }
    if made > 0:
        found["self_consumption"] = (made - fed) / made
        found["self_sufficiency"] = (made - fed) / consumed if consumed > 0 else 0.0
    return found


def quarter_peak(imported: pd.Series, hours: float) -> float:
    """Highest mean over clock quarters of an hour [kW]; over the steps where these are longer."""
    if hours >= _QUARTER_H:
        return float(imported.max())
    return float(imported.tz_convert("UTC").resample("15min").mean().max())


def compared(now: Kpis, reference: Kpis) -> pd.DataFrame:
    """Both, their difference and the share saved, one row per figure."""
    names = [name for name in UNITS if name in now or name in reference]
    table = pd.DataFrame(
        {
            "unit": [UNITS[name] for name in names],
            "reference": [reference.get(name, np.nan) for name in names],
            "value": [now.get(name, np.nan) for name in names],
        },
        index=pd.Index(names, name="kpi"),
    )
    table["difference"] = table["value"] - table["reference"]
    base = table["reference"].where(table["reference"] != 0)
    table["saved_share"] = (table["reference"] - table["value"]) / base.abs()
    return table
