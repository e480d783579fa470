"""Snapshot -> Reality: what is known now, and in plain words what is not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from edge_agent.billing import OpenBlock
from edge_agent.billing_month import DAY_S
from edge_agent.circuits import circuit_loads
from edge_agent.flows import flow
from edge_agent.plan_words import Reality
from edge_agent.planning_grid import plan_grid
from edge_agent.plant_memory import Kept
from edge_agent.reality_loads import (
    NO_PAST,
    Past,
    load_gaps,
    own_cycles,
    pressing_work,
    shed_states,
    shiftable_states,
    tank_states,
)
from edge_agent.site.asset_schema import BatteryAsset, ZoneAsset
from edge_agent.site.schema import Site
from edge_agent.site.tariff_schema import DemandCharge, Tariff
from edge_agent.sitemodel import site_model
from edge_agent.snapshot import Snapshot
from edge_agent.steered import steered_now_kw
from edge_agent.tariff.calendar import holidays_in
from edge_agent.tariff.demand import billing_period, measured
from edge_agent.work_days import midnights
from models.knowledge import Knowledge
from models.types import (
    BatteryState,
    DemandTerm,
    PvForecast,
    Reason,
    ReasonCode,
    ZoneState,
    even_grid,
)

RULES_STEP_MIN = 5
RULES_HORIZON_H = 1.0
"""Rules look no further than the present may be trusted to last."""


def reality(
    site: Site,
    tariff: Tariff,
    snapshot: Snapshot,
    peaks: Mapping[str, float],
    blocks: Mapping[str, OpenBlock],
    past: Past = NO_PAST,
) -> Reality:
    """The measured start of a plan; every gap is a reason."""
    assets = site.assets
    gaps = tuple(_gaps(site, snapshot))
    cycles = dict(own_cycles(site, snapshot))
    batteries = tuple(_battery(asset, snapshot, past.kept) for asset in assets.battery)
    zones = tuple(
        ZoneState(id=zone.id, temperature_c=snapshot.value(zone.temperature))
        for zone in assets.hvac.zones
    )
    return Reality(
        at=snapshot.at,
        batteries=batteries,
        zones=zones,
        demand_terms=tuple(
            replace(
                _term(charge, site, snapshot.at, peaks, blocks),
                counts=_counted(charge, site, tariff, snapshot.at),
            )
            for charge in tariff.demand_charges
        ),
        empty_zones=tuple(z.id for z in assets.hvac.zones if _empty(z, snapshot)),
        reasons=(*(_reason(key, effect, snapshot) for key, effect in gaps), *cycles.values()),
        missing=(*(key for key, _ in gaps), *cycles),
        thermal_stores=tank_states(site, snapshot, past),
        shiftables=shiftable_states(site, snapshot, past),
        sheds=shed_states(site, past),
        circuit_loads_kw=tuple(circuit_loads(site, snapshot).items()),
        held_from_kw=tuple((name, kw) for name, kw in past.held_from_kw.items() if kw),
    )


def knowledge(site: Site, tariff: Tariff, snapshot: Snapshot, known: Reality) -> Knowledge:
    """What the rules may rest on: the measured present, held for an hour; None where unknown."""
    grid = even_grid(snapshot.at, RULES_STEP_MIN, RULES_HORIZON_H)
    present = flow(site, snapshot, None)
    works = pressing_work(site, known.shiftables, snapshot.at)
    steered_kw = steered_now_kw(site, snapshot, {one.id for one in works})
    rest_kw = None if present.load_kw is None else present.load_kw - steered_kw
    load_kw = None if rest_kw is None else (rest_kw,) * len(grid)
    pvs = [
        (pv.id, 0.0 if snapshot.asleep(pv.power) else snapshot.value(pv.power))
        for pv in site.assets.pv
    ]
    return Knowledge(
        grid=grid,
        site=site_model(site, tariff),
        load_kw=load_kw,
        pvs=tuple(
            PvForecast(id=pv_id, available_kw=(kw,) * len(grid))
            for pv_id, kw in pvs
            if kw is not None
        ),
        batteries=known.batteries,
        # Rules look at other steps, and keep a peak down at any hour.
        demand_terms=tuple(replace(term, counts=()) for term in known.demand_terms),
        reasons=known.reasons,
        shiftables=works,
        sheds=known.sheds,
        day_starts=midnights(grid, ZoneInfo(site.site.timezone)),
    )


def _battery(asset: BatteryAsset, snapshot: Snapshot, kept: Kept) -> BatteryState:
    percent = snapshot.value(asset.soc)
    usable = percent is not None and snapshot.value(asset.power) is not None
    return BatteryState(
        id=asset.id,
        soc_kwh=percent / 100 * asset.capacity_kwh if usable and percent is not None else None,
        charge_limit_kw=_limit(asset.charge_limit, snapshot),
        discharge_limit_kw=_limit(asset.discharge_limit, snapshot),
        temperature_c=None if asset.temperature is None else snapshot.value(asset.temperature),
        throughput_today_kwh=kept.turned_kwh.get(asset.id, 0.0),
        last_full=kept.full_at.get(asset.id),
    )


def _limit(key: str | None, snapshot: Snapshot) -> float | None:
    """The BMS's live limit; a configured one that is missing counts as 0 kW, as in the guard."""
    if key is None:
        return None
    live_kw = snapshot.value(key)
    return 0.0 if live_kw is None else max(0.0, live_kw)


def _empty(zone: ZoneAsset, snapshot: Snapshot) -> bool:
    return zone.occupancy is not None and snapshot.value(zone.occupancy) == 0.0


def _term(
    charge: DemandCharge,
    site: Site,
    now: datetime,
    peaks: Mapping[str, float],
    blocks: Mapping[str, OpenBlock],
) -> DemandTerm:
    block = blocks.get(charge.id)
    horizon_days = site.planning.horizon_h / 24
    left = billing_period(charge, now, ZoneInfo(site.site.timezone))[1] - now
    left_days = max(left.total_seconds() / DAY_S, horizon_days)
    return DemandTerm(
        id=charge.id,
        price_per_kw=charge.rate_per_kw * horizon_days / left_days,
        peak_so_far_kw=peaks.get(charge.id, 0.0),
        block_s=charge.interval_min * 60,
        open_block_kwh=0.0 if block is None else block.import_kwh,
        open_block_elapsed_s=0.0 if block is None else block.measured_s,
    )


def _counted(charge: DemandCharge, site: Site, tariff: Tariff, now: datetime) -> tuple[float, ...]:
    """Per step of the plan 1 where its import counts for the charge; () = everywhere."""
    if not charge.windows and not charge.months:
        return ()
    zone, is_holiday = ZoneInfo(site.site.timezone), holidays_in(tariff)
    starts = plan_grid(site.planning, now).starts
    return tuple(float(measured(charge, start, zone, is_holiday)) for start in starts)


def _gaps(site: Site, snapshot: Snapshot) -> Iterable[tuple[str, str]]:
    """Points a full plan rests on that have no value now, and what follows."""
    for key, effect in _needs(site):
        if key is not None and snapshot.value(key) is None and not snapshot.asleep(key):
            yield key, effect
    yield from load_gaps(site, snapshot)


def _reason(key: str, effect: str, snapshot: Snapshot) -> Reason:
    seen = snapshot.seen.get(key)
    never = seen is None or seen.usable is None
    code = ReasonCode.INPUT_MISSING if never else ReasonCode.INPUT_STALE
    return Reason(code=code, text=f"{snapshot.why_missing(key)}: {effect}")


def _needs(site: Site) -> Iterable[tuple[str | None, str]]:
    """Every point a full plan rests on, and what happens without it."""
    assets = site.assets
    yield assets.grid.meter, "load comes from history alone"
    for battery in assets.battery:
        for key in (battery.soc, battery.power):
            yield key, f"battery {battery.id} is left alone"
        for limit in (battery.charge_limit, battery.discharge_limit):
            yield limit, f"battery {battery.id} counts 0 kW in that direction"
    for pv in assets.pv:
        yield pv.power, f"PV {pv.id} comes from history alone"
    for zone in assets.hvac.zones:
        yield zone.temperature, f"zone {zone.id} is left to its own thermostat"
    for weather in (assets.weather.temperature, assets.weather.irradiance):
        yield weather, "weather comes from history alone"
    yield assets.hvac.power, "load without heat and cold comes from history alone"
