"""Tanks of the site file as the model knows them: size, band, heater, usual draw. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from edge_agent.hygiene import CYCLE_REACH_K, KWH_PER_M3_K
from models.types import ThermalStore, ThermalStoreForecast, TimeGrid

if TYPE_CHECKING:
    from edge_agent.site.plant_schema import ThermalStoreAsset
    from edge_agent.site.schema import Site
    from models.forecast.learnt import LearntProfile  # not held in the agent's memory

AMBIENT_C = 20.0
COP_AT_C = 7.0
HOURS = 24
DRAW_WEIGHTS = (
    *(1.0, 0.5, 0.5, 0.5, 1.0, 4.0, 10.0, 12.0, 10.0, 5.0, 3.0, 3.0),
    *(3.0, 3.0, 2.0, 2.0, 3.0, 4.0, 6.0, 7.0, 7.0, 6.0, 4.0, 2.5),
)
"""Of hot water by local hour where guests sleep: a morning of showers and a longer evening."""
SATURDAY, SUNDAY = 5, 6


def planned_tanks(site: Site) -> tuple[ThermalStoreAsset, ...]:
    """Those that take a setpoint."""
    return tuple(one for one in site.assets.thermal_stores if one.setpoint is not None)


def tank_model(asset: ThermalStoreAsset, site: Site) -> ThermalStore:
    """One mixed mass of water, with an immersion heater (`cop` 1) or a heat pump."""
    low_c, high_c = band_c(asset, site)
    by_pump = asset.cop > 1
    cycle = asset.legionella
    return ThermalStore(
        id=asset.id,
        capacity_kwh_per_k=asset.volume_l / 1000 * KWH_PER_M3_K,
        low_c=low_c,
        high_c=high_c,
        loss_kw_per_k=asset.loss_w_per_k / 1000,
        ambient_c=AMBIENT_C,
        pump_kw=asset.heater_kw * asset.cop if by_pump else 0.0,
        cop=asset.cop,
        cop_per_k=asset.cop_per_k if by_pump else 0.0,
        cop_at_c=COP_AT_C,
        immersion_kw=0.0 if by_pump else asset.heater_kw,
        hygiene_c=None if cycle is None else max(low_c, cycle.temperature_c + CYCLE_REACH_K),
        hygiene_hold_s=3600 if cycle is None else max(1, round(60 * cycle.hold_min)),
        hygiene_every_h=168.0 if cycle is None else 24 * cycle.every_days,
    )


def band_c(asset: ThermalStoreAsset, site: Site) -> tuple[float, float]:
    """Lowest and highest water temperature a plan aims at: inside what the guard lets through."""
    low_c, high_c = max(asset.low_c, asset.hygiene_c or asset.low_c), asset.high_c
    device, name = (asset.setpoint or asset.temperature).split(".", 1)
    spec = site.device(device).points.get(name)
    allowed = None if spec is None else spec.safe or spec.limits
    if allowed is not None:
        high_c = min(high_c, allowed[1])
        low_c = max(low_c, allowed[0])
    return min(low_c, high_c), high_c


def usual_draw_kwh(asset: ThermalStoreAsset) -> float:
    """Heat drawn in a day [kWh]."""
    return asset.usual_draw_kwh


def usual_electric_kw(asset: ThermalStoreAsset, site: Site) -> float:
    """Mean electric power over a day: the draw and the losses."""
    low_c, high_c = band_c(asset, site)
    lost_kw = asset.loss_w_per_k / 1000 * max(0.0, (low_c + high_c) / 2 - AMBIENT_C)
    return min(asset.heater_kw, (usual_draw_kwh(asset) / HOURS + lost_kw) / asset.cop)


def tank_draw(
    asset: ThermalStoreAsset, grid: TimeGrid, zone: ZoneInfo, learnt: LearntProfile | None = None
) -> ThermalStoreForecast:
    """Thermal power drawn per step: as it was learnt, else the usual course of a day."""
    per_hour_kw = usual_draw_kwh(asset) / sum(DRAW_WEIGHTS)
    draws = []
    for start, seconds in zip(grid.starts, grid.step_s, strict=True):
        local = (start + timedelta(seconds=seconds / 2)).astimezone(zone)
        seen = None
        if learnt is not None:
            seen = _of_day(learnt, local.weekday())[4 * local.hour + local.minute // 15]
        usual = per_hour_kw * DRAW_WEIGHTS[local.hour]
        draws.append(usual if seen is None else max(0.0, seen))
    return ThermalStoreForecast(id=asset.id, draw_kw=tuple(draws))


def _of_day(learnt: LearntProfile, weekday: int) -> tuple[float | None, ...]:
    if weekday == SATURDAY:
        return learnt.saturday
    return learnt.sunday if weekday == SUNDAY else learnt.workday
