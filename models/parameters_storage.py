"""Params of batteries and tanks. Pure numpy."""

from __future__ import annotations

import numpy as np

from models.affine import Floats
from models.battery_terms import BatteryTerms, battery_terms
from models.penalties import Penalties
from models.physics import hours_of, kept_share
from models.pricing import stored_heat_value, stored_value
from models.spans import day_count, holds, hourly
from models.store_terms import Hygiene, store_terms
from models.types import Battery, BatteryState, Problem, ThermalStore, ThermalStoreState

Named = dict[str, Floats]


def battery_values(problem: Problem, prices: Penalties) -> Named:
    """Params of every battery; unknown stored energy means hands off."""
    states = {each.id: each for each in problem.batteries}
    named: Named = {}
    for battery, late in zip(problem.site.batteries, prices.late_full, strict=True):
        terms = battery_terms(problem, battery)
        state = states[battery.id]
        known = state.soc_kwh is not None
        values = _battery(problem, battery, state, terms)
        values["window_price"] = np.array(prices.window_per_kwh_h if known else 0.0)
        if battery.max_cycles_per_day is not None:
            values |= _cycles(problem, terms)
        if battery.full_charge_every_h is not None:
            values |= _full_charge(problem, terms, values, late)
        named |= {f"battery[{battery.id}].{name}": value for name, value in values.items()}
    return named


def _battery(problem: Problem, battery: Battery, state: BatteryState, terms: BatteryTerms) -> Named:
    """Start, limits and window of one battery."""
    known = float(state.soc_kwh is not None)
    start_kwh = state.soc_kwh if state.soc_kwh is not None else 0.0
    hours = hours_of(problem.grid.step_s)
    idle_kwh = start_kwh * np.cumprod([kept_share(battery, step_h) for step_h in hours])
    low, high = np.array(terms.low_kwh), np.array(terms.high_kwh)
    over, under = np.maximum(0.0, idle_kwh - high), np.maximum(0.0, low - idle_kwh)
    return {
        "start_kwh": np.array(start_kwh),
        "charge_limit_kw": known * np.array(terms.charge_kw),
        "discharge_limit_kw": known * np.array(terms.discharge_kw),
        "stored_value": np.array(known * stored_value(problem, battery)),
        "low_kwh": low,
        "high_kwh": high,
        "over_max_kwh": over,
        "under_max_kwh": under,
    }


def _cycles(problem: Problem, terms: BatteryTerms) -> Named:
    """Hours of every step on every local day, and what each day has left."""
    count = day_count(problem.grid.step_s)
    hours = np.array(hours_of(problem.grid.step_s))
    day_hours = np.zeros((count, len(hours)))
    budget = np.zeros(count)
    for day, given in enumerate(terms.budgets):
        day_hours[day] = hours * np.array(given.share)
        budget[day] = given.left_kwh
    return {"day_hours": day_hours.ravel(), "day_budget_kwh": budget}


def _full_charge(problem: Problem, terms: BatteryTerms, values: Named, late: float) -> Named:
    """Which candidates are open, and what the stored energy must rise to there."""
    lasts = [group[-1] for group in hourly(problem.grid.step_s)]
    floor = (values["low_kwh"] - values["under_max_kwh"])[lasts]
    full = terms.full
    is_open = np.array([float(full is not None and step in full.steps) for step in lasts])
    kwh = 0.0 if full is None else full.kwh
    return {
        "full_open": is_open,
        "full_floor_kwh": floor,
        "full_rise_kwh": is_open * (kwh - floor),
        "full_due": np.array(float(full is not None)),
        "full_price": np.array(late),
    }


def store_values(problem: Problem, prices: Penalties) -> Named:
    """Params of every tank; an unknown temperature means hands off."""
    states = {each.id: each for each in problem.thermal_stores}
    draws = {each.id: each.draw_kw for each in problem.forecast.thermal_stores}
    named: Named = {}
    for index, store in enumerate(problem.site.thermal_stores):
        state = states[store.id]
        weather = (problem.forecast.outdoor_temp_c, draws[store.id])
        terms = store_terms(problem.grid, store, state, weather)
        known = float(state.temperature_c is not None)
        low = np.array(terms.low_c)
        values: Named = {
            **_store(problem, store, state),
            "comfort_price": np.array(known * prices.stores[index]),
            "draw_kw": known * np.array(draws[store.id]),
            "low_c": low,
            "high_c": np.array(terms.high_c),
            "electric_per_heat": np.array(terms.electric_per_heat),
        }
        if store.hygiene_c is not None:
            cycles = holds(problem.grid.step_s, store.hygiene_hold_s)
            late = prices.late_hygiene[index]
            values |= _hygiene(terms.hygiene, cycles, low, late)
        named |= {f"store[{store.id}].{name}": value for name, value in values.items()}
    return named


def _store(problem: Problem, store: ThermalStore, state: ThermalStoreState) -> Named:
    """Start and limits of one tank."""
    known = float(state.temperature_c is not None)
    start_c = store.ambient_c if state.temperature_c is None else state.temperature_c
    return {
        "start_c": np.array(start_c),
        "pump_limit_kw": np.array(known * store.pump_kw),
        "immersion_limit_kw": np.array(known * store.immersion_kw),
        "stored_value": np.array(known * stored_heat_value(problem, store)),
    }


def _hygiene(
    due: Hygiene | None, cycles: tuple[tuple[int, ...], ...], low_c: Floats, late: float
) -> Named:
    """Which cycles are open, and by how much the band rises in one."""
    chosen = () if due is None else due.cycles
    rise = np.zeros(len(low_c)) if due is None else due.celsius - low_c
    return {
        "hygiene_open": np.array([float(cycle in chosen) for cycle in cycles]),
        "hygiene_due": np.array(float(due is not None)),
        "hygiene_price": np.array(late),
        "hygiene_rise_k": rise,
    }
