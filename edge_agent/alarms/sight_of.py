"""Draws the sight of the alarm rules from the site file and the status picture. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drivers.types import Quality
from edge_agent.alarms.grid_sight import distortions_of, frequencies_of, voltages_of
from edge_agent.alarms.sight import BatterySight, Beside, InverterSight, MeterSight, Sight
from edge_agent.site.asset_schema import BatteryAsset, PvAsset
from edge_agent.site.schema import Site
from edge_agent.status import PointView, StatusView

LIMITED_SHARE = 0.98
"""A limit at or above this share of the peak holds nothing down."""

Points = Mapping[str, PointView]


def sight_of(site: Site, status: StatusView, beside: Beside) -> Sight:
    """What the rules look at now."""
    points = dict(_points(status))
    return Sight(
        status=status,
        beside=beside,
        commit_s=site.agent.commit_s,
        meter=_meter(site, status, points),
        batteries=tuple(_battery(one, points, beside) for one in site.assets.battery),
        inverters=tuple(_inverter(one, site, status, points) for one in site.assets.pv),
        voltages=tuple(voltages_of(site, points)),
        frequencies=tuple(frequencies_of(site, points)),
        distortions=tuple(distortions_of(site, points)),
    )


def _points(status: StatusView) -> Iterator[tuple[str, PointView]]:
    for device in status.devices:
        for point in device.points:
            yield f"{device.device}.{point.point}", point


def _value(points: Points, key: str | None) -> float | None:
    """A usable value of `device.point`, else None."""
    point = None if key is None else points.get(key)
    return point.value if point is not None and Quality(point.quality).usable else None


def _beside_it(key: str, point: str) -> str:
    """Another point of the same device."""
    return f"{key.partition('.')[0]}.{point}"


def _battery(asset: BatteryAsset, points: Points, beside: Beside) -> BatterySight:
    soc = points.get(asset.soc)
    age_s = None if soc is None else soc.age_s
    return BatterySight(
        id=asset.id,
        capacity_kwh=asset.capacity_kwh,
        charge_kw=asset.charge_kw,
        discharge_kw=asset.discharge_kw,
        soc_percent=_value(points, asset.soc),
        soc_read_s=None if age_s is None else beside.monotonic_s - age_s,
        power_kw=_value(points, asset.power),
        temperature_c=_value(points, asset.temperature or _beside_it(asset.soc, "temperature")),
        current_a=_value(points, asset.current or _beside_it(asset.soc, "current")),
        rated_current_a=asset.rated_current_a,
    )


def _inverter(asset: PvAsset, site: Site, status: StatusView, points: Points) -> InverterSight:
    power = points.get(asset.power)
    asleep = power is not None and power.quality == Quality.ASLEEP
    return InverterSight(
        id=asset.id,
        peak_kw=asset.peak_kw,
        power_kw=0.0 if asleep else _value(points, asset.power),
        irradiance_w_m2=_value(points, site.assets.weather.irradiance),
        limited=_limited(asset, status, points),
    )


def _limited(asset: PvAsset, status: StatusView, points: Points) -> bool:
    held = [c.held for c in status.controls if c.point == asset.limit and c.held is not None]
    shown = _value(points, asset.limit)
    limits = held if shown is None else [*held, shown]
    return any(limit_kw < LIMITED_SHARE * asset.peak_kw for limit_kw in limits)


def _meter(site: Site, status: StatusView, points: Points) -> MeterSight:
    key = site.assets.grid.meter
    point = points.get(key)
    up_s = (status.now - status.started_at).total_seconds()
    return MeterSight(
        point=key,
        silent_s=up_s if point is None or point.age_s is None else point.age_s,
        stale_s=site.device(key.partition(".")[0]).stale_after_s,
    )
