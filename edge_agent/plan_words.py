"""What the agent asks its planning worker, and what comes back, as JSON lines.

`Reality` is what was measured at the moment of asking; the worker adds history, forecast, tariff.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.types import (
    BatteryState,
    DemandTerm,
    Plan,
    Reason,
    Series,
    ShedState,
    ShiftableState,
    ThermalStoreState,
    ZoneState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reality:
    """The measured state a plan starts from; None and absence mean unknown."""

    at: datetime
    batteries: tuple[BatteryState, ...]
    zones: tuple[ZoneState, ...]
    demand_terms: tuple[DemandTerm, ...]
    empty_zones: tuple[str, ...] = ()
    """Zones measured to be without people."""
    reasons: tuple[Reason, ...] = ()
    """What is missing or stale among the measurements."""
    missing: tuple[str, ...] = ()
    """The points those reasons are about."""
    thermal_stores: tuple[ThermalStoreState, ...] = ()
    shiftables: tuple[ShiftableState, ...] = ()
    sheds: tuple[ShedState, ...] = ()
    circuit_loads_kw: tuple[tuple[str, float], ...] = ()
    """What hangs directly behind a circuit, by its name."""
    last_kw: tuple[tuple[str, Series], ...] = ()
    """By battery: what the plan in force has for the steps of the next one."""
    held_from_kw: tuple[tuple[str, Series], ...] = ()
    """By demand charge the peaks from which on this month is billed in later ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """Make one plan within so many wall seconds."""

    id: int
    reality: Reality
    budget_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAnswer:
    """A plan, or why there is none; with the worker's own size for status."""

    id: int
    plan: Plan | None
    refusal: str = ""
    rss_mb: float = 0.0
