"""The sound parts of a site file, so that one wrong key does not hide the mistakes elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from edge_agent.site.alert_schema import Alerts
from edge_agent.site.asset_schema import BatteryAsset, PlantAsset, PvAsset, WeatherAsset, ZoneAsset
from edge_agent.site.feeds_schema import Feeds
from edge_agent.site.grid_schema import GridAsset
from edge_agent.site.mistakes import KeyPath
from edge_agent.site.plant_schema import HeatPumpAsset, SwitchAsset, ThermalStoreAsset
from edge_agent.site.schema import (
    AgentSettings,
    BacnetLink,
    Cloud,
    Device,
    Link,
    ModbusLink,
    MqttLink,
    Planning,
    SiteInfo,
)
from edge_agent.site.shape import shaped
from edge_agent.site.tree import Json, at
from edge_agent.site.work_schema import ShedAsset, ShiftableAsset

M = TypeVar("M", bound=BaseModel)
_LINKS: dict[str, type[ModbusLink | BacnetLink | MqttLink]] = {
    "modbus": ModbusLink,
    "bacnet": BacnetLink,
    "mqtt": MqttLink,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What of the file has the right shape; None or absent where it has not."""

    data: dict[str, Json]
    site: SiteInfo | None
    agent: AgentSettings | None
    links: Mapping[str, Link]
    link_names: frozenset[str]
    """All of them, also those whose shape is wrong."""
    devices: Mapping[int, Device]
    device_names: Mapping[int, str]
    """Ids by place in the list, also of devices whose shape is wrong."""
    grid: GridAsset | None
    batteries: Mapping[int, BatteryAsset]
    pvs: Mapping[int, PvAsset]
    zones: Mapping[int, ZoneAsset]
    plants: Mapping[int, PlantAsset]
    weather: WeatherAsset | None
    thermal_stores: Mapping[int, ThermalStoreAsset]
    heat_pumps: Mapping[int, HeatPumpAsset]
    switches: Mapping[int, SwitchAsset]
    shiftables: Mapping[int, ShiftableAsset]
    sheds: Mapping[int, ShedAsset]
    feeds: Feeds | None
    planning: Planning | None
    alerts: Alerts | None
    cloud: Cloud | None


def sound_parts(data: dict[str, Json]) -> Parts:
    """Everything in the data that can be checked further."""
    links = at(data, ("links",))
    named = links if isinstance(links, dict) else {}
    return Parts(
        data=data,
        site=_one(SiteInfo, data, ("site",)),
        agent=_one(AgentSettings, data, ("agent",)),
        links=_links(named),
        link_names=frozenset(named),
        devices=_many(Device, data, ("devices",)),
        device_names=_names(at(data, ("devices",))),
        grid=_one(GridAsset, data, ("assets", "grid")),
        batteries=_many(BatteryAsset, data, ("assets", "battery")),
        pvs=_many(PvAsset, data, ("assets", "pv")),
        zones=_many(ZoneAsset, data, ("assets", "hvac", "zones")),
        plants=_many(PlantAsset, data, ("assets", "hvac", "plants")),
        weather=_one(WeatherAsset, data, ("assets", "weather")),
        thermal_stores=_many(ThermalStoreAsset, data, ("assets", "thermal_stores")),
        heat_pumps=_many(HeatPumpAsset, data, ("assets", "heat_pumps")),
        switches=_many(SwitchAsset, data, ("assets", "switches")),
        shiftables=_many(ShiftableAsset, data, ("assets", "shiftable")),
        sheds=_many(ShedAsset, data, ("assets", "demand", "sheddable")),
        feeds=_one(Feeds, data, ("feeds",)),
        planning=_one(Planning, data, ("planning",)),
        alerts=_one(Alerts, data, ("alerts",)),
        cloud=_one(Cloud, data, ("cloud",)),
    )


def _one(model: type[M], data: Json, path: KeyPath) -> M | None:
    given = at(data, path)
    return shaped(model, {} if given is None else given)


def _many(model: type[M], data: Json, path: KeyPath) -> dict[int, M]:
    listed = at(data, path)
    items = listed if isinstance(listed, list) else []
    shapes = {index: shaped(model, item) for index, item in enumerate(items)}
    return {index: item for index, item in shapes.items() if item is not None}


def _links(named: dict[str, Json]) -> dict[str, Link]:
    found: dict[str, Link] = {}
    for name, given in named.items():
        model = _LINKS.get(str(at(given, ("protocol",))))
        link = shaped(model, given) if model is not None else None
        if link is not None:
            found[name] = link
    return found


def _names(devices: Json) -> dict[int, str]:
    items = devices if isinstance(devices, list) else []
    ids = ((index, at(item, ("id",))) for index, item in enumerate(items))
    return {index: name for index, name in ids if isinstance(name, str)}
