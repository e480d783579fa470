"""The fast loop over a load that is known beforehand, tick by tick, for backtests. Pure.

The loop sees the load of the tick before, as a meter would show it; the battery follows within a
tick. What the wires and the delays do to it is not part of this.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from edge_agent.billing import metered
from edge_agent.envelope import ConnectionEnvelope
from edge_agent.fastloop.budget import Charge
from edge_agent.fastloop.corridor import LoopSettings, Site, corridor, held
from edge_agent.fastloop.riding import Lately, lately
from models.types import Battery, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a rehearsal is played with."""

    battery: Battery
    connection: ConnectionEnvelope
    settings: LoopSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """Where a rehearsal stands; powers in kW, import and charging positive."""

    soc_kwh: float
    charges: tuple[Charge, ...]
    """With the peaks so far and the open blocks."""
    load_kw: float
    """Of the last tick."""
    battery_kw: float = 0.0
    import_kwh: float = 0.0
    export_kwh: float = 0.0
    lately: Lately = field(default_factory=Lately)
    """What the loop remembers of the load."""


def rehearse(
    stage: Stage,
    before: Played,
    plan: Plan,
    planned_kw: float,
    loads_kw: Iterable[float],
    start: datetime,
) -> Played:
    """Play `loads_kw` (one a tick, without the battery) under one planned power from `start` on."""
    tick_s, now = stage.settings.tick_s, start
    hours, played = tick_s / 3600.0, before
    for load_kw in loads_kw:
        power_kw = _power_kw(stage, played, plan, planned_kw, now)
        now += timedelta(seconds=tick_s)
        net_kw = load_kw + power_kw
        played = Played(
            soc_kwh=played.soc_kwh + _stored_kwh(stage.battery, power_kw * hours),
            charges=tuple(_billed(charge, now, net_kw, tick_s) for charge in played.charges),
            load_kw=load_kw,
            battery_kw=power_kw,
            import_kwh=played.import_kwh + max(0.0, net_kw) * hours,
            export_kwh=played.export_kwh + max(0.0, -net_kw) * hours,
            lately=lately(played.lately, load_kw, now.timestamp()),
        )
    return played


def _power_kw(stage: Stage, played: Played, plan: Plan, planned_kw: float, now: datetime) -> float:
    """What the loop asks for, as far as rating and stored energy allow."""
    battery = stage.battery
    site = Site(
        connection=stage.connection,
        rated_kw=max(battery.charge_kw, battery.discharge_kw),
        load_kw=played.load_kw,
        battery_kw=played.battery_kw,
        flicker_kw=played.lately.flicker_kw,
        jitter_kw=played.lately.flicker_kw,
    )
    settings = replace(stage.settings, lead_s=0.0) if stage.settings.lead_s else stage.settings
    wish_kw, _ = held(planned_kw, corridor(site, plan, played.charges, now, settings))
    hours = settings.tick_s / 3600.0
    room_kwh = battery.soc_max_share * battery.capacity_kwh - played.soc_kwh
    left_kwh = played.soc_kwh - battery.soc_min_share * battery.capacity_kwh
    high_kw = min(battery.charge_kw, max(0.0, room_kwh) / battery.charge_efficiency / hours)
    low_kw = min(battery.discharge_kw, max(0.0, left_kwh) * battery.discharge_efficiency / hours)
    return min(max(wish_kw, -low_kw), high_kw)


def _stored_kwh(battery: Battery, energy_kwh: float) -> float:
    """What arrives in the cells (or leaves them) for that energy at the AC side."""
    if energy_kwh >= 0:
        return energy_kwh * battery.charge_efficiency
    return energy_kwh / battery.discharge_efficiency


def _billed(charge: Charge, now: datetime, net_kw: float, tick_s: float) -> Charge:
    """The charge after a tick that ended at `now`."""
    block = charge.block
    if block.last_at is None:
        block = replace(block, last_at=now - timedelta(seconds=tick_s))
    block, closed = metered(block, now, net_kw, tick_s)
    average_kw = None if closed is None else closed.average_kw
    return Charge(id=charge.id, peak_kw=max(charge.peak_kw, average_kw or 0.0), block=block)
