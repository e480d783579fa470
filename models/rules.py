"""Plans without a solver: `rules_plan` by a few fixed rules, `safe_plan` when even those lack data.

Pure Python, so the agent can make them when its worker is gone.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

from models.knowledge import Knowledge, knowledge_of
from models.physics import Hours, allowed_kw, decay, hours_of, kept_share
from models.pricing import billed_peak, price_plan
from models.types import (
    Battery,
    BatteryPlan,
    BatteryState,
    Plan,
    PlanSource,
    Problem,
    PvPlan,
    Reason,
    ReasonCode,
    Series,
    Zone,
    ZoneForecast,
    ZonePlan,
)

_SHAVED_QUANTILE = 0.97
"""Net load above this quantile of the horizon counts as a peak worth shaving."""


def rules_plan(
    source: Problem | Knowledge, now: datetime, reasons: tuple[Reason, ...] = ()
) -> Plan:
    """Charge from PV surplus, discharge to cap import, hold zones mid-band; safe without a load.

    `reasons` says why no better plan is at hand. Assets whose state or forecast is unknown are left
    out of the plan.
    """
    known = knowledge_of(source) if isinstance(source, Problem) else source
    if known.load_kw is None:
        missing = Reason(code=ReasonCode.INPUT_MISSING, text="no load forecast, so no rules")
        return safe_plan(known, now, (*reasons, missing))
    hours = hours_of(known.grid.step_s)
    zones, notes = _zones(known, hours)
    hvac = _sum([_electric(known, zone) for zone in zones], len(hours))
    pvs, net = _sunshine(known, _sum([known.load_kw, hvac], len(hours)))
    batteries: list[BatteryPlan] = []
    for battery, state in _known_batteries(known):
        stored = _battery(battery, state, (net, hours), _cap_kw(known, net))
        batteries.append(stored)
        net = _sum([net, stored.power_kw], len(hours))
    plan = Plan(
        made_at=now,
        grid=known.grid,
        source=PlanSource.RULES,
        grid_kw=net,
        load_kw=known.load_kw,
        hvac_kw=hvac,
        batteries=tuple(batteries),
        zones=zones,
        pvs=pvs,
        peaks_kw=_peaks(known, net),
        reasons=(*known.reasons, *reasons, *notes, *_unknown(known)),
    )
    return replace(plan, cost=price_plan(source, plan)) if isinstance(source, Problem) else plan


def safe_plan(source: Problem | Knowledge, now: datetime, reasons: tuple[Reason, ...] = ()) -> Plan:
    """Batteries at 0 kW, nothing commanded to zones or PV; series that are not known are empty."""
    known = knowledge_of(source) if isinstance(source, Problem) else source
    hours = hours_of(known.grid.step_s)
    idle = (0.0,) * len(hours)
    return Plan(
        made_at=now,
        grid=known.grid,
        source=PlanSource.SAFE,
        grid_kw=(),
        load_kw=known.load_kw or (),
        hvac_kw=(),
        batteries=tuple(
            BatteryPlan(
                id=battery.id, power_kw=idle, soc_kwh=_integrated(battery, soc, idle, hours)
            )
            for battery, state in _known_batteries(known)
            if (soc := state.soc_kwh) is not None
        ),
        reasons=(*known.reasons, *reasons),
    )


def _sum(series: list[Series], steps: int) -> Series:
    """Step-wise sum; zeros for nothing."""
    return tuple(sum(values) for values in zip((0.0,) * steps, *series, strict=True))


def _peaks(known: Knowledge, grid_kw: Series) -> Series:
    """Billed peak per demand charge of the site."""
    terms = {term.id: term for term in known.demand_terms}
    if any(charge not in terms for charge in known.site.demand_charges):
        return ()
    return tuple(
        billed_peak(known.grid, grid_kw, terms[charge], ()) for charge in known.site.demand_charges
    )


def _unknown(known: Knowledge) -> tuple[Reason, ...]:
    """A word for every PV plant the balance had to do without."""
    given = {pv.id for pv in known.pvs}
    return tuple(
        Reason(code=ReasonCode.INPUT_MISSING, text=f"{pv.id}: no forecast, left out of the balance")
        for pv in known.site.pvs
        if pv.id not in given
    )


def _known_batteries(known: Knowledge) -> list[tuple[Battery, BatteryState]]:
    """Batteries whose stored energy is measured."""
    states = {state.id: state for state in known.batteries if state.soc_kwh is not None}
    return [
        (battery, states[battery.id]) for battery in known.site.batteries if battery.id in states
    ]


def _cap_kw(known: Knowledge, net_kw: Series) -> float:
    """Import the batteries defend: the limit, or with a demand charge the peak if that is lower."""
    limit = known.site.grid.import_limit_kw
    if not known.demand_terms:
        return limit
    ordered = sorted(net_kw)
    peak = ordered[min(len(ordered) - 1, math.ceil(_SHAVED_QUANTILE * len(ordered)) - 1)]
    billed = min(term.peak_so_far_kw for term in known.demand_terms)
    return min(limit, max(peak, billed))


def _battery(
    battery: Battery, state: BatteryState, field: tuple[Series, Hours], cap_kw: float
) -> BatteryPlan:
    """Follow the net load: take the surplus, give what exceeds the cap, else rest."""
    soc = state.soc_kwh or 0.0
    low = battery.soc_min_share * battery.capacity_kwh
    high = battery.soc_max_share * battery.capacity_kwh
    charge_kw = allowed_kw(battery.charge_kw, state.charge_limit_kw)
    discharge_kw = allowed_kw(battery.discharge_kw, state.discharge_limit_kw)
    powers: list[float] = []
    stored: list[float] = []
    for net, dt in zip(*field, strict=True):
        soc *= kept_share(battery, dt)
        room_kw = max(0.0, high - soc) / (battery.charge_efficiency * dt)
        store_kw = max(0.0, soc - low) * battery.discharge_efficiency / dt
        into = min(max(0.0, -net), charge_kw, room_kw)
        out = min(max(0.0, net - cap_kw), discharge_kw, store_kw)
        soc += dt * (into * battery.charge_efficiency - out / battery.discharge_efficiency)
        powers.append(into - out)
        stored.append(soc)
    return BatteryPlan(id=battery.id, power_kw=tuple(powers), soc_kwh=tuple(stored))


def _integrated(battery: Battery, start_kwh: float, idle: Series, hours: Hours) -> Series:
    """Stored energy of an idle battery at the end of each step."""
    stored = []
    for _, dt in zip(idle, hours, strict=True):
        start_kwh *= kept_share(battery, dt)
        stored.append(start_kwh)
    return tuple(stored)


def _sunshine(known: Knowledge, sinks_kw: Series) -> tuple[tuple[PvPlan, ...], Series]:
    """All PV is taken, curtailed only down to the export limit; and the net load that leaves."""
    specs = {pv.id: pv for pv in known.site.pvs}
    plans = []
    net = sinks_kw
    for forecast in known.pvs:
        spec = specs[forecast.id]
        available = tuple(min(max(0.0, power), spec.peak_kw) for power in forecast.available_kw)
        floor = -known.site.grid.export_limit_kw
        given = tuple(
            min(power, max(0.0, sink - floor)) if spec.curtailable else power
            for power, sink in zip(available, net, strict=True)
        )
        lost = tuple(power - kept for power, kept in zip(available, given, strict=True))
        plans.append(PvPlan(id=spec.id, pv_kw=given, curtailed_kw=lost))
        net = tuple(sink - power for sink, power in zip(net, given, strict=True))
    return tuple(plans), net


def _zones(known: Knowledge, hours: Hours) -> tuple[tuple[ZonePlan, ...], tuple[Reason, ...]]:
    """Zones of known temperature and outside; a word for those without a forecast."""
    forecasts = {zone.id: zone for zone in known.zone_forecasts}
    starts = {zone.id: zone.temperature_c for zone in known.zones}
    plans: list[ZonePlan] = []
    notes: list[Reason] = []
    for zone in known.site.zones:
        forecast, start_c = forecasts.get(zone.id), starts.get(zone.id)
        if forecast is None or start_c is None or known.outdoor_temp_c is None:
            text = f"{zone.id}: temperature or forecast unknown, left to its thermostat"
            notes.append(Reason(code=ReasonCode.INPUT_MISSING, text=text))
        else:
            plans.append(_zone(zone, forecast, (known.outdoor_temp_c, hours), start_c))
    return tuple(plans), tuple(notes)


def _zone(
    zone: Zone, forecast: ZoneForecast, field: tuple[Series, Hours], start_c: float
) -> ZonePlan:
    """Powers that bring the zone to the middle of its band by the end of each step."""
    heats: list[float] = []
    cools: list[float] = []
    degrees: list[float] = []
    resistance = zone.resistance_k_per_kw
    band = zip(forecast.low_c, forecast.high_c, forecast.gains_kw, strict=True)
    for (low, high, gains), outdoor, dt in zip(band, *field, strict=True):
        kept = decay(zone, dt)
        wanted = ((low + high) / 2 - kept * start_c) / (1 - kept)
        power = min(max((wanted - outdoor) / resistance - gains, -zone.cool_kw), zone.heat_kw)
        start_c = kept * start_c + (1 - kept) * (outdoor + resistance * (gains + power))
        heats.append(max(0.0, power))
        cools.append(max(0.0, -power))
        degrees.append(start_c)
    return ZonePlan(
        id=zone.id, heat_kw=tuple(heats), cool_kw=tuple(cools), temperature_c=tuple(degrees)
    )


def _electric(known: Knowledge, plan: ZonePlan) -> Series:
    """Electric power of one zone's plant."""
    spec = next(zone for zone in known.site.zones if zone.id == plan.id)
    return tuple(
        heat / spec.cop_heating + cool / spec.cop_cooling
        for heat, cool in zip(plan.heat_kw, plan.cool_kw, strict=True)
    )
