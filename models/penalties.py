"""What breaking a soft limit is priced at: a ladder above every real marginal rate of the problem.

Comfort and the stored-energy window stand above what energy and peaks cost, contract limits above
both, unserved load above all. The prices follow from the problem's own prices and equipment.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.types import Problem, Zone

_SMALLEST_PRICE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalties:
    """Money per unit of breach; `comfort` per K and hour in the order of the site's zones."""

    comfort: tuple[float, ...]
    window_per_kwh_h: float
    limit_per_kwh: float
    unserved_per_kwh: float


def penalties(problem: Problem) -> Penalties:
    """The ladder for one problem."""
    forecast = problem.forecast
    rates = (*forecast.import_price_per_kwh, *forecast.export_price_per_kwh)
    stored = abs(problem.stored_value_per_kwh or 0.0)
    price = max(_SMALLEST_PRICE, stored, *(abs(value) for value in rates))
    wear = sum(battery.wear_cost_per_kwh for battery in problem.site.batteries)
    per_peak_kwh = sum(term.price_per_kw * 3600.0 / term.block_s for term in problem.demand_terms)
    rate = 2.0 * price + wear + per_peak_kwh
    last_h = problem.grid.step_s[-1] / 3600.0
    horizon_h = sum(problem.grid.step_s) / 3600.0
    comfort = tuple(_comfort(zone, price, rate, last_h) for zone in problem.site.zones)
    gains = [
        per_kh * zone.resistance_k_per_kw * max(zone.cop_heating, zone.cop_cooling)
        for per_kh, zone in zip(comfort, problem.site.zones, strict=True)
    ]
    window = 2.0 * price + wear
    limit = 2.0 * (rate + max(gains, default=0.0) + window * horizon_h)
    return Penalties(
        comfort=comfort,
        window_per_kwh_h=window,
        limit_per_kwh=limit,
        unserved_per_kwh=4.0 * limit,
    )


def _comfort(zone: Zone, price: float, rate: float, last_h: float) -> float:
    """Money per K and hour: above energy even in the last step, and above a peak held."""
    cop = min(zone.cop_heating, zone.cop_cooling)
    energy = price * (1.0 / zone.resistance_k_per_kw + zone.capacity_kwh_per_k / last_h)
    peak = 2.0 * rate / zone.resistance_k_per_kw
    return 2.0 * zone.comfort_weight * (energy + peak) / cop
