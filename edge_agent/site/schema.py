"""The site file as frozen models: what may stand in it, with bounds and defaults.

Unknown keys are mistakes. Units are in the names; percent only where a name says so.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from edge_agent.site.alert_schema import Alerts
from edge_agent.site.asset_schema import Assets
from edge_agent.site.feeds_schema import Feeds
from edge_agent.site.terms import Finite, Id, Positive, Strict


class SiteInfo(Strict):
    """Where the gateway stands."""

    id: Id
    timezone: str
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}\Z")] = "EUR"
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
    tick_s: Annotated[float, Field(ge=0.2, le=20)] = 5.0
    commit_s: Annotated[float, Field(ge=1, le=60)] = 10.0
    local_hold_h: Annotated[float, Field(ge=0.25, le=168)] = 2.0
    """How long a point is left alone to who has set it at the device."""
    guest_hold_h: Annotated[float, Field(ge=0.25, le=168)] = 24.0
    """The same in a zone of guests."""
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    log: LogSettings = LogSettings()
    retention: RetentionSettings = RetentionSettings()


class ModbusLink(Strict):
    """One TCP host:port or serial line, shared by its units."""

    protocol: Literal["modbus"]
    url: Annotated[str, Field(pattern=r"^(tcp|rtu\+tcp)://[^/\s]+:\d{1,5}\Z|^serial:/\S+\Z")]
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 1.0
    simulated: bool = False


class BacnetLink(Strict):
    """One BACnet/IP port of ours."""

    protocol: Literal["bacnet"]
    listen: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+\.\d+(/\d{1,2})?:\d{1,5}\Z")]
    device_id: Annotated[int, Field(ge=0, le=4_194_302)]
    write_priority: Annotated[int, Field(ge=9, le=16)] = 13
    bbmd: Annotated[str | None, Field(pattern=r"^\d+\.\d+\.\d+\.\d+:\d{1,5}\Z")] = None
    bbmd_ttl_s: Annotated[int, Field(ge=10, le=65_535)] = 60
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 1.0
    simulated: bool = False


class MqttLink(Strict):
    """One broker on the site's own network."""

    protocol: Literal["mqtt"]
    url: Annotated[str, Field(pattern=r"^mqtts?://[^/\s]+:\d{1,5}\Z")]
    version: Annotated[Literal["3.1.1", "5"], BeforeValidator(str)] = "3.1.1"
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

    object: Annotated[str | None, Field(pattern=r"^[a-z-]+,\d+\Z")] = None
    topic: str | None = None
    path: str | None = None
    unit: str | None = None
    scale: Finite = 1.0
    access: Literal["r", "rw"] = "r"
    reverts: Literal["none", "timer"] = "none"
    safe: tuple[Finite, Finite] | None = None
    limits: tuple[Finite, Finite] | None = None
    writes_per_day: Annotated[int | None, Field(ge=1)] = None
    """Changed values a day that the device's memory stands."""
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
    poll_s: Annotated[float, Field(ge=0.2, le=3600)] = 60.0
    stale_s: Annotated[float | None, Field(gt=0)] = None
    """Age beyond which a reading is stale; default 3 x poll_s, at least 30 s."""
    stuck_s: Annotated[float | None, Field(gt=0)] = None
    """Unchanged for so long means frozen; default by device type."""
    cov: bool = False
    """BACnet: the device tells changes by itself."""
    cov_safety_s: Annotated[float | None, Field(gt=0)] = None
    """Without a word for so long it is asked all the same; default half of what counts as stale."""
    ttl_s: Annotated[float | None, Field(gt=0)] = None
    """MQTT: a message older than that says nothing; default the age that counts as stale."""
    retained_ttl_s: Annotated[float, Field(gt=0)] = 300.0
    """MQTT: the same for a message the broker kept from before we came."""
    max_change_per_min: dict[Id, Positive] = Field(default_factory=dict)
    """By point: a faster change is in doubt; default by unit."""
    privacy: Annotated[Privacy | None, Field(alias="class")] = None
    """Of all its points; default personal for an occupancy sensor, else public."""
    location: str = ""
    points: dict[Id, PointSpec] = Field(default_factory=dict)

    @property
    def stale_after_s(self) -> float:
        """Age in seconds beyond which a reading of this device is stale."""
        return self.stale_s if self.stale_s is not None else max(30.0, 3 * self.poll_s)


class DemandResponse(Strict):
    """Room for demand-response programmes: takes no key yet."""


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
    thing: Annotated[str, Field(pattern=r"^[a-zA-Z0-9:_-]{0,128}\Z")] = ""
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    basic_ingest_rule: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_]{0,128}\Z")] = ""
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
    alerts: Alerts = Alerts()
    cloud: Cloud = Cloud()

    def device(self, device_id: str) -> Device:
        """The device of that id; KeyError when there is none."""
        for device in self.devices:
            if device.id == device_id:
                return device
        raise KeyError(device_id)
