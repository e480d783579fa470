"""Translates the site's assets into the model's words and the actuators."""

from __future__ import annotations

from edge_agent.site.asset_schema import BatteryAsset, ZoneAsset
from edge_agent.site.schema import Site
from edge_agent.site.tariff_schema import Tariff
from edge_agent.tracking import Actuators
from models.types import Battery, Grid, Pv, SiteModel, Zone

GUEST_WEIGHT = 2.0
"""Comfort of guests counts twice."""


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
    )


def _battery(asset: BatteryAsset) -> Battery:
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
    )


def actuators(site: Site) -> Actuators:
    """Which point carries out which part of a plan."""
    assets = site.assets
    return Actuators(
        batteries=tuple((asset.id, asset.setpoint) for asset in assets.battery),
        zones=tuple((asset.id, asset.setpoint) for asset in assets.hvac.zones),
        pvs=tuple((asset.id, asset.limit) for asset in assets.pv if asset.limit is not None),
    )
