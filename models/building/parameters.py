"""What the hotel is made of: sizes and constants of the simulated plant, with their units."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryParameters:
    """A battery with its inverter and its own BMS; powers are at the AC terminals."""

    capacity_kwh: float = 250.0
    charge_kw: float = 125.0
    discharge_kw: float = 125.0
    charge_efficiency: float = 0.955
    discharge_efficiency: float = 0.945
    standby_kw: float = 0.12
    """Taken from the cells for BMS and contactors, always, until they are empty."""
    ramp_kw_per_s: float = 30.0
    soc_min_share: float = 0.03
    soc_max_share: float = 0.98
    taper_share: float = 0.06
    """Width of the band before a limit in which the BMS throttles linearly."""
    initial_soc_share: float = 0.5
    thermal_resistance_k_per_kw: float = 2.5
    thermal_capacity_kwh_per_k: float = 0.55
    derate_from_c: float = 42.0
    derate_to_c: float = 52.0
    cells_in_series: int = 240
    resistance_ohm: float = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class PvParameters:
    """A nearly flat east-west roof plant: the plane's irradiance is the global horizontal one."""

    peak_kw: float = 200.0
    rated_kw: float = 200.0
    system_share: float = 0.95
    """What soiling, mismatch and wiring leave."""
    gamma_per_k: float = -0.0037
    """Change of power per kelvin of cell temperature above 25 degC."""
    wake_kw: float = 0.8
    """DC power below which the inverter sleeps."""
    loss_fixed_kw: float = 0.5
    loss_linear: float = 0.006
    loss_square_per_kw: float = 0.00005
    limit_lag_s: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneParameters:
    """A floor as two masses: air at once, walls behind it; 1.2 K/kW and 25 kWh/K in total."""

    name: str
    air_kwh_per_k: float = 5.0
    mass_kwh_per_k: float = 20.0
    air_mass_k_per_kw: float = 0.2
    mass_outdoor_k_per_kw: float = 1.6
    air_outdoor_k_per_kw: float = 3.6
    heat_kw: float = 60.0
    """Largest thermal heating power."""
    cool_kw: float = 50.0
    own_setpoint_c: float = 22.0
    """What the thermostat keeps when nobody commands it."""
    dead_band_k: float = 0.4
    gain_kw_per_k: float = 40.0
    lag_s: float = 120.0
    """Of valve and compressor."""
    fan_kw: float = 0.25
    sun_m2: float = 8.0
    """Effective glazed area: kW of gain per kW/m2 of irradiance."""
    guests: int = 36
    gain_per_guest_kw: float = 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadParameters:
    """The hotel without battery, PV and heating plant."""

    floor_kw: float = 60.0
    ceiling_kw: float = 220.0
    slow_share: float = 0.05
    """Standard deviation of the load's wandering over tens of minutes, as a share of it."""
    fast_kw: float = 1.0
    ovens: int = 4
    oven_kw: float = 6.0
    washers: int = 3
    washer_kw: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TankParameters:
    """A hot-water tank with an immersion heater and a controller of its own."""

    volume_l: float = 500.0
    heater_kw: float = 36.0
    gain_kw_per_k: float = 30.0
    loss_w_per_k: float = 4.0
    daily_draw_kwh: float = 80.0
    own_setpoint_c: float = 60.0
    cycle_c: float = 70.0
    """What an anti-legionella cycle must reach."""
    cycle_reach_k: float = 1.5
    """Its setpoint lies so much above."""
    cycle_hold_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpParameters:
    """The pump of the pool."""

    power_kw: float = 4.0
    own_from_h: float = 10.0
    """Its timer lets it run from this local hour on when nobody commands it."""
    own_until_h: float = 14.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HotelParameters:
    """The whole plant; `step_s` is the length of one internal substep in plant seconds."""

    latitude: float = 49.0
    longitude: float = 8.4
    timezone: str = "Europe/Berlin"
    step_s: float = 2.0
    battery: BatteryParameters = field(default_factory=BatteryParameters)
    pv: PvParameters = field(default_factory=PvParameters)
    load: LoadParameters = field(default_factory=LoadParameters)
    zones: tuple[ZoneParameters, ...] = (
        ZoneParameters(name="zone_1", guests=30, sun_m2=6.0),
        ZoneParameters(name="zone_2", guests=40, sun_m2=8.0),
        ZoneParameters(name="zone_3", guests=36, sun_m2=10.0),
    )
    tank: TankParameters | None = None
    """The hot-water tank, where there is one."""
    pool_pump: PumpParameters | None = None
    relays: tuple[str, ...] = ()
    """Contacts that others close, by name; open at first."""
    comfort_low_c: float = 20.0
    comfort_high_c: float = 24.0
    import_register_kwh: float = 48213.4
    """What the meter had counted before the simulation began."""
    export_register_kwh: float = 812.9
