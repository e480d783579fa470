"""The table of a plan: one column per variable in the seed's naming, with unit and meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.casestudy.axis import Floats
from models.casestudy.inputs import Inputs
from models.casestudy.roster import Roster
from models.casestudy.sizes import Sizes
from models.casestudy.zones import zone_labels, zones_of
from models.plan import Plan


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One variable over the steps; states are at the end of their step."""

    name: str
    unit: str
    doc: str
    values: Floats


def columns(plan: Plan, roster: Roster, inputs: Inputs, sizes: Sizes) -> list[Column]:
    """Every variable and series of a plan."""
    return [
        *_demand(plan),
        *_hvac(plan, roster, inputs),
        *_batteries(plan, roster, sizes),
        *_pv(plan, inputs, roster, sizes),
        *_grid(plan, inputs),
    ]


def suffix(name: str) -> str:
    """`_2` of `SEMDRBattery_2`, nothing for the first of a kind."""
    _, _, number = name.partition("_")
    return f"_{number}" if number else ""


def _demand(plan: Plan) -> Iterator[Column]:
    load = np.array(plan.load_kw)
    shed = np.zeros(len(load))
    for group in plan.sheds:
        shed += np.array(group.shed_kw) - np.array(group.rebound_kw)
    yield Column("P_eDem_T", "kW", "load before shedding", load)
    yield Column("P_eDem_shed_T", "kW", "load taken off", shed)
    yield Column("P_eDem_actual_T", "kW", "load after shedding", load - shed)


def _hvac(plan: Plan, roster: Roster, inputs: Inputs) -> Iterator[Column]:
    if not plan.zones:
        return
    steps = len(plan.grid)
    heat, cool, heat_el, cool_el, stored, outside = (np.zeros(steps) for _ in range(6))
    rooms = {
        zone.id: (part, zone.capacity_kwh_per_k, zone_labels(name, part)[zone.id])
        for name, part in roster.hvacs.items()
        for zone in zones_of(name, part)
    }
    for zone in plan.zones:
        part, capacity, label = rooms[zone.id]
        band = inputs.zones[zone.id]
        degrees = np.array(zone.temperature_c)
        heat += np.array(zone.heat_kw)
        cool += np.array(zone.cool_kw)
        heat_el += np.array(zone.heat_kw) / part.cop_heating
        cool_el += np.array(zone.cool_kw) / part.cop_cooling
        stored += capacity * (degrees - part.setpoint_c)
        beyond = np.maximum(degrees - band.high_c, 0.0) + np.maximum(band.low_c - degrees, 0.0)
        outside = np.maximum(outside, beyond)
        yield Column(f"T_HVAC_{label}_T", "degC", "room temperature", degrees)
    yield Column("dQ_HVAC_heat_T", "kW_th", "heating power", heat)
    yield Column("dQ_HVAC_cool_T", "kW_th", "cooling power", cool)
    yield Column("P_HVAC_heat_T", "kW", "electricity for heating", heat_el)
    yield Column("P_HVAC_cool_T", "kW", "electricity for cooling", cool_el)
    yield Column("E_thermal_T", "kWh_th", "heat stored in the rooms above the setpoint", stored)
    yield Column("deltaT_comfort_T", "K", "largest breach of a comfort band", outside)


def _batteries(plan: Plan, roster: Roster, sizes: Sizes) -> Iterator[Column]:
    for battery in plan.batteries:
        end = suffix(battery.id)
        part = roster.batteries[battery.id]
        capacity = part.E_CAPx + sizes.battery_kwh.get(battery.id, 0.0)
        power, soc = np.array(battery.power_kw), np.array(battery.soc_kwh)
        yield Column(f"E_BES{end}_T", "kWh", "stored energy", soc)
        yield Column(f"P_BES{end}_in_T", "kW", "charging", np.maximum(power, 0.0))
        yield Column(f"P_BES{end}_out_T", "kW", "discharging", np.maximum(-power, 0.0))
        yield Column(f"SOC_BES{end}_T", "%", "state of charge", 100.0 * soc / capacity)


def _pv(plan: Plan, inputs: Inputs, roster: Roster, sizes: Sizes) -> Iterator[Column]:
    if not plan.pvs:
        return
    total = np.sum([each.pv_kw for each in plan.pvs], axis=0)
    lost = np.sum([each.curtailed_kw for each in plan.pvs], axis=0)
    fed = np.minimum(total, np.maximum(-np.array(plan.grid_kw), 0.0))
    yield Column("P_PV_total_T", "kW", "production", total)
    yield Column("P_PV_self_T", "kW", "production used on site", total - fed)
    yield Column("P_PV_feedin_T", "kW", "production fed in", fed)
    yield Column("P_PV_curtailed_T", "kW", "production given away", lost)
    for name, pv in inputs.pvs.items():
        installed = roster.pvs[name].P_CAPx + sizes.pv_kwp.get(name, 0.0)
        sun = pv.irradiance_w_per_m2
        if sun is None or installed <= 0:
            continue
        standard = np.where(sun > 1.0, sun / 1000.0, np.nan)
        share = 100.0 * pv.kw_per_kwp / standard
        yield Column(f"PV_efficiency{suffix(name)}_T", "%", "AC power over nameplate", share)


def _grid(plan: Plan, inputs: Inputs) -> Iterator[Column]:
    net = np.array(plan.grid_kw)
    yield Column("P_EG_buy_T", "kW", "import", np.maximum(net, 0.0))
    yield Column("P_EG_sell_T", "kW", "export", np.maximum(-net, 0.0))
    yield Column("P_EG_net_T", "kW", "import less export", net)
    yield Column("c_EG_T", "EUR/kWh", "import price", inputs.prices.buy)
    yield Column("c_EG_sell_T", "EUR/kWh", "export price", inputs.prices.sell)
    yield Column("ce_EG_T", "kg/kWh", "carbon intensity of import", inputs.co2_kg_per_kwh)
