"""The words of the decision: what a site has, what is known now, what is asked and what is planned.

Plain frozen dataclasses of floats and tuples: they travel as JSON between the agent and its worker,
so nothing here imports numpy or Pyomo. Series hold one number per step of the problem's `TimeGrid`;
a state is the value at the END of its step. Units and signs: docs/units-and-signs.md (import,
consumption and charging positive; `pv_kw` is positive production).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate

Series = tuple[float, ...]


class PlanSource(StrEnum):
    """Which rung of the ladder a plan comes from; `solver` and `rounded` count as solver plans."""

    SOLVER = "solver"
    ROUNDED = "rounded"
    LAST = "last"
    RULES = "rules"
    SAFE = "safe"

    @property
    def by_solver(self) -> bool:
        """Whether an optimiser made it."""
        return self in (PlanSource.SOLVER, PlanSource.ROUNDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeGrid:
    """Steps of possibly unequal length: step i covers [start_i, start_i + step_s[i])."""

    start: datetime
    step_s: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.step_s)

    @property
    def starts(self) -> tuple[datetime, ...]:
        """UTC start of every step."""
        offsets = accumulate(self.step_s[:-1], initial=0) if self.step_s else ()
        return tuple(self.start + timedelta(seconds=offset) for offset in offsets)

    @property
    def end(self) -> datetime:
        """UTC end of the last step."""
        return self.start + timedelta(seconds=sum(self.step_s))

    def step_at(self, moment: datetime) -> int | None:
        """Index of the step that covers `moment`, None outside the grid."""
        if moment < self.start:
            return None
        elapsed_s = (moment - self.start).total_seconds()
        for index, end_s in enumerate(accumulate(self.step_s)):
            if elapsed_s < end_s:
                return index
        return None


def graded_grid(start: datetime, horizon_h: float = 24.0) -> TimeGrid:
    """5 min for the first 2 h, then 15 min to the horizon; `start` is floored to 5 min."""
    floored = floor_time(start, 300)
    fine = min(24, round(horizon_h * 12))
    coarse = max(0, round((horizon_h - 2.0) * 4))
    return TimeGrid(start=floored, step_s=(300,) * fine + (900,) * coarse)


def even_grid(start: datetime, step_min: int, horizon_h: float) -> TimeGrid:
    """Equal steps of `step_min` minutes; `start` is floored to the step."""
    steps = round(horizon_h * 60 / step_min)
    return TimeGrid(start=floor_time(start, step_min * 60), step_s=(step_min * 60,) * steps)


def floor_time(moment: datetime, step_s: int) -> datetime:
    """`moment` rounded down to a multiple of `step_s` since the epoch."""
    seconds = moment.timestamp()
    return moment - timedelta(seconds=seconds % step_s)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Pv:
    """A PV plant behind one inverter; `curtailable` when the gateway may limit it."""

    id: str
    peak_kw: float
    curtailable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """One thermal zone as 1R1C: C dT/dt = (T_out - T)/R + gains + heat - cool (kW thermal)."""

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
class Forecast:
    """The outside world per step of the grid."""

    load_kw: Series
    """Consumption that is neither battery, PV nor a modelled zone's plant."""
    outdoor_temp_c: Series
    import_price_per_kwh: Series
    export_price_per_kwh: Series
    pvs: tuple[PvForecast, ...] = ()
    zones: tuple[ZoneForecast, ...] = ()
    peak_margin_kw: Series = ()
    """Added to the load in the demand-charge rows only; empty means none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryState:
    """Measured stored energy; None = unknown, the battery is then left alone by the plan."""

    id: str
    soc_kwh: float | None
    charge_limit_kw: float | None = None
    """What the BMS allows now, where it says so."""
    discharge_limit_kw: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneState:
    """Measured temperature; None = unknown, the zone is then left to its own thermostat."""

    id: str
    temperature_c: float | None


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


class ReasonCode(StrEnum):
    """Why a plan is what it is."""

    INPUT_MISSING = "input_missing"
    INPUT_STALE = "input_stale"
    INPUT_IMPLAUSIBLE = "input_implausible"
    ASSUMED = "assumed"
    LIMIT_RELAXED = "limit_relaxed"
    SOLVER_FAILED = "solver_failed"
    SOLVER_LATE = "solver_late"
    WORKER_DOWN = "worker_down"
    REJECTED = "rejected"
    PLAN_SHIFTED = "plan_shifted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One plain sentence for the operator; `degrades` when the plan is worse for it."""

    code: ReasonCode
    text: str
    degrades: bool = True


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
    """Value of a kWh in store at the end; None = mean import price of the horizon."""
    reasons: tuple[Reason, ...] = ()
    """What the forecast had to assume; carried into the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryPlan:
    """Charging positive; `soc_kwh` at the end of each step."""

    id: str
    power_kw: Series
    soc_kwh: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePlan:
    """Thermal powers >= 0 and the temperature at the end of each step."""

    id: str
    heat_kw: Series
    cool_kw: Series
    temperature_c: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class PvPlan:
    """Production after curtailment; `curtailed_kw` >= 0."""

    id: str
    pv_kw: Series
    curtailed_kw: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class CostParts:
    """Money over the horizon; `penalties` price relaxed limits and are no real money."""

    energy: float = 0.0
    demand: float = 0.0
    wear: float = 0.0
    stored: float = 0.0
    """Minus the value of what is left in store."""
    penalties: float = 0.0

    @property
    def objective(self) -> float:
        """What the optimiser minimised."""
        return self.energy + self.demand + self.wear + self.stored + self.penalties


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do, step by step, where it comes from, and why."""

    made_at: datetime
    grid: TimeGrid
    source: PlanSource
    grid_kw: Series
    """Power at the connection point, import positive."""
    load_kw: Series
    hvac_kw: Series
    """Electric power of all modelled zones."""
    batteries: tuple[BatteryPlan, ...] = ()
    zones: tuple[ZonePlan, ...] = ()
    pvs: tuple[PvPlan, ...] = ()
    peaks_kw: Series = ()
    """Planned billed peak per demand charge, in the site's order."""
    cost: CostParts = CostParts()
    reasons: tuple[Reason, ...] = ()
    solve_s: float = 0.0

    @property
    def degraded(self) -> bool:
        """Whether any reason makes this plan worse than a full one."""
        return any(reason.degrades for reason in self.reasons)


class ModelError(Exception):
    """Root of everything the models raise."""


class BadInputError(ModelError):
    """A number that cannot be planned with; the message names input and step."""


class CompileError(ModelError):
    """The algebra cannot be compiled (not affine in its parameters)."""
