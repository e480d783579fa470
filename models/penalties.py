"""What breaking a soft limit is priced at: a ladder above every real marginal rate of the problem.

Comfort, work left undone and the stored-energy window stand above what energy and peaks cost, a
firm demand-response commitment above these, comfort-critical zones above it, contract limits above
all of them, unserved load above all. The prices follow from the problem's own prices and equipment.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.load_terms import shed_price
from models.plant_power import plant_cops
from models.types import Problem, ThermalStore, Zone

_SMALLEST_PRICE = 0.05
_HELD_H = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalties:
    """Money per unit of breach; `comfort` and `stores` per K and hour in the site's order."""

    comfort: tuple[float, ...]
    stores: tuple[float, ...]
    window_per_kwh_h: float
    missing_per_kwh: float
    """Work of a shiftable load left undone, times its weight."""
    late_full: tuple[float, ...]
    """A full charge that is due and does not come, per battery."""
    late_hygiene: tuple[float, ...]
    firm_per_kwh: float
    """Shortfall of a firm commitment, and rebound above its cap."""
    limit_per_kwh: float
    unserved_per_kwh: float


@dataclass(frozen=True, slots=True)
class _Rates:
    """Largest energy price, largest marginal rate, length of the last step and of the horizon."""

    price: float
    rate: float
    last_h: float
    horizon_h: float


def penalties(problem: Problem) -> Penalties:
    """The ladder for one problem."""
    rates = _rates(problem)
    site = problem.site
    missing = 2.0 * rates.rate
    cops = [_cops(problem, zone) for zone in site.zones]
    rooms = tuple(zip(site.zones, cops, strict=True))
    plain = tuple(_comfort(zone, least, rates) for zone, (least, _) in rooms)
    stores = tuple(_store(store, rates) for store in site.thermal_stores)
    reliefs = [
        per_kh * zone.resistance_k_per_kw * most
        for per_kh, (zone, (_, most)) in zip(plain, rooms, strict=True)
    ] + [
        per_kh * _store_relief(store, rates)
        for per_kh, store in zip(stores, site.thermal_stores, strict=True)
    ]
    window = 2.0 * rates.price + rates.rate / max(1.0, rates.horizon_h)
    work = missing * max((each.weight for each in site.shiftables), default=0.0)
    firm = 2.0 * (rates.rate + work + max(reliefs, default=0.0))
    comfort = tuple(
        per_kh + _critical(zone, least, firm, rates)
        for per_kh, (zone, (least, _)) in zip(plain, rooms, strict=True)
    )
    critical = [
        per_kh * zone.resistance_k_per_kw * most
        for per_kh, (zone, (_, most)) in zip(comfort, rooms, strict=True)
    ]
    limit = 2.0 * (firm + max(critical, default=0.0) + window * rates.horizon_h)
    return Penalties(
        comfort=comfort,
        stores=stores,
        window_per_kwh_h=window,
        missing_per_kwh=missing,
        late_full=tuple(2.0 * rates.rate * each.capacity_kwh for each in site.batteries),
        late_hygiene=tuple(
            4.0 * rates.rate * each.capacity_kwh_per_k * _rise_k(each)
            for each in site.thermal_stores
        ),
        firm_per_kwh=firm,
        limit_per_kwh=limit,
        unserved_per_kwh=4.0 * limit,
    )


def _rates(problem: Problem) -> _Rates:
    """What energy and a peak can be worth at most in this problem."""
    forecast, site = problem.forecast, problem.site
    prices = (
        *forecast.import_price_per_kwh,
        *forecast.export_price_per_kwh,
        *forecast.later_import_price_per_kwh,
    )
    emitted = (
        *forecast.co2_kg_per_kwh,
        *forecast.marginal_co2_kg_per_kwh,
        *forecast.export_co2_kg_per_kwh,
    )
    carbon = problem.co2_price_per_kg * max((abs(each) for each in emitted), default=0.0)
    stored = max(
        abs(problem.stored_value_per_kwh or 0.0), abs(problem.stored_heat_value_per_kwh or 0.0)
    )
    price = max(_SMALLEST_PRICE, stored, *(abs(value) for value in prices)) + carbon
    paid = sum(event.price_per_kwh + event.penalty_per_kwh for event in problem.events)
    wear = sum(battery.wear_cost_per_kwh for battery in site.batteries)
    shed = max((shed_price(group) for group in site.shed_groups), default=0.0)
    per_peak_kwh = sum(
        term.highest_price_per_kw * 3600.0 / term.block_s for term in problem.demand_terms
    )
    step_s = problem.grid.step_s
    return _Rates(
        price=price,
        rate=2.0 * price + wear + paid + shed + per_peak_kwh,
        last_h=step_s[-1] / 3600.0,
        horizon_h=sum(step_s) / 3600.0,
    )


def _cops(problem: Problem, zone: Zone) -> tuple[float, float]:
    """Least and largest electric efficiency with which a zone is heated or cooled."""
    plant = next((each for each in problem.site.plants if each.id == zone.plant), None)
    if plant is None:
        return min(zone.cop_heating, zone.cop_cooling), max(zone.cop_heating, zone.cop_cooling)
    outdoor_c = problem.forecast.outdoor_temp_c
    found = [
        *plant_cops(plant, min(outdoor_c)),
        *plant_cops(plant, max(outdoor_c)),
    ]
    return min(found), max(found)


def _comfort(zone: Zone, cop: float, rates: _Rates) -> float:
    """Money per K and hour: above energy even in the last step, and above a peak held."""
    leak = 1.0 / zone.resistance_k_per_kw
    if zone.mass_capacity_kwh_per_k:
        leak += 1.0 / zone.mass_resistance_k_per_kw
    energy = rates.price * (leak + zone.capacity_kwh_per_k / rates.last_h)
    peak = 2.0 * rates.rate / zone.resistance_k_per_kw
    return 2.0 * zone.comfort_weight * (energy + peak) / cop


def _critical(zone: Zone, cop: float, firm_per_kwh: float, rates: _Rates) -> float:
    """What comfort-critical zones cost more: a kelvin for two hours outranks an event's power."""
    if not zone.comfort_critical:
        return 0.0
    held_h = min(_HELD_H, rates.horizon_h)
    thermal_kw = 1.0 / zone.resistance_k_per_kw + zone.capacity_kwh_per_k / held_h
    return 2.0 * zone.comfort_weight * firm_per_kwh * thermal_kw / cop


def _rise_k(store: ThermalStore) -> float:
    """How far above its band a hygiene cycle heats a tank."""
    return 0.0 if store.hygiene_c is None else 1.0 + store.hygiene_c - store.low_c


def _store(store: ThermalStore, rates: _Rates) -> float:
    """Money per K and hour of a tank outside its band."""
    energy = rates.price * (store.loss_kw_per_k + store.capacity_kwh_per_k / rates.last_h)
    peak = 2.0 * rates.rate * store.capacity_kwh_per_k
    return 2.0 * store.comfort_weight * (energy + peak)


def _store_relief(store: ThermalStore, rates: _Rates) -> float:
    """Kelvin hours a tank loses for a kWh of electricity it does not get."""
    held_h = min(rates.horizon_h, store.capacity_kwh_per_k / max(store.loss_kw_per_k, 1e-9))
    return store.cop * held_h / store.capacity_kwh_per_k
