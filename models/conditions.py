"""What is known and asked for one plan: forecasts, measured states, commitments.

Series hold one number per step of the problem's `TimeGrid`; () stands for what its field says.
Import, consumption and charging are positive; `pv_kw` is positive production.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from models.equipment import SiteModel
from models.plan import Reason
from models.timegrid import Series, TimeGrid


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneForecast:
    """What the outside does to a zone, and what people ask of it, per step."""

    id: str
    gains_kw: Series
    low_c: Series
    high_c: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class PvForecast:
    """Power a PV plant could deliver, per step."""

    id: str
    available_kw: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalStoreForecast:
    """Thermal power drawn from a tank, per step, >= 0."""

    id: str
    draw_kw: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitForecast:
    """The part of `Forecast.load_kw` that hangs directly behind a circuit, per step."""

    id: str
    load_kw: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The outside world per step of the grid."""

    load_kw: Series
    """Consumption that no other part of the site model stands for."""
    outdoor_temp_c: Series
    import_price_per_kwh: Series
    export_price_per_kwh: Series
    pvs: tuple[PvForecast, ...] = ()
    zones: tuple[ZoneForecast, ...] = ()
    peak_margin_kw: Series = ()
    """Added to the load in the demand-charge rows only; empty means none."""
    thermal_stores: tuple[ThermalStoreForecast, ...] = ()
    circuits: tuple[CircuitForecast, ...] = ()
    """Circuits without an entry carry their members only."""
    co2_kg_per_kwh: Series = ()
    """Average intensity of imported energy; empty = not known."""
    marginal_co2_kg_per_kwh: Series = ()
    """What one more kWh of import emits; empty = not known."""
    export_co2_kg_per_kwh: Series = ()
    """Credit for a kWh fed in; empty = none."""
    later_import_price_per_kwh: Series = ()
    """Hourly prices after the grid's end, if known; they value the store of a short window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryState:
    """Measured stored energy; None = unknown, the battery is then left alone by the plan."""

    id: str
    soc_kwh: float | None
    charge_limit_kw: float | None = None
    """What the BMS allows now, where it says so."""
    discharge_limit_kw: float | None = None
    temperature_c: float | None = None
    throughput_today_kwh: float = 0.0
    """Stored energy that went in plus came out since local midnight."""
    reserve_kwh: float | None = None
    """Outage reserve asked for now, where it is above the battery's own."""
    last_full: datetime | None = None
    """When it was full last; None = not known, a full charge is then due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneState:
    """Measured temperature; None = unknown, the zone is then left to its own thermostat."""

    id: str
    temperature_c: float | None
    mass_c: float | None = None
    """Temperature of the building mass (2R2C); None = that of the air."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalStoreState:
    """Measured tank temperature; None = unknown, the store is then left to its own control."""

    id: str
    temperature_c: float | None
    last_hygiene: datetime | None = None
    """End of the last hygiene cycle; None = not known, one is then due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work of a shiftable load: `energy_kwh` (power x run time) within [earliest, deadline)."""

    earliest: datetime
    deadline: datetime
    energy_kwh: float
    done_kwh: float = 0.0
    """Already done."""

    @property
    def left_kwh(self) -> float:
        """What is still to do."""
        return max(0.0, self.energy_kwh - self.done_kwh)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftableState:
    """The jobs of a shiftable load, one after another, and how long it has been running."""

    id: str
    jobs: tuple[Job, ...] = ()
    running_s: float = 0.0
    """Seconds since its start; 0 = it stands still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShedState:
    """Where a shed group stands at the start; a group without an entry is at rest."""

    id: str
    active_s: float = 0.0
    """Seconds since it was shed; 0 = it is not."""
    cooling_s: float = 0.0
    """Seconds of rest still due."""
    backlog_kwh: float = 0.0
    """Shed energy that has still to come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A demand-response event as a commitment: import at least `committed_kw` below baseline."""

    id: str
    start: datetime
    duration_s: int
    committed_kw: float
    baseline_kw: Series
    """Net import that would have been, per step of the grid."""
    price_per_kwh: float = 0.0
    """Paid for committed energy that is delivered."""
    penalty_per_kwh: float = 0.0
    """Owed for committed energy that is not."""
    firm: bool = True
    """Ranks above everything but safety and comfort-critical zones, whatever it pays."""
    announced_at: datetime | None = None
    notice_s: int = 0
    """The commitment binds no earlier than so long after its announcement."""
    rebound_s: int = 3600
    """For so long afterwards the import is capped."""
    rebound_cap_kw: float = 0.0
    """By how much it may then exceed the baseline."""

    @property
    def end(self) -> datetime:
        """UTC end."""
        return self.start + timedelta(seconds=self.duration_s)

    @property
    def binding_from(self) -> datetime:
        """UTC time from which it binds."""
        if self.announced_at is None:
            return self.start
        return max(self.start, self.announced_at + timedelta(seconds=self.notice_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyReserve:
    """Power a battery keeps free for the grid's frequency, both ways, with energy for `hold_s`."""

    id: str
    """Of the battery."""
    up_kw: Series
    """Discharge (or less charging) on call."""
    down_kw: Series
    hold_s: int = 900


MOST_LEVELS = 3
"""Of a demand charge: the peak rows are compiled for so many."""


@dataclass(frozen=True, slots=True)
class PeakLevel:
    """A further kW of billed peak above `from_kw` is worth `price_per_kw`, and no longer less."""

    from_kw: float
    price_per_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandTerm:
    """One demand charge as it stands now in its billing period."""

    id: str
    price_per_kw: float
    """Money a further kW of billed peak is worth within this horizon (rate / days left)."""
    peak_so_far_kw: float
    block_s: int = 900
    open_block_kwh: float = 0.0
    """Import measured so far in the billing block that is open at `grid.start`."""
    open_block_elapsed_s: float = 0.0
    ratchet_kw: float = 0.0
    """What the billed peak cannot fall below (a share of earlier months' peaks)."""
    counts: Series = ()
    """Per step 1 where import counts (window, season, billing period) and 0 where not; () = all."""
    levels: tuple[PeakLevel, ...] = ()
    """Where a kW is worth more than `price_per_kw`, rising in both; at most `MOST_LEVELS`."""

    @property
    def billed_kw(self) -> float:
        """The peak that is paid whatever is planned."""
        return max(self.peak_so_far_kw, self.ratchet_kw)

    @property
    def highest_price_per_kw(self) -> float:
        """What a kW is worth above all levels."""
        return self.levels[-1].price_per_kw if self.levels else self.price_per_kw

    @property
    def rises(self) -> tuple[PeakLevel, ...]:
        """Per level where it begins above the billed peak [kW], and how much dearer it is there."""
        prices = (self.price_per_kw, *(level.price_per_kw for level in self.levels))
        return tuple(
            PeakLevel(max(self.billed_kw, level.from_kw), level.price_per_kw - before)
            for level, before in zip(self.levels, prices, strict=False)
        )

    def worth(self, peak_kw: float) -> float:
        """Money by which a peak of `peak_kw` is dearer than the one that is paid anyhow."""
        money = self.price_per_kw * (peak_kw - self.billed_kw)
        for rise in self.rises:
            money += rise.price_per_kw * max(0.0, peak_kw - rise.from_kw)
        return money


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidiness:
    """The second stage: among plans almost as cheap, the one that moves the batteries least."""

    money_share: float = 2e-4
    """How much dearer it may be, as a share of the money that moves."""
    last_kw: tuple[tuple[str, Series], ...] = ()
    """(battery id, power the last plan had for each step of this grid)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """All the optimiser needs for one plan."""

    grid: TimeGrid
    site: SiteModel
    forecast: Forecast
    batteries: tuple[BatteryState, ...] = ()
    zones: tuple[ZoneState, ...] = ()
    demand_terms: tuple[DemandTerm, ...] = ()
    stored_value_per_kwh: float | None = None
    """Value of a kWh in store at the end; None = from the prices (see `models.pricing`)."""
    reasons: tuple[Reason, ...] = ()
    """What the forecast had to assume; carried into the plan."""
    thermal_stores: tuple[ThermalStoreState, ...] = ()
    shiftables: tuple[ShiftableState, ...] = ()
    sheds: tuple[ShedState, ...] = ()
    events: tuple[Event, ...] = ()
    frequency_reserves: tuple[FrequencyReserve, ...] = ()
    co2_price_per_kg: float = 0.0
    """Pareto weight of carbon; 0 = money alone."""
    stored_heat_value_per_kwh: float | None = None
    """Value of a thermal kWh in a tank at the end; None = the electric one over the COP."""
    day_starts: tuple[datetime, ...] = ()
    """Local midnights within the grid; () = UTC midnights."""
    tidiness: Tidiness | None = None
    """None = the first cheapest plan found."""

    def with_reasons(self, *more: Reason) -> Problem:
        """The same problem with further reasons for its plan."""
        return replace(self, reasons=(*self.reasons, *more))
