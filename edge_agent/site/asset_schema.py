"""What the site has, as it stands in the site file: binds the model and the guard to points."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_agent.site.grid_schema import GridAsset
from edge_agent.site.plant_schema import HeatPumpAsset, SwitchAsset, ThermalStoreAsset
from edge_agent.site.terms import (
    Finite,
    Id,
    NotNegative,
    Percent,
    PointKey,
    Positive,
    Share,
    Strict,
)
from edge_agent.site.work_schema import ShedAsset, ShiftableAsset

Window = tuple[Finite, Finite, Finite, Finite]
"""degC: none below, full from, full up to, none above."""


class DemandAsset(Strict):
    """Consumption nobody commands, and the parts of it that may be shed."""

    sheddable: tuple[ShedAsset, ...] = ()


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
    charge_limit_a: PointKey | None = None
    """What the BMS allows now, A at the DC side; needs `voltage`."""
    discharge_limit_a: PointKey | None = None
    voltage: PointKey | None = None
    current: PointKey | None = None
    """A at the DC side; needs `rated_current_a`."""
    rated_current_a: Positive | None = None
    """1.1 of it stops the battery."""
    temperature: PointKey | None = None
    alarms: PointKey | None = None
    """Alarm bits of the BMS: 0 = none."""
    alarm_mask: Annotated[int | None, Field(ge=1)] = None
    """Bits that stop the battery; None = all of them."""
    contactor: PointKey | None = None
    contactor_closed: tuple[Finite, ...] = (1.0,)
    """Values of `contactor` that mean connected."""
    charge_window_c: Window = (0.0, 10.0, 40.0, 45.0)
    discharge_window_c: Window = (-10.0, 0.0, 40.0, 45.0)
    derate_soc_percent: Percent = 0.0
    """Power falls to 0 over so many percent before the SOC window ends."""
    reserve_percent: Percent = 0.0
    """Kept for a power cut."""
    low_soc_percent: Percent = 20.0
    """An alarm, no limit."""
    max_cycles_per_day: Positive | None = None
    """Full cycles a local day may use; None = as many as pay."""
    full_charge_every_days: Positive | None = None
    """It is full (`soc_max_percent`) once in so many days; None = never asked for."""
    phase: Annotated[int | None, Field(ge=1, le=3)] = None
    """Of a single-phase battery; None = three, balanced."""
    circuits: tuple[Id, ...] = ()
    """Names of the grid's circuits between it and the connection point."""
    fallback_kw: tuple[Finite, Finite] | None = None
    """Safe whatever else the site does, while a meter is silent; None = 0 kW."""
    ramp_kw_per_s: Positive | None = None


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
    droop_k: Annotated[float, Field(ge=0, le=3)] = 0.7
    """How far beside its setpoint a room may be held; at most a quarter of the band."""

    @property
    def planned_c(self) -> tuple[float, float]:
        """Setpoints between which an occupied room stays inside the band all the same."""
        droop_k = min(self.droop_k, max(0.0, self.high_c - self.low_c) / 4)
        return self.low_c + droop_k, self.high_c - droop_k


class ZoneAsset(Strict):
    """One zone with its sensor and its setpoint."""

    id: Id
    temperature: PointKey
    setpoint: PointKey
    occupancy: PointKey | None = None
    guest: bool = False
    comfort: Comfort = Comfort()
    frost_c: Annotated[float, Field(ge=0, le=20)] = 8.0
    """The setpoint is never lower."""
    humidity: PointKey | None = None
    """Relative, percent: a cooling setback ends in moist air."""
    surface: PointKey | None = None
    """Coldest surface or chilled water; None = the zone's air."""
    cooling_setback_max_c: Finite = 25.0
    """Highest setpoint while the air is moist."""
    min_hold_s: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    """A changed setpoint stands at least so long."""
    resistance_k_per_kw: Positive = 2.0
    capacity_kwh_per_k: Positive = 10.0
    gains_kw: NotNegative = 0.0
    heat_kw: NotNegative = 20.0
    cool_kw: NotNegative = 20.0
    cop_heating: Positive = 3.5
    cop_cooling: Positive = 3.0
    plant: Id | None = None
    """Of `plants`: serves this zone and others; its COPs then count."""


class PlantAsset(Strict):
    """A heat pump and chiller that several zones share, thermal kW."""

    id: Id
    heat_kw: NotNegative
    cool_kw: NotNegative
    cop_heating: Annotated[float, Field(ge=1, le=10)] = 3.5
    """At 7 degC outside."""
    cop_heating_per_k: Annotated[float, Field(ge=-1, le=1)] = 0.0
    """Change per kelvin it is warmer outside."""
    cop_cooling: Annotated[float, Field(ge=1, le=10)] = 3.0
    """At 35 degC outside."""
    cop_cooling_per_k: Annotated[float, Field(ge=-1, le=1)] = 0.0


class HvacAsset(Strict):
    """The zones, and the electric power of their plant where it is measured."""

    power: PointKey | None = None
    zones: tuple[ZoneAsset, ...] = ()
    plants: tuple[PlantAsset, ...] = ()


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
    thermal_stores: tuple[ThermalStoreAsset, ...] = ()
    heat_pumps: tuple[HeatPumpAsset, ...] = ()
    switches: tuple[SwitchAsset, ...] = ()
    shiftable: tuple[ShiftableAsset, ...] = ()
