"""Params of zones and plants. Pure numpy."""

from __future__ import annotations

import numpy as np

from models.affine import Floats
from models.penalties import Penalties
from models.plant_power import plant_cops
from models.types import Problem, Zone, ZoneForecast, ZoneState

Named = dict[str, Floats]


def zone_values(problem: Problem, prices: Penalties) -> Named:
    """Params of every zone; an unknown temperature means hands off."""
    states = {each.id: each for each in problem.zones}
    forecasts = {each.id: each for each in problem.forecast.zones}
    outdoor_c = np.array(problem.forecast.outdoor_temp_c)
    named: Named = {}
    for zone, price in zip(problem.site.zones, prices.comfort, strict=True):
        values = _zone(zone, states[zone.id], forecasts[zone.id], price)
        values["outdoor_c"] = outdoor_c
        named |= {f"zone[{zone.id}].{name}": value for name, value in values.items()}
    return named


def _zone(zone: Zone, state: ZoneState, forecast: ZoneForecast, price: float) -> Named:
    """Start, band and limits of one zone."""
    known = state.temperature_c is not None
    high = np.array(forecast.high_c)
    start_c = state.temperature_c if state.temperature_c is not None else 0.0
    return {
        "start_c": np.array(start_c),
        "mass_start_c": np.array(start_c if state.mass_c is None else state.mass_c),
        "heat_limit_kw": np.array(zone.heat_kw if known else 0.0),
        "cool_limit_kw": np.array(zone.cool_kw if known else 0.0),
        "comfort_price": np.array(price if known else 0.0),
        "gains_kw": np.array(forecast.gains_kw),
        "low_c": np.minimum(forecast.low_c, high),
        "high_c": high,
    }


def plant_values(problem: Problem) -> Named:
    """Electric kW per thermal kW of every plant, by the outdoor temperature."""
    named: Named = {}
    for plant in problem.site.plants:
        cops = [plant_cops(plant, outdoor) for outdoor in problem.forecast.outdoor_temp_c]
        heating, cooling = zip(*cops, strict=True)
        named[f"plant[{plant.id}].electric_per_heat"] = 1.0 / np.array(heating)
        named[f"plant[{plant.id}].electric_per_cool"] = 1.0 / np.array(cooling)
    return named
