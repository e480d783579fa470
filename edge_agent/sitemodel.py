"""Translates the site's assets into the model's words, the guard's envelopes and the actuators."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.types import Point
from edge_agent.envelope import (
    BatteryEnvelope,
    ConnectionEnvelope,
    Envelope,
    PvEnvelope,
    ZoneEnvelope,
)
from edge_agent.site.schema import BatteryAsset, Site, Tariff, ZoneAsset
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


def envelopes(site: Site, points: Mapping[str, Point]) -> dict[str, Envelope]:
    """The hard limits of every point this gateway may command, by `device.point`."""
    grid = site.assets.grid
    connection = ConnectionEnvelope(
        meter=grid.meter,
        import_limit_kw=grid.import_limit_kw,
        export_limit_kw=grid.export_limit_kw,
        currents=_phase_currents(grid.meter, points),
        max_current_a=grid.max_current_a,
    )
    found: dict[str, Envelope] = {
        asset.setpoint: _battery_envelope(asset, connection, points[asset.setpoint])
        for asset in site.assets.battery
    }
    for zone in site.assets.hvac.zones:
        low_c, high_c = points[zone.setpoint].safe or (zone.comfort.low_c, zone.comfort.high_c)
        found[zone.setpoint] = ZoneEnvelope(
            point=zone.setpoint, temperature=zone.temperature, low_c=low_c, high_c=high_c
        )
    for pv in site.assets.pv:
        if pv.limit is not None:
            found[pv.limit] = PvEnvelope(
                point=pv.limit, power=pv.power, peak_kw=pv.peak_kw, connection=connection
            )
    return found


def _phase_currents(meter: str, points: Mapping[str, Point]) -> tuple[str, ...]:
    """The phase currents of the device that meters the connection point."""
    device = meter.split(".", maxsplit=1)[0]
    keys = (f"{device}.current_l{phase}" for phase in (1, 2, 3))
    return tuple(key for key in keys if key in points)


def _battery_envelope(
    asset: BatteryAsset, connection: ConnectionEnvelope, setpoint: Point
) -> BatteryEnvelope:
    return BatteryEnvelope(
        point=asset.setpoint,
        soc=asset.soc,
        power=asset.power,
        charge_kw=asset.charge_kw,
        discharge_kw=asset.discharge_kw,
        soc_min_percent=asset.soc_min_percent,
        soc_max_percent=asset.soc_max_percent,
        charge_limit=asset.charge_limit,
        discharge_limit=asset.discharge_limit,
        connection=connection,
        band_kw=setpoint.safe or setpoint.limits,
    )
