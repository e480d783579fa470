"""What is known when no full Problem could be put together; whatever is missing is absent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.types import (
    BatteryState,
    DemandTerm,
    Event,
    FrequencyReserve,
    Problem,
    PvForecast,
    Reason,
    Series,
    ShedState,
    ShiftableState,
    SiteModel,
    ThermalStoreForecast,
    ThermalStoreState,
    TimeGrid,
    ZoneForecast,
    ZoneState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """A Problem with holes: None or an absent entry means unknown."""

    grid: TimeGrid
    site: SiteModel
    load_kw: Series | None = None
    outdoor_temp_c: Series | None = None
    pvs: tuple[PvForecast, ...] = ()
    zone_forecasts: tuple[ZoneForecast, ...] = ()
    batteries: tuple[BatteryState, ...] = ()
    zones: tuple[ZoneState, ...] = ()
    demand_terms: tuple[DemandTerm, ...] = ()
    reasons: tuple[Reason, ...] = ()
    import_price_per_kwh: Series | None = None
    thermal_stores: tuple[ThermalStoreState, ...] = ()
    store_forecasts: tuple[ThermalStoreForecast, ...] = ()
    shiftables: tuple[ShiftableState, ...] = ()
    sheds: tuple[ShedState, ...] = ()
    events: tuple[Event, ...] = ()
    frequency_reserves: tuple[FrequencyReserve, ...] = ()
    day_starts: tuple[datetime, ...] = ()
    peak_margin_kw: Series = ()


def knowledge_of(problem: Problem) -> Knowledge:
    """Everything a full Problem knows (of the prices the rules only use thresholds)."""
    forecast = problem.forecast
    return Knowledge(
        grid=problem.grid,
        site=problem.site,
        load_kw=forecast.load_kw,
        outdoor_temp_c=forecast.outdoor_temp_c,
        pvs=forecast.pvs,
        zone_forecasts=forecast.zones,
        batteries=problem.batteries,
        zones=problem.zones,
        demand_terms=problem.demand_terms,
        reasons=problem.reasons,
        import_price_per_kwh=forecast.import_price_per_kwh,
        thermal_stores=problem.thermal_stores,
        store_forecasts=forecast.thermal_stores,
        shiftables=problem.shiftables,
        sheds=problem.sheds,
        events=problem.events,
        frequency_reserves=problem.frequency_reserves,
        day_starts=problem.day_starts,
        peak_margin_kw=forecast.peak_margin_kw,
    )
