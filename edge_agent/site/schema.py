"""The site file as frozen models: what may stand in it, with bounds and defaults.

Unknown keys are mistakes. Units are in the names; percent only where a name says so.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
PointKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,47}\.[a-z][a-z0-9_]{0,47}$")]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Strict(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SiteInfo(Strict):
    """Where the gateway stands."""

    id: Id
    timezone: str
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    building_id: str = ""


class Control(StrEnum):
    """`off` only looks, `shadow` decides and records, `enabled` writes."""

    OFF = "off"
    SHADOW = "shadow"
    ENABLED = "enabled"


class RetentionSettings(Strict):
    """How long things are kept, in days, and the most the store may take."""

    raw_days: Annotated[float, Field(gt=0, le=3650)] = 7.0
    five_min_days: Annotated[float, Field(gt=0, le=3650)] = 30.0
    quarter_days: Annotated[float, Field(gt=0, le=3650)] = 365.0
    hour_days: Annotated[float, Field(gt=0, le=36500)] = 1826.0
    plans_days: Annotated[float, Field(gt=0, le=3650)] = 30.0
    audit_days: Annotated[float, Field(gt=0, le=36500)] = 1826.0
    budget_mb: Annotated[float, Field(ge=50, le=1_000_000)] = 2_000.0


class LogSettings(Strict):
    """Where the agent's own words go; without a file, to the service manager."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    file: str = ""
    max_mb: Annotated[float, Field(ge=0.1, le=1_000)] = 10.0
    keep: Annotated[int, Field(ge=1, le=100)] = 5


class AgentSettings(Strict):
    """How the agent itself runs."""

    state_dir: str = "/var/lib/semdr-edge"
    control: Control = Control.OFF
    tick_s: Annotated[float, Field(ge=1, le=20)] = 5.0
    commit_s: Annotated[float, Field(ge=1, le=60)] = 10.0
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    log: LogSettings = LogSettings()
    retention: RetentionSettings = RetentionSettings()


class ModbusLink(Strict):
    """One TCP host:port or serial line, shared by its units."""

    protocol: Literal["modbus"]
    url: Annotated[str, Field(pattern=r"^(tcp|rtu\+tcp)://[^/\s]+:\d{1,5}$|^serial:/\S+$")]
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 1.0
    simulated: bool = False


class BacnetLink(Strict):
    """One BACnet/IP port of ours."""

    protocol: Literal["bacnet"]
    listen: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+\.\d+(/\d{1,2})?:\d{1,5}$")]
    device_id: Annotated[int, Field(ge=0, le=4_194_302)]
    write_priority: Annotated[int, Field(ge=9, le=16)] = 13
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 1.0
    simulated: bool = False


class MqttLink(Strict):
    """One broker on the site's own network."""

    protocol: Literal["mqtt"]
    url: Annotated[str, Field(pattern=r"^mqtts?://[^/\s]+:\d{1,5}$")]
    username: str = ""
    password_file: str = ""
    ca_file: str = ""
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 5.0
    simulated: bool = False


Link = Annotated[ModbusLink | BacnetLink | MqttLink, Field(discriminator="protocol")]


class DeviceType(StrEnum):
    """What a device is; each carries the measurements of the seed."""

    SMART_METER = "smart_meter"
    TEMPERATURE_SENSOR = "temperature_sensor"
    OCCUPANCY_SENSOR = "occupancy_sensor"
    BATTERY_BMS = "battery_bms"
    WEATHER_STATION = "weather_station"
    PV_INVERTER = "pv_inverter"
    CONTROLLER = "controller"


class Privacy(StrEnum):
    """`personal` data tells about single persons and never leaves the gateway."""

    PERSONAL = "personal"
    PUBLIC = "public"


class PointSpec(Strict):
    """A point declared in the site file: a BACnet object or an MQTT path."""

    object: Annotated[str | None, Field(pattern=r"^[a-z-]+,\d+$")] = None
    topic: str | None = None
    path: str | None = None
    unit: str | None = None
    scale: Finite = 1.0
    access: Literal["r", "rw"] = "r"
    reverts: Literal["none", "timer"] = "none"
    safe: tuple[Finite, Finite] | None = None
    limits: tuple[Finite, Finite] | None = None
    privacy: Annotated[Privacy | None, Field(alias="class")] = None
    """Whether the point tells about single persons; default that of the device."""


class Device(Strict):
    """One device on a link."""

    id: Id
    type: DeviceType
    link: Id
    profile: str | None = None
    unit: Annotated[int | None, Field(ge=0, le=255)] = None
    address: str | None = None
    topic: str | None = None
    poll_s: Annotated[float, Field(ge=1, le=3600)] = 60.0
    stale_s: Annotated[float | None, Field(gt=0)] = None
    """Age beyond which a reading is stale; default 3 x poll_s, at least 30 s."""
    stuck_s: Annotated[float | None, Field(gt=0)] = None
    """Unchanged for so long means frozen; default by device type."""
    max_change_per_min: dict[Id, Positive] = {}
    """By point: a faster change is in doubt; default by unit."""
    privacy: Annotated[Privacy | None, Field(alias="class")] = None
    """Of all its points; default personal for an occupancy sensor, else public."""
    location: str = ""
    points: dict[Id, PointSpec] = {}

    @property
    def stale_after_s(self) -> float:
        """Age in seconds beyond which a reading of this device is stale."""
        return self.stale_s if self.stale_s is not None else max(30.0, 3 * self.poll_s)


class GridAsset(Strict):
    """The connection point and its meter."""

    meter: PointKey
    import_limit_kw: Positive
    export_limit_kw: NotNegative
    max_current_a: Positive | None = None
    tariff: str
    """Tariff file, relative to the site file."""


class DemandAsset(Strict):
    """Consumption nobody commands."""

    sheddable: tuple[str, ...] = ()


class BatteryAsset(Strict):
    """A battery; powers at the AC side."""

    id: Id
    soc: PointKey
    power: PointKey
    setpoint: PointKey
    charge_limit: PointKey | None = None
    discharge_limit: PointKey | None = None
    capacity_kwh: Positive
    charge_kw: Positive
    discharge_kw: Positive
    charge_efficiency: Share = 0.95
    discharge_efficiency: Share = 0.95
    soc_min_percent: Percent = 10.0
    soc_max_percent: Percent = 95.0
    wear_cost_per_kwh: NotNegative = 0.03


class PvAsset(Strict):
    """A PV plant; `limit` is the point that takes the inverter's power limit in kW."""

    id: Id
    power: PointKey
    limit: PointKey | None = None
    peak_kw: Positive


class Comfort(Strict):
    """Band the zone is kept in, degC."""

    low_c: Finite = 20.0
    high_c: Finite = 24.0
    unoccupied_low_c: Finite = 17.0
    unoccupied_high_c: Finite = 27.0


class ZoneAsset(Strict):
    """One zone with its sensor and its setpoint."""

    id: Id
    temperature: PointKey
    setpoint: PointKey
    occupancy: PointKey | None = None
    guest: bool = False
    comfort: Comfort = Comfort()
    resistance_k_per_kw: Positive = 2.0
    capacity_kwh_per_k: Positive = 10.0
    gains_kw: NotNegative = 0.0
    heat_kw: NotNegative = 20.0
    cool_kw: NotNegative = 20.0
    cop_heating: Positive = 3.5
    cop_cooling: Positive = 3.0


class HvacAsset(Strict):
    """The zones, and the electric power of their plant where it is measured."""

    power: PointKey | None = None
    zones: tuple[ZoneAsset, ...] = ()


class WeatherAsset(Strict):
    """The points of the site's own weather station."""

    temperature: PointKey | None = None
    irradiance: PointKey | None = None


class Assets(Strict):
    """Binds the model to points."""

    grid: GridAsset
    demand: DemandAsset = DemandAsset()
    battery: tuple[BatteryAsset, ...] = ()
    pv: tuple[PvAsset, ...] = ()
    hvac: HvacAsset = HvacAsset()
    weather: WeatherAsset = WeatherAsset()
    thermal_stores: Annotated[tuple[str, ...], Field(max_length=0)] = ()
    """Room for hot-water stores: not modelled yet, so only an empty list is taken."""
    shiftable: Annotated[tuple[str, ...], Field(max_length=0)] = ()
    """Room for shiftable loads: not modelled yet, so only an empty list is taken."""


class DemandResponse(Strict):
    """Room for demand-response programmes: takes no key yet."""


class PriceFeed(Strict):
    """A file of hourly or quarter-hourly prices before adders: columns `start`, `price_per_kwh`."""

    file: str


class Feeds(Strict):
    """Sources from outside."""

    price: PriceFeed | None = None


class Planning(Strict):
    """How far and how often to plan."""

    grid: Literal["graded", "even"] = "graded"
    step_min: Annotated[int, Field(ge=1, le=60)] = 15
    horizon_h: Annotated[float, Field(ge=1, le=48)] = 24.0
    every_min: Annotated[float, Field(ge=1, le=60)] = 15.0
    time_limit_s: Annotated[float, Field(gt=0, le=300)] = 10.0


class Cloud(Strict):
    """The way to AWS IoT Core or another broker."""

    transport: Literal["mqtt", "none"] = "none"
    endpoint: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 8883
    thing: Annotated[str, Field(pattern=r"^[a-zA-Z0-9:_-]{0,128}$")] = ""
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    basic_ingest_rule: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_]{0,128}$")] = ""
    live_every_s: Annotated[float, Field(ge=10, le=3600)] = 60.0
    reconnect_max_s: Annotated[float, Field(ge=1, le=3600)] = 120.0
    """Longest pause between two tries to connect."""


class Site(Strict):
    """A whole site file."""

    site: SiteInfo
    agent: AgentSettings = AgentSettings()
    links: dict[Id, Link]
    devices: tuple[Device, ...]
    assets: Assets
    feeds: Feeds = Feeds()
    planning: Planning = Planning()
    demand_response: DemandResponse = DemandResponse()
    cloud: Cloud = Cloud()

    def device(self, device_id: str) -> Device:
        """The device of that id; KeyError when there is none."""
        for device in self.devices:
            if device.id == device_id:
                return device
        raise KeyError(device_id)


class DemandCharge(Strict):
    """Money per kW of the highest block average in a billing month (local time)."""

    id: Id
    rate_per_kw: NotNegative
    interval_min: Literal[15, 30, 60] = 15


class PriceBlock(Strict):
    """A price from `start` (HH:MM, local) to the next block, every day."""

    start: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    price_per_kwh: Finite


class Tariff(Strict):
    """What energy costs: `flat`, time of use by `blocks`, or `real_time` = price feed + adder."""

    kind: Literal["flat", "time_of_use", "real_time"]
    price_per_kwh: Finite | None = None
    blocks: tuple[PriceBlock, ...] = ()
    adder_per_kwh: Finite = 0.0
    fallback_per_kwh: Finite | None = None
    """Import price (before the adder) where a real-time feed has none."""
    export_per_kwh: Finite = 0.0
    demand_charges: tuple[DemandCharge, ...] = ()


class PricePoint(Strict):
    """A feed's price from `start`, for `step_min` or until the next point."""

    start: datetime
    price_per_kwh: Finite
    step_min: Literal[15, 60] = 60
