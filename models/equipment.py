"""What a site has: frozen dataclasses of plain numbers, kW, kWh, degC, shares 0..1.

A change of any of it means a new compile; what changes from plan to plan stands in
`models.conditions`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A battery at the site bus; shares are of `capacity_kwh`, powers at the AC side."""

    id: str
    capacity_kwh: float
    charge_kw: float
    discharge_kw: float
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    soc_min_share: float = 0.10
    soc_max_share: float = 0.95
    self_discharge_per_h: float = 0.0
    wear_cost_per_kwh: float = 0.03
    """Money per kWh discharged."""
    reserve_share: float = 0.0
    """Kept for an outage of the grid: no plan goes below it."""
    max_cycles_per_day: float | None = None
    """Full cycles (capacity in and out) a local day may use; typically 1.5 to 2.5."""
    full_charge_every_h: float | None = None
    """Hours after which the cells must have been full once (LFP gauges drift); None = never."""
    full_charge_share: float = 1.0
    cold_c: float | None = None
    """Cell temperature below which it must not be charged (0 degC for lithium)."""
    warm_c: float | None = None
    """Cell temperature from which power falls, linearly down to nothing at `hot_c`."""
    hot_c: float = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pv:
    """A PV plant behind one inverter; `curtailable` when the gateway may limit it."""

    id: str
    peak_kw: float
    curtailable: bool = True
    inverter_kw: float | None = None
    """AC rating where it is below `peak_kw`."""

    @property
    def rated_kw(self) -> float:
        """The most it can give."""
        return self.peak_kw if self.inverter_kw is None else min(self.peak_kw, self.inverter_kw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A thermal zone, C dT/dt = (T_out - T)/R + (T_mass - T)/R_mass + gains + heat - cool [kW].

    Without `mass_capacity_kwh_per_k` it is one resistance and one capacity (1R1C), with it two of
    each (2R2C): the mass exchanges heat with the air only.
    """

    id: str
    resistance_k_per_kw: float
    capacity_kwh_per_k: float
    heat_kw: float
    """Largest thermal heating power."""
    cool_kw: float
    cop_heating: float = 3.5
    cop_cooling: float = 3.0
    comfort_weight: float = 1.0
    """Guest zones weigh more."""
    comfort_critical: bool = False
    """Its comfort outweighs a demand-response commitment."""
    mass_capacity_kwh_per_k: float = 0.0
    mass_resistance_k_per_kw: float = 1.0
    plant: str = ""
    """Id of the shared plant that serves it; its own COPs are then not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A heat pump and chiller that several zones share; thermal kW, COP linear in T_out."""

    id: str
    heat_kw: float
    cool_kw: float
    cop_heating: float = 3.5
    """At `cop_heating_at_c` outdoors."""
    cop_heating_per_k: float = 0.0
    cop_heating_at_c: float = 7.0
    cop_cooling: float = 3.0
    """At `cop_cooling_at_c` outdoors."""
    cop_cooling_per_k: float = 0.0
    """Below 0 as a rule: it cools worse when it is hot outside."""
    cop_cooling_at_c: float = 35.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalStore:
    """A tank of one temperature: domestic hot water, or chilled water when `cold`.

    C dT/dt = pump + immersion - draw - loss (T - T_ambient), with the signs of pump and draw
    turned round for a cold store. Powers are thermal.
    """

    id: str
    capacity_kwh_per_k: float
    """1 m3 of water holds 1.163 kWh/K."""
    low_c: float
    high_c: float
    loss_kw_per_k: float = 0.0
    ambient_c: float = 20.0
    pump_kw: float = 0.0
    """Thermal power of the heat pump (or chiller)."""
    cop: float = 3.0
    """At `cop_at_c` outdoors."""
    cop_per_k: float = 0.0
    cop_at_c: float = 7.0
    immersion_kw: float = 0.0
    """Electric heater in the tank; 0 in a cold store."""
    cold: bool = False
    comfort_weight: float = 1.0
    hygiene_c: float | None = None
    """Temperature the tank must hold for `hygiene_hold_s` once in `hygiene_every_h` hours."""
    hygiene_hold_s: int = 3600
    hygiene_every_h: float = 168.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shiftable:
    """A load with work to do by a deadline: pool pump, laundry, a car to charge."""

    id: str
    power_kw: float
    least_kw: float = 0.0
    """Runs at 0 or between this and `power_kw`: 0 = any power, `power_kw` = on or off."""
    min_block_s: int = 0
    """Once started it runs at least so long."""
    weight: float = 1.0
    """Scales the price of work left undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShedGroup:
    """A part of the load that may be switched off for a while, at a price for the people in it."""

    id: str
    least_share: float = 0.05
    """Shed nothing, or at least this share of the load."""
    most_share: float = 0.15
    penalty_per_mwh: float = 100.0
    """Money per MWh shed (100 to 200), times `guest_weight`."""
    guest_weight: float = 1.0
    priority: int = 1
    """1 is shed first among equals."""
    least_s: int = 900
    most_s: int = 4 * 3600
    cool_down_s: int = 3600
    """Rest after an event before the next."""
    rebound_share: float = 0.0
    """Share of the shed energy that comes back afterwards."""
    rebound_s: int = 3600
    """Time constant of that return."""
    price_threshold_per_kwh: float | None = None
    """Import price from which it may be shed outside events; None = at any price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A feeder with its own limits; `members` are ids of equipment and of circuits behind it."""

    id: str
    import_limit_kw: float
    export_limit_kw: float
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The connection point."""

    import_limit_kw: float
    export_limit_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteModel:
    """What the optimiser is compiled for; a change of any of it means a new compile."""

    grid: Grid
    batteries: tuple[Battery, ...] = ()
    pvs: tuple[Pv, ...] = ()
    zones: tuple[Zone, ...] = ()
    demand_charges: tuple[str, ...] = ()
    """Ids of the tariff's demand charges, in the order of `Problem.demand_terms`."""
    plants: tuple[Plant, ...] = ()
    thermal_stores: tuple[ThermalStore, ...] = ()
    shiftables: tuple[Shiftable, ...] = ()
    shed_groups: tuple[ShedGroup, ...] = ()
    circuits: tuple[Circuit, ...] = ()
    event_slots: int = 0
    """How many demand-response events one plan can mind."""
