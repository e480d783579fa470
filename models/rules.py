"""Plans without a solver: `rules_plan` by a few fixed rules, `safe_plan` when even those lack data.

Pure Python, so the agent can make them when its worker is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from models.knowledge import Knowledge, knowledge_of
from models.physics import Hours, hours_of, kept_share
from models.plant_power import hvac_power
from models.pricing import billed_peak, carbon_of, price_plan
from models.readout_events import event_plans
from models.rules_batteries import battery_rules, known_batteries
from models.rules_loads import shed_rules, shiftable_rules
from models.rules_rooms import Wish, store_rules, zone_rules
from models.types import (
    Battery,
    BatteryPlan,
    Plan,
    PlanSource,
    Problem,
    PvPlan,
    Reason,
    ReasonCode,
    Series,
    ShiftablePlan,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is rather done than the rules, by id, where it can be."""

    batteries: Mapping[str, Wish] = field(default_factory=dict)
    zones: Mapping[str, Wish] = field(default_factory=dict)
    thermal_stores: Mapping[str, Wish] = field(default_factory=dict)
    shiftables: tuple[ShiftablePlan, ...] | None = None


def rules_plan(
    source: Problem | Knowledge, now: datetime, reasons: tuple[Reason, ...] = ()
) -> Plan:
    """Charge from PV surplus, cap import, hold zones and tanks, do jobs at once, shed in events.

    Safe without a load. `reasons` says why no better plan is at hand. Assets whose state or
    forecast is unknown are left out of the plan.
    """
    known = knowledge_of(source) if isinstance(source, Problem) else source
    if known.load_kw is None:
        missing = Reason(code=ReasonCode.INPUT_MISSING, text="no load forecast, so no rules")
        return safe_plan(known, now, (*reasons, missing))
    plan = followed(known, known.load_kw, now, (Wishes(), reasons))
    if not isinstance(source, Problem):
        return plan
    return priced(source, plan)


def priced(problem: Problem, plan: Plan) -> Plan:
    """The plan with its cost and its emissions."""
    return replace(plan, cost=price_plan(problem, plan), carbon=carbon_of(problem, plan))


def followed(
    known: Knowledge,
    load_kw: Series,
    now: datetime,
    asked: tuple[Wishes, tuple[Reason, ...]],
) -> Plan:
    """The rules around what is `asked` (and why), from the measured state and within all limits."""
    wishes, reasons = asked
    hours = hours_of(known.grid.step_s)
    zones, notes = zone_rules(known, hours, wishes.zones)
    stores, more = store_rules(known, hours, wishes.thermal_stores)
    hvac = hvac_power(known.site, zones, known.outdoor_temp_c or (0.0,) * len(hours))
    runs = shiftable_rules(known) if wishes.shiftables is None else wishes.shiftables
    sheds = shed_rules(known)
    sinks = [load_kw, hvac, *(run.power_kw for run in runs)]
    sinks += [store.electric_kw for store in stores]
    sinks += [tuple(-off for off in shed.shed_kw) for shed in sheds]
    sinks += [shed.rebound_kw for shed in sheds]
    pvs, net = _sunshine(known, _sum(sinks, len(hours)))
    batteries, net = battery_rules(known, net, wishes.batteries)
    return Plan(
        made_at=now,
        grid=known.grid,
        source=PlanSource.RULES,
        grid_kw=net,
        load_kw=load_kw,
        hvac_kw=hvac,
        batteries=batteries,
        zones=zones,
        pvs=pvs,
        peaks_kw=_peaks(known, net),
        reasons=(*known.reasons, *reasons, *notes, *more, *_unknown(known)),
        thermal_stores=stores,
        shiftables=runs,
        sheds=sheds,
        events=event_plans(known.grid, known.events, known.demand_terms, net),
    )


def safe_plan(source: Problem | Knowledge, now: datetime, reasons: tuple[Reason, ...] = ()) -> Plan:
    """Batteries at 0 kW, nothing else commanded; series that are not known are empty."""
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
            for battery, state in known_batteries(known)
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
        billed_peak(known.grid, grid_kw, terms[charge], known.peak_margin_kw)
        for charge in known.site.demand_charges
    )


def _unknown(known: Knowledge) -> tuple[Reason, ...]:
    """A word for every PV plant the balance had to do without."""
    given = {pv.id for pv in known.pvs}
    return tuple(
        Reason(code=ReasonCode.INPUT_MISSING, text=f"{pv.id}: no forecast, left out of the balance")
        for pv in known.site.pvs
        if pv.id not in given
    )


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
        available = tuple(min(max(0.0, power), spec.rated_kw) for power in forecast.available_kw)
        floor = -known.site.grid.export_limit_kw
        given = tuple(
            min(power, max(0.0, sink - floor)) if spec.curtailable else power
            for power, sink in zip(available, net, strict=True)
        )
        lost = tuple(power - kept for power, kept in zip(available, given, strict=True))
        plans.append(PvPlan(id=spec.id, pv_kw=given, curtailed_kw=lost))
        net = tuple(sink - power for sink, power in zip(net, given, strict=True))
    return tuple(plans), net
