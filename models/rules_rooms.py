"""Zones and tanks without a solver: zones mid-band, tanks a quarter into theirs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from models.knowledge import Knowledge
from models.physics import Hours, room_step, tank_step
from models.store_terms import StoreTerms, store_terms
from models.types import (
    Reason,
    ReasonCode,
    Series,
    SiteModel,
    ThermalStore,
    ThermalStorePlan,
    Zone,
    ZoneForecast,
    ZonePlan,
    ZoneState,
)

_TANK_SHARE = 0.25
NO_WISHES: Mapping[str, tuple[float | None, ...]] = MappingProxyType({})


Wish = tuple[float | None, ...]
"""Power asked for per step [kW], heating and charging positive; None leaves it to the rules."""


def zone_rules(
    known: Knowledge, hours: Hours, wishes: Mapping[str, Wish] = NO_WISHES
) -> tuple[tuple[ZonePlan, ...], tuple[Reason, ...]]:
    """Zones of known temperature and outside; a word for those without a forecast."""
    forecasts = {zone.id: zone for zone in known.zone_forecasts}
    starts = {zone.id: zone for zone in known.zones}
    plans: list[ZonePlan] = []
    notes: list[Reason] = []
    for zone in known.site.zones:
        forecast, start = forecasts.get(zone.id), starts.get(zone.id)
        unknown = start is None or start.temperature_c is None
        if forecast is None or start is None or unknown or known.outdoor_temp_c is None:
            text = f"{zone.id}: temperature or forecast unknown, left to its thermostat"
            notes.append(Reason(code=ReasonCode.INPUT_MISSING, text=text))
        else:
            limits = _limits_kw(known.site, zone)
            wish = wishes.get(zone.id, (None,) * len(hours))
            field = (known.outdoor_temp_c, hours, wish)
            plans.append(_zone(zone, (forecast, start), field, limits))
    return tuple(plans), tuple(notes)


def _limits_kw(site: SiteModel, zone: Zone) -> tuple[float, float]:
    """Heating and cooling a zone may take: of a shared plant its part by rating."""
    plant = next((each for each in site.plants if each.id == zone.plant), None)
    if plant is None:
        return zone.heat_kw, zone.cool_kw
    served = [each for each in site.zones if each.plant == plant.id]
    heat, cool = sum(each.heat_kw for each in served), sum(each.cool_kw for each in served)
    return (
        zone.heat_kw * min(1.0, plant.heat_kw / heat if heat else 0.0),
        zone.cool_kw * min(1.0, plant.cool_kw / cool if cool else 0.0),
    )


def _zone(
    zone: Zone,
    known: tuple[ZoneForecast, ZoneState],
    field: tuple[Series, Hours, Wish],
    limits_kw: tuple[float, float],
) -> ZonePlan:
    """Powers wished for, else such as bring the zone mid-band by the end of each step."""
    forecast, state = known
    heats: list[float] = []
    cools: list[float] = []
    degrees: list[float] = []
    resistance = zone.resistance_k_per_kw
    air = state.temperature_c or 0.0
    mass = air if state.mass_c is None else state.mass_c
    band = zip(forecast.low_c, forecast.high_c, forecast.gains_kw, strict=True)
    for (low, high, gains), outdoor, dt, asked in zip(band, *field, strict=True):
        keep = room_step(zone, dt)
        held = keep.air_air * air + keep.air_mass * mass
        rest = 1 - keep.air_air - keep.air_mass
        wanted = ((low + high) / 2 - held) / rest
        needed = (wanted - outdoor) / resistance - gains if asked is None else asked
        power = min(max(needed, -limits_kw[1]), limits_kw[0])
        settled = outdoor + resistance * (gains + power)
        before, air = air, held + rest * settled
        rest = 1 - keep.mass_air - keep.mass_mass
        mass = keep.mass_air * before + keep.mass_mass * mass + rest * settled
        heats.append(max(0.0, power))
        cools.append(max(0.0, -power))
        degrees.append(air)
    return ZonePlan(
        id=zone.id, heat_kw=tuple(heats), cool_kw=tuple(cools), temperature_c=tuple(degrees)
    )


def store_rules(
    known: Knowledge, hours: Hours, wishes: Mapping[str, Wish] = NO_WISHES
) -> tuple[tuple[ThermalStorePlan, ...], tuple[Reason, ...]]:
    """Tanks of known temperature and draw; a word for the others."""
    draws = {each.id: each.draw_kw for each in known.store_forecasts}
    states = {each.id: each for each in known.thermal_stores}
    plans: list[ThermalStorePlan] = []
    notes: list[Reason] = []
    for store in known.site.thermal_stores:
        draw, state = draws.get(store.id), states.get(store.id)
        unknown = state is None or state.temperature_c is None
        if draw is None or state is None or unknown or known.outdoor_temp_c is None:
            text = f"{store.id}: temperature or draw unknown, left to its own control"
            notes.append(Reason(code=ReasonCode.INPUT_MISSING, text=text))
        else:
            terms = store_terms(known.grid, store, state, (known.outdoor_temp_c, draw))
            start_c = state.temperature_c or 0.0
            wish = wishes.get(store.id, (None,) * len(hours))
            plans.append(_store(store, terms, (draw, hours, wish), start_c))
    return tuple(plans), tuple(notes)


def _store(
    store: ThermalStore, terms: StoreTerms, field: tuple[Series, Hours, Wish], start_c: float
) -> ThermalStorePlan:
    """Powers wished for, else those that hold the tank a quarter into its band.

    A due hygiene cycle comes first.
    """
    sign = -1.0 if store.cold else 1.0
    span = _TANK_SHARE * (store.high_c - store.low_c)
    usual = store.high_c - span if store.cold else store.low_c + span
    cycle = terms.hygiene.cycles[0] if terms.hygiene is not None and terms.hygiene.cycles else ()
    hot = terms.hygiene.celsius if terms.hygiene is not None else usual
    pumps: list[float] = []
    heaters: list[float] = []
    degrees: list[float] = []
    for step, (draw, dt, asked) in enumerate(zip(*field, strict=True)):
        due = bool(cycle) and step <= cycle[-1]
        target = max(usual, hot) if due else usual
        keep = tank_step(store, dt)
        held = keep.kept * start_c + (1 - keep.kept) * store.ambient_c
        needed = max(0.0, sign * (target - held) / keep.rise_k_per_kw + draw)
        if asked is not None and not due:
            needed = max(0.0, asked)
        pump = min(needed, store.pump_kw)
        heater = 0.0 if store.cold else min(needed - pump, store.immersion_kw)
        start_c = held + keep.rise_k_per_kw * (sign * (pump - draw) + heater)
        pumps.append(pump)
        heaters.append(heater)
        degrees.append(start_c)
    reached = bool(cycle) and all(degrees[step] >= hot - 1e-6 for step in cycle)
    flows = zip(terms.electric_per_heat, pumps, heaters, strict=True)
    return ThermalStorePlan(
        id=store.id,
        pump_kw=tuple(pumps),
        immersion_kw=tuple(heaters),
        temperature_c=tuple(degrees),
        electric_kw=tuple(per_heat * pump + heater for per_heat, pump, heater in flows),
        hygiene_at=cycle[0] if reached else None,
    )
