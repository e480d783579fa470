"""What a battery may do within one problem, per step: power, window, cycles, full charge. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.physics import allowed_kw, warm_share
from models.spans import days, ends_s, hourly, overlap_s
from models.types import Battery, BatteryState, FrequencyReserve, Problem, Series, TimeGrid

_MARGIN = 1.25
"""A full charge gets so much more time than full power would need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBudget:
    """Stored energy that may still go in and out on one local day, and its share of each step."""

    left_kwh: float
    share: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class FullCharge:
    """`kwh` is to be reached at the end of one of `steps`."""

    kwh: float
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryTerms:
    """Limits [kW] and window [kWh] per step."""

    charge_kw: Series
    discharge_kw: Series
    low_kwh: Series
    high_kwh: Series
    budgets: tuple[DayBudget, ...]
    full: FullCharge | None


def battery_terms(problem: Problem, battery: Battery) -> BatteryTerms:
    """From the measured state, the promised frequency reserve and the calendar."""
    state = next(each for each in problem.batteries if each.id == battery.id)
    reserve = next((e for e in problem.frequency_reserves if e.id == battery.id), None)
    return battery_terms_on(problem.grid, battery, state, (reserve, problem.day_starts))


def battery_terms_on(
    grid: TimeGrid,
    battery: Battery,
    state: BatteryState,
    promised: tuple[FrequencyReserve | None, tuple[datetime, ...]] = (None, ()),
) -> BatteryTerms:
    """The same from its parts; `promised` is the frequency reserve and the local midnights."""
    reserve, day_starts = promised
    idle = (0.0,) * len(grid)
    up, down = (idle, idle) if reserve is None else (reserve.up_kw, reserve.down_kw)
    hold_h = 0.0 if reserve is None else reserve.hold_s / 3600.0
    share = warm_share(battery, state.temperature_c)
    charge = share * allowed_kw(battery.charge_kw, state.charge_limit_kw)
    cold = battery.cold_c is not None and state.temperature_c is not None
    if cold and (state.temperature_c or 0.0) < (battery.cold_c or 0.0):
        charge = 0.0
    discharge = share * allowed_kw(battery.discharge_kw, state.discharge_limit_kw)
    full = _full_charge(grid, battery, state, charge)
    low, high = _window(battery, state)
    lows, highs = [], []
    for raised, lowered in zip(up, down, strict=True):
        ceiling = high - lowered * hold_h * battery.charge_efficiency
        floor = min(low + raised * hold_h / battery.discharge_efficiency, high)
        lows.append(floor)
        highs.append(max(floor, ceiling, 0.0 if full is None else full.kwh))
    return BatteryTerms(
        charge_kw=tuple(max(0.0, charge - kept) for kept in down),
        discharge_kw=tuple(max(0.0, discharge - kept) for kept in up),
        low_kwh=tuple(lows),
        high_kwh=tuple(highs),
        budgets=_budgets(grid, battery, state, day_starts),
        full=full,
    )


def _window(battery: Battery, state: BatteryState) -> tuple[float, float]:
    """Stored energy between the outage reserve (or the minimum) and the maximum."""
    high = battery.soc_max_share * battery.capacity_kwh
    least = max(battery.soc_min_share, battery.reserve_share) * battery.capacity_kwh
    return min(high, max(least, state.reserve_kwh or 0.0)), high


def _budgets(
    grid: TimeGrid, battery: Battery, state: BatteryState, day_starts: tuple[datetime, ...]
) -> tuple[DayBudget, ...]:
    """One per local day; what today has used is gone."""
    if battery.max_cycles_per_day is None:
        return ()
    whole = 2.0 * battery.max_cycles_per_day * battery.capacity_kwh
    budgets = []
    for index, (start, end) in enumerate(days(grid, day_starts)):
        shared = overlap_s(grid, start, end)
        used = state.throughput_today_kwh if index == 0 else 0.0
        share = tuple(part / length for part, length in zip(shared, grid.step_s, strict=True))
        budgets.append(DayBudget(left_kwh=max(0.0, whole - used), share=share))
    return tuple(budgets)


def _full_charge(
    grid: TimeGrid, battery: Battery, state: BatteryState, charge_kw: float
) -> FullCharge | None:
    """None unless one falls due within the grid; an overdue one may only wait for its charging."""
    if battery.full_charge_every_h is None or state.soc_kwh is None or charge_kw <= 0:
        return None
    due = grid.start
    if state.last_full is not None:
        due = state.last_full + timedelta(hours=battery.full_charge_every_h)
    if due > grid.end:
        return None
    kwh = battery.full_charge_share * battery.capacity_kwh
    into_kw = charge_kw * battery.charge_efficiency
    soonest_h = _MARGIN * max(0.0, kwh - state.soc_kwh) / into_kw
    latest_s = (due - grid.start).total_seconds()
    ends = ends_s(grid.step_s)
    lasts = [group[-1] for group in hourly(grid.step_s)]
    within = tuple(step for step in lasts if ends[step] <= latest_s)
    reach = [step for step in lasts if ends[step] >= soonest_h * 3600.0]
    if not within or ends[within[-1]] < soonest_h * 3600.0:
        within = tuple(reach[:1]) or (lasts[-1],)
    return FullCharge(kwh=kwh, steps=within)
