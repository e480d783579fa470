"""From parts and series to the optimiser's own words: a site, and one problem per window."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from models.casestudy.assumed import Assumed
from models.casestudy.axis import Axis, Floats
from models.casestudy.charges import charge_ids, demand_terms, months, years
from models.casestudy.inputs import Inputs
from models.casestudy.roster import Roster
from models.casestudy.sizes import Sizes
from models.casestudy.standing import Standing
from models.casestudy.zones import zones_of
from models.conditions import (
    BatteryState,
    Forecast,
    Problem,
    PvForecast,
    ShedState,
    Tidiness,
    ZoneForecast,
    ZoneState,
)
from models.equipment import Battery, Grid, Pv, ShedGroup, SiteModel
from models.timegrid import Series

SHED_ID = "shed"
LEAST_SHED_S = 900
TIDY_SHARE = 1e-6
"""Of the money that moves: only among plans of equal cost the calmest battery is chosen."""
MOST_SHED_S = 4 * 3600
_SMALLEST_SHED_SHARE = 0.001


def site_of(
    roster: Roster, inputs: Inputs, sizes: Sizes, window: int, assumed: Assumed
) -> SiteModel:
    """The site that is compiled, for windows of `window` steps of `inputs`."""
    whole = window >= inputs.axis.steps
    count = (len(months(inputs.axis)), len(years(inputs.axis))) if whole else (2, 2)
    return SiteModel(
        grid=Grid(import_limit_kw=roster.grid.maxbuy, export_limit_kw=roster.grid.maxsell),
        batteries=tuple(_batteries(roster, sizes)),
        pvs=tuple(
            Pv(
                id=name,
                peak_kw=float(max(part.P_CAPx + new, np.nanmax(_available(inputs, name, new)))),
            )
            for name, part in roster.pvs.items()
            for new in (sizes.pv_kwp.get(name, 0.0),)
        ),
        zones=tuple(zone for name, part in roster.hvacs.items() for zone in zones_of(name, part)),
        demand_charges=charge_ids(*count, roster.grid),
        shed_groups=_shed_groups(roster, inputs, assumed),
    )


def problem_of(
    roster: Roster, inputs: Inputs, site: SiteModel, sizes: Sizes, standing: Standing
) -> Problem:
    """The problem of the whole axis of `inputs`, from where the site stands."""
    axis = inputs.axis
    active = SHED_ID in {group.id for group in site.shed_groups}
    shed = ShedState(id=SHED_ID, active_s=standing.shed_active_s, cooling_s=standing.shed_cooling_s)
    return Problem(
        grid=axis.grid,
        site=site,
        forecast=_forecast(inputs, sizes),
        batteries=tuple(
            BatteryState(
                id=each.id,
                soc_kwh=standing.soc_kwh[each.id],
                throughput_today_kwh=standing.throughput_kwh.get(each.id, 0.0),
            )
            for each in site.batteries
        ),
        zones=tuple(
            ZoneState(id=each.id, temperature_c=standing.temperature_c[each.id])
            for each in site.zones
        ),
        demand_terms=demand_terms(axis, roster.grid, standing, site.demand_charges),
        sheds=(shed,) if active else (),
        co2_price_per_kg=roster.main.co2_price_per_kg,
        day_starts=midnights(axis),
        tidiness=Tidiness(money_share=TIDY_SHARE),
    )


def _forecast(inputs: Inputs, sizes: Sizes) -> Forecast:
    """The series in the optimiser's words."""
    return Forecast(
        load_kw=series(inputs.load_kw),
        outdoor_temp_c=series(inputs.outdoor_c),
        import_price_per_kwh=series(inputs.prices.buy),
        export_price_per_kwh=series(inputs.prices.sell),
        pvs=tuple(
            PvForecast(
                id=name,
                available_kw=series(_available(inputs, name, sizes.pv_kwp.get(name, 0.0))),
            )
            for name in inputs.pvs
        ),
        zones=tuple(
            ZoneForecast(
                id=name,
                gains_kw=series(zone.gains_kw),
                low_c=series(zone.low_c),
                high_c=series(zone.high_c),
            )
            for name, zone in inputs.zones.items()
        ),
        co2_kg_per_kwh=series(inputs.co2_kg_per_kwh),
        marginal_co2_kg_per_kwh=(
            () if inputs.co2_marginal_kg_per_kwh is None else series(inputs.co2_marginal_kg_per_kwh)
        ),
    )


def midnights(axis: Axis) -> tuple[datetime, ...]:
    """Local midnights after the start and before the end."""
    days = {moment.date() for moment in axis.local}
    found = []
    for day in sorted(days | {max(days) + timedelta(days=1)}):
        local = datetime(day.year, day.month, day.day, tzinfo=axis.zone)
        moment = local.astimezone(axis.start.tzinfo)
        if axis.start < moment < axis.end:
            found.append(moment)
    return tuple(found)


def series(values: Floats) -> Series:
    """Plain floats."""
    return tuple(float(each) for each in values)


def capacity_kwh(roster: Roster, sizes: Sizes, name: str) -> float:
    """Existing and new."""
    return roster.batteries[name].E_CAPx + sizes.battery_kwh.get(name, 0.0)


def _available(inputs: Inputs, name: str, new_kwp: float) -> Floats:
    """Of the existing plant and the new kWp."""
    pv = inputs.pvs[name]
    return pv.available_kw + new_kwp * pv.kw_per_kwp


def _batteries(roster: Roster, sizes: Sizes) -> list[Battery]:
    """Those with any capacity."""
    found = []
    for name, part in roster.batteries.items():
        capacity = capacity_kwh(roster, sizes, name)
        if capacity <= 0:
            continue
        found.append(
            Battery(
                id=name,
                capacity_kwh=capacity,
                charge_kw=part.power_per_capacity * capacity,
                discharge_kw=part.power_per_capacity * capacity,
                charge_efficiency=part.eta_charge,
                discharge_efficiency=part.eta_discharge,
                soc_min_share=part.soc_min_percent / 100.0,
                soc_max_share=part.soc_max_percent / 100.0,
                self_discharge_per_h=part.self_discharge_per_h,
                wear_cost_per_kwh=part.wear_cost_per_kwh,
                max_cycles_per_day=part.max_cycles_per_day,
            )
        )
    return found


def _shed_groups(roster: Roster, inputs: Inputs, assumed: Assumed) -> tuple[ShedGroup, ...]:
    """One group over all demands: the shares weighed by their loads."""
    flexible = {name: part for name, part in roster.demands.items() if part.demand_flexibility > 0}
    total = float(np.nansum(inputs.load_kw))
    if not flexible or total <= 0:
        return ()
    weights = {name: float(np.nansum(inputs.loads_kw[name])) / total for name in flexible}
    share = sum(weights[name] * part.demand_flexibility for name, part in flexible.items())
    if share < _SMALLEST_SHED_SHARE:
        return ()
    penalty = _weighed(weights, {name: part.comfort_penalty for name, part in flexible.items()})
    if len(flexible) > 1:
        value = f"one group, {share:.1%} at {penalty:.4g} EUR/MWh"
        assumed.add("shedding of several demands", value, "weighed by their loads")
    return (
        ShedGroup(
            id=SHED_ID,
            least_share=min(0.05, share),
            most_share=share,
            penalty_per_mwh=penalty,
            least_s=LEAST_SHED_S,
            most_s=MOST_SHED_S,
        ),
    )


def _weighed(weights: Mapping[str, float], values: Mapping[str, float]) -> float:
    """Mean of the values by their weights."""
    total = sum(weights.values())
    return sum(weights[name] * values[name] for name in values) / total if total else 0.0
