"""Which points a site commands, and by how much each is moved in a trial. Pure.

Powers in kW: import, consumption and charging positive; the step is a tenth of the rating, or of
the safe band of a zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from drivers.types import Point
from edge_agent.site.asset_schema import BatteryAsset, PvAsset, ZoneAsset
from edge_agent.site.schema import Site

STEP_SHARE = 0.10
SOC_MARGIN_PERCENT = 1.0
SUN_NEEDED = 1.5
"""So many steps of power a plant must yield before it is curtailed by one."""


class Kind(StrEnum):
    """What is commanded."""

    BATTERY = "battery"
    PV = "pv"
    ZONE = "zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actuator:
    """One commanded point of the site."""

    kind: Kind
    asset: BatteryAsset | PvAsset | ZoneAsset
    point: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Write `value`; the meter must then move by `meter_kw`, the device's own power by `own_kw`.

    None where no power moves.
    """

    value: float
    meter_kw: float | None
    own_kw: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The moves of a trial; `rest` is held between them, None gives the point back."""

    rest: float | None
    moves: tuple[Move, ...]
    left_out: tuple[str, ...] = ()
    """Moves that would go too far now, and why."""


def actuators_of(site: Site) -> tuple[Actuator, ...]:
    """Every commanded point: batteries first, then PV limits, then zones."""
    assets = site.assets
    batteries = [
        Actuator(kind=Kind.BATTERY, asset=asset, point=asset.setpoint) for asset in assets.battery
    ]
    plants = [
        Actuator(kind=Kind.PV, asset=asset, point=asset.limit)
        for asset in assets.pv
        if asset.limit is not None
    ]
    zones = [
        Actuator(kind=Kind.ZONE, asset=asset, point=asset.setpoint) for asset in assets.hvac.zones
    ]
    return (*batteries, *plants, *zones)


def keys_of(actuator: Actuator) -> tuple[str, ...]:
    """The points that must be read before its steps are known."""
    match actuator.asset:
        case BatteryAsset() as battery:
            limits = (battery.charge_limit, battery.discharge_limit)
            return (battery.soc, battery.power, *(key for key in limits if key is not None))
        case PvAsset() as plant:
            return (plant.power,)
        case ZoneAsset() as zone:
            return (zone.setpoint,)


def steps_for(
    actuator: Actuator, point: Point, site: Site, seen: Mapping[str, float]
) -> Steps | str:
    """The moves that what is seen now allows, or why there is none; `seen` by `device.point`."""
    match actuator.asset:
        case BatteryAsset() as battery:
            return _battery(battery, site, seen)
        case PvAsset() as plant:
            return _plant(plant, site, seen)
        case ZoneAsset() as zone:
            return _zone(zone, point, seen)


def _battery(asset: BatteryAsset, site: Site, seen: Mapping[str, float]) -> Steps | str:
    grid = site.assets.grid
    missing = [key for key in (asset.soc, asset.power, grid.meter) if key not in seen]
    if missing:
        return f"{', '.join(missing)} cannot be read"
    base_kw = seen[grid.meter] - seen[asset.power]
    up_kw, down_kw = STEP_SHARE * asset.charge_kw, STEP_SHARE * asset.discharge_kw
    soc = seen[asset.soc]
    against_up = (
        _limit(asset.charge_limit, up_kw, seen)
        or (f"SOC {soc:g} %" if soc > asset.soc_max_percent - SOC_MARGIN_PERCENT else "")
        or _over("import limit", base_kw + up_kw, grid.import_limit_kw)
    )
    against_down = (
        _limit(asset.discharge_limit, down_kw, seen)
        or (f"SOC {soc:g} %" if soc < asset.soc_min_percent + SOC_MARGIN_PERCENT else "")
        or _over("export limit", -(base_kw - down_kw), grid.export_limit_kw)
    )
    wanted = ((up_kw, against_up), (-down_kw, against_down))
    moves = tuple(Move(value=kw, meter_kw=kw, own_kw=kw) for kw, why in wanted if not why)
    left_out = tuple(f"{kw:+g} kW: {why}" for kw, why in wanted if why)
    if not moves:
        return "; ".join(left_out)
    return Steps(rest=0.0, moves=moves, left_out=left_out)


def _limit(key: str | None, step_kw: float, seen: Mapping[str, float]) -> str:
    """Why the battery's live limit forbids the step, empty when it does not."""
    if key is None:
        return ""
    if key not in seen:
        return f"{key} cannot be read"
    return "" if seen[key] >= step_kw else f"{key} is {seen[key]:g} kW"


def _over(what: str, power_kw: float, limit_kw: float) -> str:
    return "" if power_kw <= limit_kw else f"the {what} of {limit_kw:g} kW"


def _plant(asset: PvAsset, site: Site, seen: Mapping[str, float]) -> Steps | str:
    step_kw = STEP_SHARE * asset.peak_kw
    meter = site.assets.grid.meter
    missing = [key for key in (asset.power, meter) if key not in seen]
    if missing:
        return f"{', '.join(missing)} cannot be read"
    power_kw = seen[asset.power]
    if power_kw < SUN_NEEDED * step_kw:
        return f"the plant yields {power_kw:.1f} kW, {SUN_NEEDED * step_kw:g} kW are needed"
    over = _over("import limit", seen[meter] + step_kw, site.assets.grid.import_limit_kw)
    if over:
        return over
    limit_kw = power_kw - step_kw
    return Steps(rest=None, moves=(Move(value=limit_kw, meter_kw=step_kw, own_kw=-step_kw),))


def _zone(asset: ZoneAsset, point: Point, seen: Mapping[str, float]) -> Steps | str:
    low_c, high_c = point.safe or (asset.comfort.low_c, asset.comfort.high_c)
    step_k = STEP_SHARE * (high_c - low_c)
    if step_k <= point.tolerance:
        return f"the band {low_c:g}..{high_c:g} degC leaves no room for a step"
    now_c = min(max(seen.get(asset.setpoint, (low_c + high_c) / 2), low_c), high_c)
    values = [value for value in (now_c + step_k, now_c - step_k) if low_c <= value <= high_c]
    moves = tuple(Move(value=round(value, 3), meter_kw=None, own_kw=None) for value in values)
    return Steps(rest=None, moves=moves)
