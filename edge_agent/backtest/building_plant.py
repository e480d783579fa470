"""The simulated building of a site: the physics that plans are carried out on. Pure.

It is not what the site file says: each zone is two masses instead of one, and its figures are off
by up to `ERROR_SHARE`, in turn to both sides, as a file filled in by a person is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.site.asset_schema import ZoneAsset
from edge_agent.site.plant_schema import LegionellaAsset, ThermalStoreAsset
from edge_agent.site.schema import Site
from edge_agent.steered import Work, works_of
from edge_agent.tanks import planned_tanks, usual_draw_kwh
from models.building.house import HouseParameters
from models.building.parameters import PumpParameters, TankParameters, ZoneParameters
from models.building.tank import KWH_PER_L_K

ERROR_SHARE = 0.15
AIR_SHARE = 0.2
"""Of a zone's capacity; the rest is walls behind it."""
GUESTS_PER_GAIN_KW = 9.0
SUN_M2_PER_GAIN_KW = 2.0
FAN_SHARE = 1 / 240
"""Electric power of the fan for every kW of heating power, whether it heats or not."""
STEADY = 0.8
"""A tank's own controller closes so much of the gap within a minute at most."""
HEATER_GAIN_KW_PER_K = 30.0
TIMER_H = 10.0
"""A timer lets a load run from this local hour on, where its window allows."""


@dataclass(frozen=True, slots=True)
class Off:
    """By what each figure of a part is multiplied to become the building's own."""

    size: float
    leak: float
    use: float


def offs(error_share: float) -> Iterator[Off]:
    """In turn larger and tighter, smaller and leakier than the file says."""
    while True:
        yield Off(1 + error_share, 1 - error_share, 1 + 2 * error_share / 3)
        yield Off(1 - error_share, 1 + error_share, 1 - 2 * error_share / 3)


def house_of(site: Site, error_share: float = ERROR_SHARE) -> HouseParameters:
    """Zones, tanks that take a setpoint, and switched loads with work to do."""
    zones = zip(site.assets.hvac.zones, offs(error_share), strict=False)
    tanks = zip(planned_tanks(site), offs(error_share), strict=False)
    return HouseParameters(
        zones=tuple(_zone(asset, off) for asset, off in zones),
        tanks={asset.id: _tank(asset, off) for asset, off in tanks},
        pumps={work.asset.id: _pump(work) for work in works_of(site)},
    )


def _zone(asset: ZoneAsset, off: Off) -> ZoneParameters:
    """Of the whole resistance, a third leads through the air alone, the rest through the walls."""
    capacity_kwh_per_k = asset.capacity_kwh_per_k * off.size
    resistance_k_per_kw = asset.resistance_k_per_kw / off.leak
    gains_kw = asset.gains_kw * off.use
    return ZoneParameters(
        name=asset.id,
        air_kwh_per_k=AIR_SHARE * capacity_kwh_per_k,
        mass_kwh_per_k=(1 - AIR_SHARE) * capacity_kwh_per_k,
        air_mass_k_per_kw=resistance_k_per_kw / 6,
        mass_outdoor_k_per_kw=resistance_k_per_kw * 4 / 3,
        air_outdoor_k_per_kw=resistance_k_per_kw * 3,
        heat_kw=asset.heat_kw,
        cool_kw=asset.cool_kw,
        gain_kw_per_k=max(asset.heat_kw, asset.cool_kw) * 2 / 3,
        fan_kw=FAN_SHARE * asset.heat_kw,
        sun_m2=SUN_M2_PER_GAIN_KW * gains_kw,
        guests=round(GUESTS_PER_GAIN_KW * gains_kw),
    )


def _tank(asset: ThermalStoreAsset, off: Off) -> TankParameters:
    """An immersion heater with the controller of its own."""
    volume_l = asset.volume_l * off.size
    steady_kw_per_k = STEADY * 60 * volume_l * KWH_PER_L_K
    cycle = asset.legionella or LegionellaAsset()
    return TankParameters(
        volume_l=volume_l,
        heater_kw=asset.heater_kw,
        gain_kw_per_k=min(HEATER_GAIN_KW_PER_K, steady_kw_per_k),
        loss_w_per_k=asset.loss_w_per_k * off.leak,
        daily_draw_kwh=usual_draw_kwh(asset) * off.use,
        own_setpoint_c=asset.hygiene_c or asset.low_c,
        cycle_c=cycle.temperature_c,
        cycle_hold_s=60 * cycle.hold_min,
    )


def _pump(work: Work) -> PumpParameters:
    """Its timer lets it do a day's work from the morning on."""
    begin_h = max(TIMER_H, int(work.asset.earliest[:2]) + int(work.asset.earliest[3:]) / 60)
    run_h = work.energy_kwh / work.power_kw
    return PumpParameters(
        power_kw=work.power_kw, own_from_h=begin_h, own_until_h=(begin_h + run_h) % 24
    )
