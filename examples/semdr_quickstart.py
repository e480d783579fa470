"""The quick start: a hotel, its plan for the next six hours, and what the plan rests on.

Everything that is not given here comes from named reference profiles; `result.assumptions` lists
them. Run it with `python examples/semdr_quickstart.py`.
"""
# ruff: noqa: T201 - an example talks to its reader

from __future__ import annotations

from models import CaseStudy, Scenario
from models.components import (
    SEMDRHVAC,
    SEMDRPV,
    SEMDRBattery,
    SEMDRElectricDemand,
    SEMDRGrid,
    SEMDRMain,
)

cs = CaseStudy(name="SEMDR_Hotel", freq="5min", consider_invest=True)
cs.set_rolling_horizon(horizon_hours=6)

sc = Scenario(cs=cs, name="RealTime_DR")
sc.add_component(
    SEMDRElectricDemand(annual_energy=2e6, demand_flexibility=0.08, iot_device_id="smart_meter_001")
)
sc.add_component(
    SEMDRHVAC(
        heating_cap=600,
        cooling_cap=500,
        comfort_deadband=2.0,
        temp_sensor_ids=["temp_001", "temp_002", "temp_003"],
    )
)
sc.add_component(SEMDRBattery(allow_new=True, battery_monitor_id="battery_bms_001"))
sc.add_component(SEMDRPV(P_CAPx=200, weather_station_id="weather_001"))
sc.add_component(SEMDRGrid(selected_tariff="RTP", smart_meter_id="smart_meter_001"))
sc.add_component(SEMDRMain())
result = sc.solve()

print(f"{result.status}, objective {result.objective:.2f} EUR over {len(result.table)} steps")
print(result.costs.round(2).to_string())
print(result.scalars[["value", "unit"]].round(1).to_string())
print(result.kpis[["unit", "reference", "value", "saved_share"]].round(3).to_string())
print("assumed:")
for assumption in result.assumptions:
    print(" -", assumption)
