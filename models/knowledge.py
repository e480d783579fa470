"""What is known when no full Problem could be put together; whatever is missing is absent."""

from __future__ import annotations

from dataclasses import dataclass

from models.types import (
    BatteryState,
    DemandTerm,
    Problem,
    PvForecast,
    Reason,
    Series,
    SiteModel,
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


def knowledge_of(problem: Problem) -> Knowledge:
    """Everything a full Problem knows (prices are of no use to the rules)."""
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
    )
