"""Zones and plants judged apart from the optimiser: limits, temperatures as integrated, power."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.affine import Floats
from models.types import Plan, Plant, Problem, Zone, ZoneForecast, ZonePlan, ZoneState
from models.worst import RELATIVE, worst


def rooms_hold(problem: Problem, plan: Plan) -> Iterator[str]:
    """Zone powers within their limits, one at a time, and temperatures as integrated."""
    specs = {each.id: each for each in problem.site.zones}
    forecasts = {each.id: each for each in problem.forecast.zones}
    starts = {each.id: each for each in problem.zones}
    electric = np.zeros(len(plan.grid))
    for zone in plan.zones:
        spec = specs[zone.id]
        yield from _powers(zone, spec)
        yield from _temperature(zone, spec, starts[zone.id], (forecasts[zone.id], problem))
        if not spec.plant:
            electric += np.array(zone.heat_kw) / spec.cop_heating
            electric += np.array(zone.cool_kw) / spec.cop_cooling
    for plant in problem.site.plants:
        heat, cool = _shared(plant, problem, plan)
        slack = RELATIVE * (1.0 + plant.heat_kw + plant.cool_kw)
        yield from worst(f"{plant.id} heats beyond its limit", heat - plant.heat_kw, slack)
        yield from worst(f"{plant.id} cools beyond its limit", cool - plant.cool_kw, slack)
        electric += _electric(plant, heat, cool, np.array(problem.forecast.outdoor_temp_c))
    drift = np.abs(electric - np.array(plan.hvac_kw))
    slack = RELATIVE * (1 + electric.max())
    yield from worst("hvac power is not that of the zones", drift, slack)


def _shared(plant: Plant, problem: Problem, plan: Plan) -> tuple[Floats, Floats]:
    """Thermal power of all zones of one plant."""
    served = {zone.id for zone in problem.site.zones if zone.plant == plant.id}
    heat, cool = np.zeros(len(plan.grid)), np.zeros(len(plan.grid))
    for zone in plan.zones:
        if zone.id in served:
            heat += np.array(zone.heat_kw)
            cool += np.array(zone.cool_kw)
    return heat, cool


def _electric(plant: Plant, heat: Floats, cool: Floats, outdoor_c: Floats) -> Floats:
    """Electric power of one plant at the weather's COPs."""
    warm = plant.cop_heating + plant.cop_heating_per_k * (outdoor_c - plant.cop_heating_at_c)
    chill = plant.cop_cooling + plant.cop_cooling_per_k * (outdoor_c - plant.cop_cooling_at_c)
    power: Floats = heat / np.maximum(1.0, warm) + cool / np.maximum(1.0, chill)
    return power


def _powers(plan: ZonePlan, spec: Zone) -> Iterator[str]:
    """Within the zone's own limits, one direction at a time."""
    heat, cool = np.array(plan.heat_kw), np.array(plan.cool_kw)
    slack = RELATIVE * (1.0 + max(spec.heat_kw, spec.cool_kw))
    yield from worst(f"{plan.id} heats beyond its limit", heat - spec.heat_kw, slack)
    yield from worst(f"{plan.id} cools beyond its limit", cool - spec.cool_kw, slack)
    yield from worst(f"{plan.id} has a negative power", -np.minimum(heat, cool), slack)
    yield from worst(f"{plan.id} heats and cools at once", np.minimum(heat, cool), slack)


def _temperature(
    plan: ZonePlan, spec: Zone, state: ZoneState, known: tuple[ZoneForecast, Problem]
) -> Iterator[str]:
    """One zone, integrated from its measured temperature by the modes of its heat equations."""
    forecast, problem = known
    power = np.array(forecast.gains_kw) + np.array(plan.heat_kw) - np.array(plan.cool_kw)
    drive = np.array(problem.forecast.outdoor_temp_c) + power * spec.resistance_k_per_kw
    air = state.temperature_c or 0.0
    starts = np.array([air, air if state.mass_c is None else state.mass_c])
    air_c = _integrated(spec, starts, drive, problem.grid.step_s)
    drift = np.abs(air_c - np.array(plan.temperature_c))
    scale = 1.0 + float(np.abs(drive).max())
    yield from worst(f"{plan.id} temperature is not what its powers give", drift, RELATIVE * scale)


def _integrated(spec: Zone, starts_c: Floats, drive_c: Floats, step_s: tuple[int, ...]) -> Floats:
    """Air temperature at the end of each step; each mode fades towards the drive on its own."""
    rates, shapes = np.linalg.eig(_heat_equations(spec))
    back = np.linalg.inv(shapes)
    fading = np.exp(np.outer(np.array(step_s) / 3600.0, rates))
    air_c = np.zeros(len(step_s))
    for mode, reach in enumerate(back.sum(axis=1).tolist()):
        level = float(back[mode] @ starts_c)
        levels = []
        for fade, drive in zip(fading[:, mode].tolist(), drive_c.tolist(), strict=True):
            level = reach * drive + fade * (level - reach * drive)
            levels.append(level)
        air_c += shapes[0, mode] * np.array(levels)
    return air_c


def _heat_equations(spec: Zone) -> Floats:
    """Rates [1/h] of air and mass towards their surroundings; without a mass they are apart."""
    loss = 1.0 / (spec.resistance_k_per_kw * spec.capacity_kwh_per_k)
    if not spec.mass_capacity_kwh_per_k:
        return np.array([[-loss, 0.0], [0.0, -1.0]])
    into = 1.0 / (spec.mass_resistance_k_per_kw * spec.capacity_kwh_per_k)
    out = 1.0 / (spec.mass_resistance_k_per_kw * spec.mass_capacity_kwh_per_k)
    return np.array([[-loss - into, into], [out, -out]])
