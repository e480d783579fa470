"""What is planned, step by step, where it comes from, and why.

Series hold one number per step of the plan's grid; a state is the value at the END of its step.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from models.timegrid import Series, TimeGrid


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
    HELD_BACK = "held_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One plain sentence for the operator; `degrades` when the plan is worse for it."""

    code: ReasonCode
    text: str
    degrades: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryPlan:
    """Charging positive; `soc_kwh` at the end of each step."""

    id: str
    power_kw: Series
    soc_kwh: Series
    full_at: int | None = None
    """Step at whose end the due full charge is reached."""


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
class ThermalStorePlan:
    """Thermal power of the pump, power of the immersion heater, tank temperature at the end."""

    id: str
    pump_kw: Series
    immersion_kw: Series
    temperature_c: Series
    electric_kw: Series
    hygiene_at: int | None = None
    """First step of the hygiene cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftablePlan:
    """Electric power."""

    id: str
    power_kw: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class ShedPlan:
    """Load taken off and load that comes back, both >= 0."""

    id: str
    shed_kw: Series
    rebound_kw: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPlan:
    """Baseline minus net import in the steps of the event, 0 elsewhere."""

    id: str
    delivered_kw: Series
    shortfall_kwh: float
    """Committed energy the plan does not deliver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carbon:
    """Emissions of the net import over the horizon [kg]; None = intensity not known."""

    average_kg: float | None = None
    marginal_kg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostParts:
    """Money over the horizon; `penalties` price relaxed limits and are no real money."""

    energy: float = 0.0
    demand: float = 0.0
    wear: float = 0.0
    stored: float = 0.0
    """Minus the value of what is left in store."""
    penalties: float = 0.0
    carbon: float = 0.0
    """Weighed emissions."""
    shedding: float = 0.0
    """What shed comfort is priced at."""
    events: float = 0.0
    """Minus what events pay, plus what their shortfall costs."""

    @property
    def objective(self) -> float:
        """What the optimiser minimised."""
        return float(sum(getattr(self, field.name) for field in fields(self)))


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
    peak_margin_kw: Series = ()
    """What the planned peaks hold above the planned import, per step; () = nothing."""
    cost: CostParts = CostParts()
    reasons: tuple[Reason, ...] = ()
    solve_s: float = 0.0
    thermal_stores: tuple[ThermalStorePlan, ...] = ()
    shiftables: tuple[ShiftablePlan, ...] = ()
    sheds: tuple[ShedPlan, ...] = ()
    events: tuple[EventPlan, ...] = ()
    carbon: Carbon = Carbon()
    binding: tuple[str, ...] = ()
    """Limits the plan runs up against, in plain words."""

    @property
    def degraded(self) -> bool:
        """Whether any reason makes this plan worse than a full one."""
        return any(reason.degrades for reason in self.reasons)
