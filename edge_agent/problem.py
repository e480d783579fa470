"""History, tariff and measured state -> Problem. Worker's side, pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from edge_agent.circuits import circuit_forecasts
from edge_agent.feeds.reader import BookReader
from edge_agent.forecasting.equipment import gains_kw, to_model, with_learnt
from edge_agent.forecasting.people import empty_reasons, usually_empty
from edge_agent.forecasting.record import LOAD, OUTDOOR, pv_name
from edge_agent.forecasting.sights import Sights, Weather, sights, unmeasured, with_outdoor
from edge_agent.frequency_reserves import frequency_reserves
from edge_agent.histories import SiteHistory
from edge_agent.late_first import late_first
from edge_agent.month_peak import floored, least_margin
from edge_agent.peak_odds import spread_per_kwh
from edge_agent.plan_words import Reality
from edge_agent.planning_grid import plan_grid
from edge_agent.problem_loads import (
    circuit_reasons,
    draw_forecasts,
    tank_starts,
    unsteered,
    work_starts,
)
from edge_agent.site.assumed import assumed_defaults
from edge_agent.sitemodel import site_model
from edge_agent.tanks import COP_AT_C
from edge_agent.tariff.known import feeds_of_books, feeds_of_file
from edge_agent.tariff.prices import Feeds, price_series
from edge_agent.tariff.ratchet import carried
from edge_agent.work_days import midnights
from models.forecast.history import Outlook
from models.forecast.learnt import Learnt, LearntProfile
from models.forecast.load import LoadSight, forecast_load
from models.forecast.pv import Place, PvMeasured, forecast_pv
from models.forecast.temperature import forecast_temperature
from models.types import (
    DemandTerm,
    Forecast,
    Problem,
    PvForecast,
    Reason,
    ReasonCode,
    Series,
    SiteModel,
    Tidiness,
    TimeGrid,
    ZoneForecast,
    ZoneState,
)

if TYPE_CHECKING:
    from edge_agent.site.asset_schema import ZoneAsset
    from edge_agent.site.loaded import LoadedSite

PEAK_SHARE = 0.95
"""The billed peak is planned for a load that is exceeded once in twenty steps."""
EMPTY_FOR = timedelta(hours=1)
"""A zone found empty is planned as empty for so long; people come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What is known beyond the site's own measurements."""

    books: BookReader | None = None
    learnt: Learnt | None = None
    weather: Weather | None = None
    model: SiteModel | None = None
    """What is planned with; None = the site file with what was learnt."""
    note: Callable[[TimeGrid, Mapping[str, Outlook]], object] = lambda _grid, _foreseen: None
    """Told what was foreseen."""

    @property
    def draws(self) -> tuple[LearntProfile, ...]:
        """Hot water as it was learnt."""
        return () if self.learnt is None else self.learnt.draws


NOTHING = Outside()


def build_problem(
    loaded: LoadedSite, history: SiteHistory, known: Reality, outside: Outside = NOTHING
) -> Problem | str:
    """The problem, or in plain words what is missing for one."""
    site, grid = loaded.site, plan_grid(loaded.site.planning, known.at)
    seen = sights(outside.learnt, grid, tuple(pv.id for pv in site.assets.pv), outside.weather)
    outdoor = _outdoor(history, grid, seen, outside.weather)
    sight = _load_sight(history, grid, seen, outdoor, outside.weather)
    foreseen = forecast_load(history.load_kw, grid, sight, left_out=history.set_back)
    if foreseen is None:
        return "no load has been measured yet"
    load = unsteered(foreseen, site, known)
    prices = _prices(loaded, grid, outside.books, known.at)
    if isinstance(prices, str):
        return prices
    imports, exports, price_reasons = prices
    pvs = _pvs(loaded, history, grid, seen)
    zones = known.zones
    if outdoor is None:
        zones = tuple(ZoneState(id=zone.id, temperature_c=None) for zone in zones)
    _tell(outside, grid, foreseen, outdoor, pvs)
    model = outside.model or with_learnt(site_model(site, loaded.tariff), outside.learnt)
    reasons = [*known.reasons, *history.reasons, *load.reasons, *price_reasons, *_assumed(loaded)]
    reasons += [reason for outlook in pvs.values() for reason in outlook.reasons]
    reasons += _weather_reasons(outdoor, has_zones=bool(zones))
    empty = {
        zone.id: usually_empty(None if zone.guest else outside.learnt, zone.id, grid)
        for zone in site.assets.hvac.zones
    }
    reasons += [*circuit_reasons(known), *empty_reasons(empty)]
    return Problem(
        grid=grid,
        site=model,
        forecast=Forecast(
            load_kw=load.series,
            peak_margin_kw=least_margin(load.margin(PEAK_SHARE), model.batteries, len(grid)),
            # Without an outdoor temperature no zone is planned; heat pumps of tanks run as rated.
            outdoor_temp_c=(COP_AT_C,) * len(grid) if outdoor is None else outdoor.series,
            import_price_per_kwh=late_first(imports, grid) if known.demand_terms else imports,
            export_price_per_kwh=exports,
            pvs=tuple(PvForecast(id=name, available_kw=o.series) for name, o in pvs.items()),
            zones=tuple(
                _zone(zone, known, grid, gains_kw(zone, model, outside.learnt), empty[zone.id])
                for zone in site.assets.hvac.zones
            ),
            thermal_stores=draw_forecasts(loaded, grid, outside.draws),
            circuits=circuit_forecasts(site, dict(known.circuit_loads_kw), grid),
        ),
        batteries=to_model(known.batteries, site, model),
        zones=zones,
        demand_terms=_charges(loaded, history, known, model, imports),
        reasons=tuple(reasons),
        thermal_stores=tank_starts(site, known),
        shiftables=work_starts(site, known),
        sheds=known.sheds,
        day_starts=midnights(grid, loaded.zone),
        frequency_reserves=frequency_reserves(site, grid),
        tidiness=Tidiness(last_kw=known.last_kw) if known.last_kw else None,
    )


def _charges(
    loaded: LoadedSite, history: SiteHistory, known: Reality, model: SiteModel, imports: Series
) -> tuple[DemandTerm, ...]:
    """Each demand charge with a kW at what it is worth, in this month and where a ratchet holds."""
    past = (loaded, history.as_metered, model.batteries, known.at, spread_per_kwh(imports))
    terms = floored(known.demand_terms, *past)
    return carried(terms, loaded.tariff.demand_charges, known.held_from_kw)


def _assumed(loaded: LoadedSite) -> tuple[Reason, ...]:
    """What the site file left to defaults; every plan names it."""
    return tuple(
        Reason(code=ReasonCode.ASSUMED, text=text, degrades=False)
        for text in assumed_defaults(loaded.site, loaded.tariff)
    )


def _prices(
    loaded: LoadedSite, grid: TimeGrid, books: BookReader | None, now: datetime
) -> tuple[Series, Series, tuple[Reason, ...]] | str:
    feeds = feeds_of_books(books, now) if books is not None else Feeds()
    if loaded.prices is not None:
        fixed = feeds_of_file(loaded.prices, loaded.tariff, loaded.site.site.timezone)
        feeds = replace(feeds, price_import=fixed.price_import)
    found = price_series(loaded.tariff, feeds, grid.starts, grid.step_s, loaded.zone)
    imports = tuple(price for price in found.imports if price is not None)
    exports = tuple(price for price in found.exports if price is not None)
    if len(imports) != len(grid) or len(exports) != len(grid):
        return found.notes[0] if found.notes else "no price is known"
    reasons = tuple(Reason(code=ReasonCode.ASSUMED, text=f"price: {note}") for note in found.notes)
    return imports, exports, reasons


def _pvs(
    loaded: LoadedSite, history: SiteHistory, grid: TimeGrid, seen: Sights
) -> dict[str, Outlook]:
    site = loaded.site
    place = Place(site.site.latitude, site.site.longitude)
    return {
        pv.id: forecast_pv(
            pv,
            place,
            PvMeasured(
                power_kw=history.pv_kw.get(pv.id),
                irradiance_w_per_m2=history.irradiance_w_per_m2,
            ),
            grid,
            seen.pvs.get(pv.id),
        )
        for pv in site_model(site, loaded.tariff).pvs
    }


def _outdoor(
    history: SiteHistory, grid: TimeGrid, seen: Sights, weather: Weather | None
) -> Outlook | None:
    coming = None if weather is None else weather.temperature_c
    if history.outdoor_temp_c is None and coming is None:
        return None
    measured = history.outdoor_temp_c or unmeasured(grid)
    return forecast_temperature(measured, grid, seen.temperature, coming)


def _load_sight(
    history: SiteHistory,
    grid: TimeGrid,
    seen: Sights,
    outdoor: Outlook | None,
    weather: Weather | None,
) -> LoadSight | None:
    """With the temperature ahead where a weather forecast says it, else without."""
    known = weather is not None and weather.temperature_c is not None
    if not known or outdoor is None or history.outdoor_temp_c is None:
        return seen.load
    return with_outdoor(seen.load, history.outdoor_temp_c, outdoor, grid)


def _weather_reasons(outdoor: Outlook | None, *, has_zones: bool) -> tuple[Reason, ...]:
    if outdoor is not None:
        return outdoor.reasons
    if not has_zones:
        return ()
    text = "outdoor temperature is not known: zones are left to their own thermostats"
    return (Reason(code=ReasonCode.INPUT_MISSING, text=text),)


def _tell(
    outside: Outside,
    grid: TimeGrid,
    load: Outlook,
    outdoor: Outlook | None,
    pvs: Mapping[str, Outlook],
) -> None:
    found = {pv_name(name): outlook for name, outlook in pvs.items()} | {LOAD: load}
    outside.note(grid, found if outdoor is None else found | {OUTDOOR: outdoor})


def _zone(
    zone: ZoneAsset, known: Reality, grid: TimeGrid, gains_kw: float, usually: tuple[bool, ...]
) -> ZoneForecast:
    comfort, soon = zone.comfort, known.at + EMPTY_FOR
    now_empty = zone.id in known.empty_zones and not zone.guest
    # For the next hour what is measured counts, then what is usual.
    empty = [
        now_empty if start < soon else later
        for start, later in zip(grid.starts, usually, strict=True)
    ]
    low_c, high_c = comfort.planned_c
    return ZoneForecast(
        id=zone.id,
        gains_kw=(gains_kw,) * len(grid),
        low_c=tuple(comfort.unoccupied_low_c if e else low_c for e in empty),
        high_c=tuple(comfort.unoccupied_high_c if e else high_c for e in empty),
    )
