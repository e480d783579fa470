"""What to buy: the year's series for sizing, and the money it comes to."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import numpy as np
import pandas as pd

from models.casestudy.assumed import SIZING, Assumed
from models.casestudy.axis import Axis, Floats
from models.casestudy.errors import StudyError
from models.casestudy.inputs import Inputs, clouded, resolve
from models.casestudy.parts import SEMDRPV, SEMDRBattery
from models.casestudy.roster import Roster, Site
from models.casestudy.sizing import (
    BatteryOption,
    Investment,
    Options,
    PvOption,
    Tariff,
    YearCost,
    annuity_factor,
    best_sizes,
)
from models.casestudy.year_days import representative_days
from models.casestudy.zones import building_resistance, zone_names

_HOUR_S = 3600
_ENERGIES = ("load_kw", "kwp", "pv")
_SMALLEST_UNSERVED_KWH = 1e-3

One = TypeVar("One")


def invest(roster: Roster, site: Site, start: datetime, assumed: Assumed) -> Investment:
    """The cheapest sizes over the local calendar year of `start`."""
    year = year_axis(start, site)
    inputs = _year_inputs(roster, year, site, assumed)
    table = _table(roster, inputs)
    energies = frozenset(name for name in table if name.split(":")[0] in _ENERGIES)
    days = representative_days(table, "load_kw", energies)
    options = _options(roster)
    optimum = best_sizes(days, options)
    _state(roster, year, len(days), assumed)
    if optimum.unserved_kwh_per_a > _SMALLEST_UNSERVED_KWH:
        fault = f"{optimum.unserved_kwh_per_a:.0f} kWh a year are beyond maxbuy"
        raise StudyError("SEMDRGrid.maxbuy", fault, "raise it, or lower the load")
    return _money(roster, optimum, len(days))


def year_axis(start: datetime, site: Site) -> Axis:
    """Hours of the local calendar year that holds `start`."""
    number = start.astimezone(site.zone).year
    first, last = (
        datetime(each, 1, 1, tzinfo=site.zone).astimezone(start.tzinfo)
        for each in (number, number + 1)
    )
    hours = round((last - first).total_seconds() / _HOUR_S)
    return Axis(first, _HOUR_S, hours, site.zone)


def _year_inputs(roster: Roster, year: Axis, site: Site, assumed: Assumed) -> Inputs:
    """A year of every series: what the caller gave if it covers the year, else the reference."""
    own = Assumed()
    whole = replace(
        roster,
        demands={name: _yearly(part, ("p_el",), year) for name, part in roster.demands.items()},
        pvs={
            name: _yearly(part, ("p_pv", "irradiance", "temperature"), year)
            for name, part in roster.pvs.items()
        },
        hvacs={
            name: _yearly(part, ("outdoor_temp", "gains_kw", "occupancy"), year)
            for name, part in roster.hvacs.items()
        },
        grid=_yearly(roster.grid, ("c_buy", "c_sell", "co2_intensity", "co2_marginal"), year),
    )
    inputs = resolve(whole, year, site, own)
    pvs = {
        name: series if _given(whole.pvs[name]) else clouded(series, year)
        for name, series in inputs.pvs.items()
    }
    for each in own.all():
        assumed.add(f"{SIZING}{each.what}", each.value, each.source)
    if any(not _given(part) for part in whole.pvs.values()):
        assumed.add(
            f"{SIZING}clouds",
            "clear sky times the daily clearness of 2018",
            "reference weather Bedford 2018, Met Office",
        )
    return replace(inputs, pvs=pvs)


def _given(part: object) -> bool:
    return getattr(part, "p_pv", None) is not None or getattr(part, "irradiance", None) is not None


def _yearly(part: One, names: tuple[str, ...], year: Axis) -> One:
    """A copy without the series that do not cover the year."""
    found = copy(part)
    for name in names:
        if not _covers(getattr(part, name), year):
            setattr(found, name, None)
    return found


def _covers(values: object, year: Axis) -> bool:
    """Whether a series says something about every hour of the year."""
    if values is None or isinstance(values, int | float):
        return True
    if not isinstance(values, pd.Series) or getattr(values.index, "tz", None) is None:
        return False
    step = pd.Timedelta(seconds=_HOUR_S)
    return bool(values.index.min() <= year.start and values.index.max() >= year.end - step)


def _table(roster: Roster, inputs: Inputs) -> pd.DataFrame:
    """The columns sizing reads, hourly in local time."""
    columns = {
        "load_kw": inputs.load_kw + _hvac_kw(roster, inputs),
        "buy": inputs.prices.buy,
        "sell": np.minimum(inputs.prices.sell, inputs.prices.buy),
        "co2": inputs.co2_kg_per_kwh,
    }
    for name, pv in inputs.pvs.items():
        columns[f"kwp:{name}"] = pv.kw_per_kwp
        columns[f"pv:{name}"] = pv.available_kw
    return pd.DataFrame(columns, index=inputs.axis.index)


def _hvac_kw(roster: Roster, inputs: Inputs) -> Floats:
    """Electricity that holds the near edge of the comfort band, within the plant's power."""
    total = np.zeros(inputs.axis.steps)
    for name, part in roster.hvacs.items():
        zones = [inputs.zones[each] for each in zone_names(name, part)]
        gains = np.sum([zone.gains_kw for zone in zones], axis=0)
        loss = (zones[0].low_c - inputs.outdoor_c) / building_resistance(part) - gains
        gain = gains + (inputs.outdoor_c - zones[0].high_c) / building_resistance(part)
        total += np.clip(loss, 0.0, part.heating_cap) / part.cop_heating
        total += np.clip(gain, 0.0, part.cooling_cap) / part.cop_cooling
    return total


def _options(roster: Roster) -> Options:
    """What may be bought, at what yearly cost."""
    interest = roster.main.interest
    grid = roster.grid
    return Options(
        batteries={
            name: BatteryOption(
                existing_kwh=part.E_CAPx,
                most_new_kwh=part.max_new_kwh if part.allow_new else 0.0,
                yearly_per_kwh=part.invest_per_kwh
                * (annuity_factor(interest, part.lifetime_a) + part.maintenance_share),
                power_per_capacity=part.power_per_capacity,
                eta_charge=part.eta_charge,
                eta_discharge=part.eta_discharge,
                kept_per_h=1.0 - part.self_discharge_per_h,
                soc_min_share=part.soc_min_percent / 100.0,
                soc_max_share=part.soc_max_percent / 100.0,
                cycles_per_day=part.max_cycles_per_day,
                wear_per_kwh=part.wear_cost_per_kwh,
            )
            for name, part in roster.batteries.items()
        },
        pvs={
            name: PvOption(
                most_new_kwp=part.max_new_kwp if part.allow_new else 0.0,
                yearly_per_kwp=part.invest_per_kwp
                * (annuity_factor(interest, part.lifetime_a) + part.maintenance_share),
                per_kwp=f"kwp:{name}",
                fixed=f"pv:{name}",
            )
            for name, part in roster.pvs.items()
        },
        tariff=Tariff(
            maxbuy_kw=grid.maxbuy,
            maxsell_kw=grid.maxsell,
            month_per_kw=grid.demand_charge,
            year_per_kw=grid.c_buyPeak,
            co2_per_kg=roster.main.co2_price_per_kg,
        ),
    )


def _money(roster: Roster, optimum: YearCost, days: int) -> Investment:
    """Investment, annuity and maintenance of the sizes."""
    interest = roster.main.interest
    invested, annuity, maintenance = 0.0, 0.0, 0.0
    bought: list[tuple[float, SEMDRBattery | SEMDRPV]] = [
        (optimum.sizes.battery_kwh[name] * part.invest_per_kwh, part)
        for name, part in roster.batteries.items()
    ] + [(optimum.sizes.pv_kwp[name] * pv.invest_per_kwp, pv) for name, pv in roster.pvs.items()]
    for money, part in bought:
        invested += money
        annuity += money * annuity_factor(interest, part.lifetime_a)
        maintenance += money * part.maintenance_share
    return Investment(
        sizes=optimum.sizes,
        invest=invested,
        annuity_per_a=annuity,
        maintenance_per_a=maintenance,
        operation_per_a=optimum.operation_per_a,
        co2_kg_per_a=optimum.co2_kg_per_a,
        co2_cost_per_a=optimum.co2_kg_per_a * roster.main.co2_price_per_kg,
        unserved_kwh_per_a=optimum.unserved_kwh_per_a,
        days=days,
    )


def _state(roster: Roster, year: Axis, days: int, assumed: Assumed) -> None:
    """What sizing leaves out, in plain words."""
    number = year.start.astimezone(year.zone).year
    assumed.add(
        f"{SIZING}year",
        f"{days} weighted days of {number} in hourly means, two typical days and the peak day of "
        "each month; stored energy goes round each day",
        "representative days",
    )
    if roster.hvacs:
        assumed.add(f"{SIZING}HVAC", "holds the near edge of its comfort band", "not shifted")
    if any(part.demand_flexibility > 0 for part in roster.demands.values()):
        assumed.add(f"{SIZING}shedding", "none", "not relied upon for sizing")
