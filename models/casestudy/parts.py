"""The parts a scenario is made of, with the parameters and defaults of the seed's study API.

Parameters may be assigned before or after a part is added: a scenario reads them when it solves.
A series is a pandas Series with an aware index, or one number per step of the horizon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.casestudy.schemas import Schema, battery_schema, commanded, schema, zone_schemas
from models.casestudy.system_schema import system_schema

Values = Any
"""A pandas Series with an aware index, or a sequence with one number per step."""


@dataclass(eq=False)
class SEMDRElectricDemand:
    """Consumption that no other part stands for, a share of which may be shed."""

    p_el: Values = None
    """Power [kW]; None = the standard profile `profile` scaled to `annual_energy`."""
    profile: str = "H0"
    """BDEW standard load profile: H0 (households), G0..G6 (trade), L0..L2 (farms)."""
    annual_energy: float = 2e6
    """[kWh/a], used where `p_el` is not given."""
    demand_flexibility: float = 0.05
    """Largest share of the load that may be shed, 0..1."""
    iot_device_id: str | None = None
    comfort_penalty: float = 100.0
    """What shedding is worth avoiding [EUR/MWh]."""
    p_el_forecast: Values = None
    """What was expected of `p_el` [kW]; used by `Scenario.run` only."""

    def get_iot_data_schema(self) -> Schema:
        """Fields, units and topic of the meter."""
        found = schema("electrical", self.iot_device_id, "electrical_demand")
        return commanded(found, self.iot_device_id)


@dataclass(eq=False)
class SEMDRHVAC:
    """Heating and cooling of one zone per temperature sensor, which share the plant evenly."""

    heating_cap: float = 500.0
    """Largest heating power [kW thermal]."""
    cooling_cap: float = 400.0
    """Largest cooling power [kW thermal]."""
    cop_heating: float = 3.5
    cop_cooling: float = 3.0
    comfort_deadband: float = 2.0
    """Room temperature may be so far from `setpoint_c` either way [K]."""
    thermal_mass_hours: float = 4.0
    """Time constant of the rooms, resistance times capacity [h]."""
    temp_sensor_ids: Sequence[str] | None = None
    occupancy_sensor_ids: Sequence[str] | None = None
    hvac_control_id: str | None = None
    setpoint_c: float = 22.0
    outdoor_temp: Values = None
    """[degC]; None = the reference weather."""
    zone_temps: Values = None
    """Measured temperatures at the start [degC]: one, or one per sensor; None = the setpoint."""
    occupancy: Values = None
    """1 occupied, 0 empty; empty rooms may be twice the deadband away. None = always occupied."""
    resistance_k_per_kw: float | None = None
    """Of the whole building; None = from `heating_cap` and the design temperature."""
    gains_kw: Values = None
    """Heat from people, equipment and sun; None = what makes heating start below 15 degC."""

    def get_iot_data_schema(self) -> Schema:
        """Fields, units and topics of the sensors of every zone."""
        found: Schema = {
            "temperature_sensors": zone_schemas(
                "environmental", self.temp_sensor_ids or (), "hvac_environmental"
            ),
            "occupancy_sensors": zone_schemas(
                "occupancy", self.occupancy_sensor_ids or (), "occupancy"
            ),
        }
        return commanded(found, self.hvac_control_id)


@dataclass(eq=False)
class SEMDRBattery:
    """A battery; 0.5 C, 95 % each way and 0.1 % per hour unless said otherwise."""

    E_CAPx: float = 0.0
    """Existing capacity [kWh]."""
    allow_new: bool = True
    """New capacity may be bought where the study considers investment."""
    max_cycles_per_day: float = 1.5
    battery_monitor_id: str | None = None
    eta_charge: float = 0.95
    eta_discharge: float = 0.95
    self_discharge_per_h: float = 0.001
    power_per_capacity: float = 0.5
    """Charging and discharging power per capacity [1/h]."""
    soc_start_percent: float | None = None
    """Measured state of charge; None = 50 %."""
    soc_min_percent: float = 10.0
    soc_max_percent: float = 95.0
    wear_cost_per_kwh: float = 0.0
    """[EUR per kWh discharged]."""
    invest_per_kwh: float = 800.0
    maintenance_share: float = 0.02
    """Of the investment, per year."""
    lifetime_a: float = 15.0
    max_new_kwh: float = 2000.0

    def get_iot_data_schema(self) -> Schema:
        """Fields, units, topic and alert limits of the battery monitor."""
        return battery_schema(self.battery_monitor_id)


@dataclass(eq=False)
class SEMDRPV:
    """A PV plant; 6 m2 per kWp unless said otherwise."""

    P_CAPx: float = 0.0
    """Existing peak power [kWp]."""
    A_avail_: float = 500.0
    """Area for existing and new panels [m2]."""
    allow_new: bool = True
    weather_station_id: str | None = None
    inverter_monitor_id: str | None = None
    p_pv: Values = None
    """Available AC power of the existing plant [kW]; None = from irradiance or clear sky."""
    irradiance: Values = None
    """In the plane of the panels [W/m2]."""
    temperature: Values = None
    """Of the air [degC]; None = the reference weather."""
    m2_per_kwp: float = 6.0
    invest_per_kwp: float = 1200.0
    maintenance_share: float = 0.015
    lifetime_a: float = 25.0

    @property
    def max_new_kwp(self) -> float:
        """What the area has left."""
        return max(0.0, self.A_avail_ / self.m2_per_kwp - self.P_CAPx)

    def get_iot_data_schema(self) -> Schema:
        """Fields, units and topics of weather station and inverter."""
        return {
            "weather": schema("weather", self.weather_station_id, "pv_system"),
            "inverter": schema("inverter", self.inverter_monitor_id, "pv_system"),
        }


@dataclass(eq=False)
class SEMDRGrid:
    """The connection point and its tariff."""

    c_buyPeak: float = 50.0  # noqa: N815 - the seed's name
    """Charge on the year's highest quarter hour [EUR per kW and year]."""
    selected_tariff: str = "TOU"
    """RTP, TOU or FLAT, where `c_buy` is not given."""
    maxsell: float = 500.0
    """[kW]"""
    maxbuy: float = 2000.0
    """[kW]"""
    demand_charge: float = 120.0
    """Charge on the month's highest quarter hour [EUR per kW and month]."""
    smart_meter_id: str | None = None
    grid_monitor_id: str | None = None
    c_buy: Values = None
    """Price of imported energy [EUR/kWh], all levies included."""
    c_sell: Values = None
    """Price of exported energy [EUR/kWh]; None = `feed_in_share` of the energy price."""
    c_addon: float = 0.0434
    """Levies on top of the reference day-ahead price [EUR/kWh]."""
    feed_in_share: float = 0.7
    co2_intensity: Values = None
    """Average intensity of imported energy [kg/kWh]; None = the reference mix."""
    co2_marginal: Values = None
    """What one more imported kWh emits [kg/kWh]; None = not known."""
    peak_so_far_month_kw: float = 0.0
    """Highest quarter hour of the billing month before the study begins."""
    peak_so_far_year_kw: float = 0.0

    def get_iot_data_schema(self) -> Schema:
        """Fields, units and topics of meter and power-quality monitor."""
        return {
            "meter": schema("meter", self.smart_meter_id, "grid_connection"),
            "grid_quality": schema("grid", self.grid_monitor_id, "grid_connection"),
        }


@dataclass(eq=False)
class SEMDRMain:
    """What counts: money and, weighed, carbon.

    Minimised is (1 - alpha) k_C C + alpha k_CE CE with C in kEUR and CE in kg: a kg of CO2 is
    priced at 1000 alpha k_CE / ((1 - alpha) k_C) EUR, 0.022 EUR/kg by default.
    """

    interest: float = 0.04
    alpha: float = 0.1
    k_C: float = 1.0  # noqa: N815 - the seed's name
    k_CE: float = 1.0 / 5e3  # noqa: N815 - the seed's name

    @property
    def co2_price_per_kg(self) -> float:
        """[EUR/kg] that makes the weighed sum one in money."""
        return 1000.0 * self.alpha * self.k_CE / ((1.0 - self.alpha) * self.k_C)

    def get_iot_data_schema(self) -> Schema:
        """No device of its own."""
        return {}

    def get_system_iot_schema(self, components: Sequence[Part]) -> Schema:
        """Collection, retention, topics and schemas of all components."""
        return system_schema(components)


Part = SEMDRElectricDemand | SEMDRHVAC | SEMDRBattery | SEMDRPV | SEMDRGrid | SEMDRMain

HotelElectricDemand = SEMDRElectricDemand
HotelHVAC = SEMDRHVAC
HotelBattery = SEMDRBattery
HotelPV = SEMDRPV
HotelGrid = SEMDRGrid
HotelMain = SEMDRMain
