"""From the hotel's older names to the present ones: the Hotel* parts are the SEMDR* parts.

A study written for the older names needs new import lines only. Here a hotel with its own load
series is compared with what it would be with a battery, and rolled through a morning.
"""
# ruff: noqa: T201 - an example talks to its reader

from __future__ import annotations

import numpy as np
import pandas as pd

from models import CaseStudy
from models.components import HotelBattery, HotelElectricDemand, HotelGrid, HotelMain, HotelPV

STEPS_PER_HOUR = 4
BREAKFAST_H, DINNER_H = (6, 7, 8, 9), (17, 18, 19, 20)

times = pd.date_range(
    "2026-03-02", periods=3 * 24 * STEPS_PER_HOUR, freq="15min", tz="Europe/Berlin"
)
kitchen = 90.0 * np.isin(times.hour, BREAKFAST_H) + 120.0 * np.isin(times.hour, DINNER_H)
load_kw = pd.Series(160.0 + kitchen, index=times)

cs = CaseStudy(name="Hotel", freq="15min", coords=(48.14, 11.58))
cs.set_time_horizon(start="2026-03-03 00:00+01:00", steps=24 * STEPS_PER_HOUR)
cs.set_rolling_horizon(horizon_hours=6)

today = cs.add_REF_scen("today")
today.add_component(HotelElectricDemand(demand_flexibility=0.0))
today.add_component(HotelPV(P_CAPx=80, allow_new=False))
today.add_component(HotelGrid(selected_tariff="TOU", demand_charge=9.0))
today.add_component(HotelMain(alpha=0.0))
today.components[0].p_el = load_kw

battery = cs.add_scen("battery", based_on="today")
battery.add_component(HotelBattery(E_CAPx=250, max_cycles_per_day=2.0))

cs.optimize()
print(cs.table.round(3).to_string())

lived = battery.run("2026-03-03 04:00+01:00", "2026-03-03 12:00+01:00")
print(f"rolled: {lived.status}, {len(lived.ticks)} solves, {lived.objective:.2f} EUR")
print(
    lived.table[["P_eDem_T", "P_EG_net_T", "SOC_BES_T"]].resample("1h").mean().round(1).to_string()
)
