"""Translates the site's assets into the guard's envelopes and the operator's signals. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drivers.types import Point
from edge_agent.envelope import (
    BatteryEnvelope,
    BmsInputs,
    ConnectionEnvelope,
    Envelope,
    Humidity,
    LegionellaCycle,
    LoadEnvelope,
    Pace,
    PvEnvelope,
    SwitchEnvelope,
    TankEnvelope,
    TemperatureWindow,
    ZoneEnvelope,
)
from edge_agent.grid_operator import LimitOn, Signal
from edge_agent.guarding.headroom import MAX_SKEW_S
from edge_agent.meters_of import Meters, meters_of
from edge_agent.site.asset_schema import BatteryAsset, PvAsset, Window, ZoneAsset
from edge_agent.site.plant_schema import (
    HeatPumpAsset,
    SwitchAsset,
    ThermalStoreAsset,
    WatchedTemperature,
)
from edge_agent.site.schema import Site

Points = Mapping[str, Point]


def envelopes(site: Site, points: Points) -> dict[str, Envelope]:
    """The hard limits of every point this gateway may command, by `device.point`."""
    return {envelope.point: envelope for envelope in _every(site, points)}


def operator_signals(site: Site) -> tuple[Signal, ...]:
    """The grid operator's inputs, in the order of the site file."""
    return tuple(
        Signal(
            id=asset.id,
            point=asset.point,
            limit_on=LimitOn(asset.limit_on),
            full_kw=asset.full_kw,
            default_kw=asset.default_kw,
            levels=asset.levels,
            scale_kw=asset.scale_kw,
            hold_s=asset.hold_s,
            restore_kw_per_s=asset.restore_kw_per_s,
        )
        for asset in site.assets.grid.operator_signals
    )


def _every(site: Site, points: Points) -> Iterator[Envelope]:
    """In the order in which batteries share the connection point: that of the site file."""
    assets = site.assets
    meters = meters_of(site, points)
    for battery in assets.battery:
        yield _battery(battery, meters, points[battery.setpoint])
    for zone in assets.hvac.zones:
        yield _zone(zone, points[zone.setpoint])
    for pv in assets.pv:
        if pv.limit is not None:
            yield _pv(pv, pv.limit, meters.connection, points[pv.limit])
    yield from _plant(site, points)


def _plant(site: Site, points: Points) -> Iterator[Envelope]:
    """Tanks, heat pumps and switches; a tank without a setpoint is only watched."""
    assets = site.assets
    for store in assets.thermal_stores:
        if store.setpoint is not None:
            yield _tank(store, store.setpoint, points[store.setpoint])
    for pump in assets.heat_pumps:
        yield _load(pump, site, points[pump.cap])
    for switch in assets.switches:
        yield _switch(switch)


def _pace(point: Point, ramp_per_s: float | None = None, hold_s: float = 0.0) -> Pace:
    """The slower of what the device and the site want; dispatch counts the writes a day."""
    ramps = [ramp for ramp in (point.max_rate_per_s, ramp_per_s) if ramp is not None]
    return Pace(ramp_per_s=min(ramps, default=None), hold_s=hold_s)


def _battery(asset: BatteryAsset, meters: Meters, setpoint: Point) -> BatteryEnvelope:
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
        connection=meters.connection,
        band_kw=setpoint.safe or setpoint.limits,
        bms=_bms(asset),
        charge_window=_window(asset.charge_window_c),
        discharge_window=_window(asset.discharge_window_c),
        derate_soc_percent=asset.derate_soc_percent,
        reserve_percent=asset.reserve_percent,
        low_soc_percent=asset.low_soc_percent,
        circuits=tuple(meters.circuits[name] for name in asset.circuits),
        phase=asset.phase,
        fallback_kw=asset.fallback_kw,
        pace=_pace(setpoint, asset.ramp_kw_per_s),
    )


def _bms(asset: BatteryAsset) -> BmsInputs:
    return BmsInputs(
        charge_limit_a=asset.charge_limit_a,
        discharge_limit_a=asset.discharge_limit_a,
        voltage=asset.voltage,
        current=asset.current,
        rated_current_a=asset.rated_current_a,
        temperature=asset.temperature,
        alarms=asset.alarms,
        alarm_mask=asset.alarm_mask,
        contactor=asset.contactor,
        contactor_closed=asset.contactor_closed,
    )


def _window(window: Window) -> TemperatureWindow:
    stop_low_c, full_low_c, full_high_c, stop_high_c = window
    return TemperatureWindow(
        stop_low_c=stop_low_c,
        full_low_c=full_low_c,
        full_high_c=full_high_c,
        stop_high_c=stop_high_c,
    )


def _zone(asset: ZoneAsset, setpoint: Point) -> ZoneEnvelope:
    comfort = asset.comfort
    low_c, high_c = setpoint.safe or (comfort.low_c, comfort.high_c)
    return ZoneEnvelope(
        point=asset.setpoint,
        temperature=asset.temperature,
        low_c=low_c,
        high_c=high_c,
        frost_c=asset.frost_c,
        # The wider band: whether somebody is there is the plan's business.
        comfort_c=(comfort.unoccupied_low_c, comfort.unoccupied_high_c),
        humidity=_humidity(asset),
        pace=_pace(setpoint, hold_s=asset.min_hold_s),
    )


def _humidity(asset: ZoneAsset) -> Humidity | None:
    if asset.humidity is None:
        return None
    return Humidity(
        humidity=asset.humidity, surface=asset.surface, cooling_c=asset.cooling_setback_max_c
    )


def _pv(asset: PvAsset, limit: str, connection: ConnectionEnvelope, point: Point) -> PvEnvelope:
    return PvEnvelope(
        point=limit,
        power=asset.power,
        peak_kw=asset.peak_kw,
        connection=connection,
        pace=_pace(point),
    )


def _tank(asset: ThermalStoreAsset, setpoint: str, point: Point) -> TankEnvelope:
    band = point.safe or point.limits
    cycle = asset.legionella
    return TankEnvelope(
        point=setpoint,
        temperature=asset.temperature,
        high_c=asset.high_c if band is None else min(asset.high_c, band[1]),
        hygiene_c=asset.hygiene_c,
        frost_c=asset.frost_c,
        circulation_return=asset.circulation_return,
        return_c=asset.return_c,
        cycle=None
        if cycle is None
        else LegionellaCycle(
            every_days=cycle.every_days,
            temperature_c=cycle.temperature_c,
            hold_min=cycle.hold_min,
        ),
        cycle_running=asset.cycle_running,
        pace=_pace(point),
    )


def _load(asset: HeatPumpAsset, site: Site, point: Point) -> LoadEnvelope:
    return LoadEnvelope(
        point=asset.cap,
        rated_kw=asset.rated_kw,
        power=asset.power,
        floor_kw=asset.floor_kw,
        may_stop=any(work.cap == asset.id for work in site.assets.shiftable),
        seldom=asset.power is not None
        and site.device(asset.power.split(".")[0]).poll_s >= MAX_SKEW_S,
        pace=_pace(point),
    )


def _switch(asset: SwitchAsset) -> SwitchEnvelope:
    return SwitchEnvelope(
        point=asset.point,
        on_value=asset.on_value,
        off_value=asset.off_value,
        min_on_s=asset.min_on_s,
        min_off_s=asset.min_off_s,
        power_kw=asset.power_kw,
        keep_on_below=_watched(asset.keep_on_below),
        keep_off_above=_watched(asset.keep_off_above),
    )


def _watched(asset: WatchedTemperature | None) -> tuple[str, float] | None:
    return None if asset is None else (asset.point, asset.temperature_c)
