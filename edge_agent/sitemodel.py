"""Translates the site's assets into the model's words and the actuators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_agent.circuits import circuit_models
from edge_agent.steered import Work, works_of
from edge_agent.tanks import band_c, planned_tanks, tank_model
from edge_agent.tracking import Actuators
from edge_agent.tracking_loads import LoadActuators, SwitchActuator, TankActuator
from models.types import Battery, Grid, Plant, Pv, ShedGroup, Shiftable, SiteModel, Zone

if TYPE_CHECKING:
    from edge_agent.site.asset_schema import BatteryAsset, PlantAsset, ZoneAsset
    from edge_agent.site.plant_schema import SwitchAsset
    from edge_agent.site.schema import Site
    from edge_agent.site.tariff_schema import Tariff
    from edge_agent.site.work_schema import ShedAsset

GUEST_WEIGHT = 2.0
"""Comfort of guests counts twice."""
NEVER_PER_KWH = 1e6
"""An import price that nothing is shed for."""


def site_model(site: Site, tariff: Tariff) -> SiteModel:
    """What the optimiser is compiled for."""
    assets = site.assets
    return SiteModel(
        grid=Grid(
            import_limit_kw=assets.grid.import_limit_kw,
            export_limit_kw=assets.grid.export_limit_kw,
        ),
        batteries=tuple(_battery(asset) for asset in assets.battery),
        pvs=tuple(
            Pv(id=asset.id, peak_kw=asset.peak_kw, curtailable=asset.limit is not None)
            for asset in assets.pv
        ),
        zones=tuple(_zone(asset) for asset in assets.hvac.zones),
        demand_charges=tuple(charge.id for charge in tariff.demand_charges),
        thermal_stores=tuple(tank_model(asset, site) for asset in planned_tanks(site)),
        shiftables=tuple(_shiftable(work) for work in works_of(site)),
        shed_groups=tuple(_shed_group(asset) for asset in assets.demand.sheddable),
        circuits=circuit_models(site),
        plants=tuple(_plant(asset) for asset in assets.hvac.plants),
    )


def _battery(asset: BatteryAsset) -> Battery:
    seen = asset.temperature is not None
    days = asset.full_charge_every_days
    return Battery(
        id=asset.id,
        capacity_kwh=asset.capacity_kwh,
        charge_kw=asset.charge_kw,
        discharge_kw=asset.discharge_kw,
        charge_efficiency=asset.charge_efficiency,
        discharge_efficiency=asset.discharge_efficiency,
        soc_min_share=asset.soc_min_percent / 100,
        soc_max_share=asset.soc_max_percent / 100,
        wear_cost_per_kwh=asset.wear_cost_per_kwh,
        reserve_share=asset.reserve_percent / 100,
        max_cycles_per_day=asset.max_cycles_per_day,
        full_charge_every_h=None if days is None else 24 * days,
        # The guard charges no further than this.
        full_charge_share=1.0 if days is None else asset.soc_max_percent / 100,
        cold_c=asset.charge_window_c[0] if seen else None,
        warm_c=asset.charge_window_c[2] if seen else None,
        hot_c=asset.charge_window_c[3],
    )


def _zone(asset: ZoneAsset) -> Zone:
    return Zone(
        id=asset.id,
        resistance_k_per_kw=asset.resistance_k_per_kw,
        capacity_kwh_per_k=asset.capacity_kwh_per_k,
        heat_kw=asset.heat_kw,
        cool_kw=asset.cool_kw,
        cop_heating=asset.cop_heating,
        cop_cooling=asset.cop_cooling,
        comfort_weight=GUEST_WEIGHT if asset.guest else 1.0,
        plant=asset.plant or "",
    )


def _plant(asset: PlantAsset) -> Plant:
    return Plant(
        id=asset.id,
        heat_kw=asset.heat_kw,
        cool_kw=asset.cool_kw,
        cop_heating=asset.cop_heating,
        cop_heating_per_k=asset.cop_heating_per_k,
        cop_cooling=asset.cop_cooling,
        cop_cooling_per_k=asset.cop_cooling_per_k,
    )


def _shiftable(work: Work) -> Shiftable:
    return Shiftable(
        id=work.asset.id,
        power_kw=work.power_kw,
        least_kw=work.least_kw,
        min_block_s=work.min_block_s,
        weight=work.asset.weight,
    )


def _shed_group(asset: ShedAsset) -> ShedGroup:
    threshold = asset.price_threshold_per_kwh
    return ShedGroup(
        id=asset.id,
        # Its switches go off together.
        least_share=asset.share,
        most_share=asset.share,
        penalty_per_mwh=asset.penalty_per_mwh,
        guest_weight=GUEST_WEIGHT if asset.guest else 1.0,
        priority=asset.priority,
        least_s=round(60 * asset.least_min),
        most_s=round(60 * asset.most_min),
        cool_down_s=round(60 * asset.cool_down_min),
        rebound_share=asset.rebound_share,
        rebound_s=round(60 * asset.rebound_min),
        price_threshold_per_kwh=NEVER_PER_KWH if threshold is None else threshold,
    )


def actuators(site: Site) -> Actuators:
    """Which point carries out which part of a plan."""
    assets = site.assets
    return Actuators(
        batteries=tuple((asset.id, asset.setpoint) for asset in assets.battery),
        zones=tuple((asset.id, asset.setpoint) for asset in assets.hvac.zones),
        pvs=tuple((asset.id, asset.limit) for asset in assets.pv if asset.limit is not None),
        loads=_load_actuators(site),
    )


def _load_actuators(site: Site) -> LoadActuators:
    works = works_of(site)
    switches = {switch.id: switch for switch in site.assets.switches}
    return LoadActuators(
        tanks=tuple(
            TankActuator(id=tank.id, point=tank.setpoint, rest_c=band_c(tank, site)[0])
            for tank in planned_tanks(site)
            if tank.setpoint is not None
        ),
        switches=tuple(
            _switch(work.asset.id, work.switch) for work in works if work.switch is not None
        ),
        caps=tuple((work.asset.id, work.point) for work in works if work.switch is None),
        sheds=tuple(
            _switch(group.id, switches[name])
            for group in site.assets.demand.sheddable
            for name in group.switches
        ),
    )


def _switch(part: str, switch: SwitchAsset) -> SwitchActuator:
    return SwitchActuator(
        id=part, point=switch.point, on_value=switch.on_value, off_value=switch.off_value
    )
