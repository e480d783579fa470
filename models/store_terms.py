"""What a tank may do within one problem, per step: band, COP, hygiene cycle. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from models.physics import cop_at
from models.spans import ends_s, holds
from models.types import Series, ThermalStore, ThermalStoreState, TimeGrid

_MARGIN = 1.25
"""A hygiene cycle gets so much more time than full power would need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hygiene:
    """The tank must stand at `celsius` at the ends of all steps of one of the `cycles`."""

    celsius: float
    cycles: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTerms:
    """Band [degC] and electric kW per thermal kW of the pump, per step."""

    low_c: Series
    high_c: Series
    electric_per_heat: Series
    hygiene: Hygiene | None


def store_terms(
    grid: TimeGrid,
    store: ThermalStore,
    state: ThermalStoreState,
    weather: tuple[Series, Series],
) -> StoreTerms:
    """From the measured state and (outdoor temperature, draw) per step.

    While a hygiene cycle is due the upper end of the band makes room for it.
    """
    outdoor_c, draw_kw = weather
    hygiene = _hygiene(grid, store, state, max(draw_kw))
    high = store.high_c if hygiene is None else max(store.high_c, hygiene.celsius)
    return StoreTerms(
        low_c=(store.low_c,) * len(grid),
        high_c=(high,) * len(grid),
        electric_per_heat=tuple(
            1.0 / cop_at(store.cop, store.cop_per_k, store.cop_at_c, outside)
            for outside in outdoor_c
        ),
        hygiene=hygiene,
    )


def _hygiene(
    grid: TimeGrid, store: ThermalStore, state: ThermalStoreState, draw_kw: float
) -> Hygiene | None:
    """None unless one falls due within the grid; an overdue one may only wait for its heating."""
    if store.hygiene_c is None or state.temperature_c is None:
        return None
    due = grid.start
    if state.last_hygiene is not None:
        due = state.last_hygiene + timedelta(hours=store.hygiene_every_h)
    if due > grid.end:
        return None
    ends = ends_s(grid.step_s)
    candidates = holds(grid.step_s, store.hygiene_hold_s)
    spare_kw = store.pump_kw + store.immersion_kw - draw_kw
    need_kwh = max(0.0, store.hygiene_c - state.temperature_c) * store.capacity_kwh_per_k
    soonest_s = _MARGIN * 3600.0 * need_kwh / spare_kw if spare_kw > 0 else float(ends[-1])
    latest_s = (due - grid.start).total_seconds()
    reach = tuple(steps for steps in candidates if ends[steps[0]] >= soonest_s)
    within = tuple(steps for steps in candidates if ends[steps[-1]] <= latest_s)
    if within and reach and ends[within[-1][0]] >= soonest_s:
        return Hygiene(celsius=store.hygiene_c, cycles=within)
    return Hygiene(celsius=store.hygiene_c, cycles=reach[:1] or candidates[-1:])
