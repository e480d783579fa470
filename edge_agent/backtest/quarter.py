"""One quarter hour of a simulated site under one planned power: the fast loop on its meter.

Where nothing holds the battery off the plan the quarter is summed at once, which gives what the
loop would have given tick by tick; near the billed block's target the loop ticks every 5 s, in
between every minute.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from edge_agent.backtest.data_file import QUARTER_S
from edge_agent.backtest.meter import FINE, FINE_S
from edge_agent.backtest.plain_policies import HOURS, able_kw, stored_kwh
from edge_agent.billing import metered, open_block
from edge_agent.fastloop.budget import Charge, targets_kw
from edge_agent.fastloop.corridor import LoopSettings
from edge_agent.fastloop.rehearsal import Played, Stage, rehearse
from models.forecast.history import Floats
from models.types import Plan

NEAR_SHARE = 0.05
"""Of the battery's rating: a mean so near its target is followed every 5 s."""
COARSE = 12
"""Samples in a tick of a minute."""


@dataclass(frozen=True, slots=True, eq=False)
class Quarter:
    """What one quarter hour came to."""

    played: Played
    import_kwh: float
    export_kwh: float
    charged_kwh: float
    discharged_kwh: float


def play(
    stage: Stage, before: Played, plan: Plan, planned_kw: float, loads_kw: Floats, start: datetime
) -> Quarter:
    """Play 180 samples of 5 s (kW without the battery) from `start` on."""
    battery, rated_kw = stage.battery, max(stage.battery.charge_kw, stage.battery.discharge_kw)
    targets = [kw for kw in targets_kw(plan, before.charges) if kw is not None]
    settings = stage.settings
    limit_kw = stage.connection.import_limit_kw - settings.import_margin_share * rated_kw
    aim_kw = min([limit_kw, *(kw - settings.target_margin_share * rated_kw for kw in targets)])
    floor_kw = settings.export_margin_share * rated_kw - stage.connection.export_limit_kw
    net_kw = loads_kw + planned_kw
    inside = planned_kw == able_kw(battery, before.soc_kwh, planned_kw)
    if inside and net_kw.max() <= aim_kw and net_kw.min() >= floor_kw:
        return _at_once(stage, before, planned_kw, loads_kw, start)
    near = net_kw.mean() > aim_kw - NEAR_SHARE * rated_kw
    ticks = loads_kw if near else loads_kw.reshape(-1, COARSE).mean(axis=1)
    return _ticked(stage, before, (plan, planned_kw), ticks, start)


def _at_once(
    stage: Stage, before: Played, power_kw: float, loads_kw: Floats, start: datetime
) -> Quarter:
    net_kw = loads_kw + power_kw
    import_kwh = float(np.maximum(net_kw, 0.0).sum()) * FINE_S / 3600.0
    after = Played(
        soc_kwh=before.soc_kwh + stored_kwh(stage.battery, power_kw * HOURS),
        charges=tuple(_advanced(charge, import_kwh / HOURS, start) for charge in before.charges),
        load_kw=float(loads_kw[-1]),
        battery_kw=power_kw,
        lately=before.lately,
    )
    return Quarter(
        played=after,
        import_kwh=import_kwh,
        export_kwh=float(np.maximum(-net_kw, 0.0).sum()) * FINE_S / 3600.0,
        charged_kwh=max(0.0, power_kw) * HOURS,
        discharged_kwh=max(0.0, -power_kw) * HOURS,
    )


def _advanced(charge: Charge, import_kw: float, start: datetime) -> Charge:
    """The charge after a quarter hour of that mean import."""
    block = charge.block
    if block.last_at is None:
        block = replace(block, last_at=start)
    end = start + timedelta(seconds=QUARTER_S)
    block, closed = metered(block, end, import_kw, QUARTER_S)
    average_kw = None if closed is None else closed.average_kw
    return Charge(id=charge.id, peak_kw=max(charge.peak_kw, average_kw or 0.0), block=block)


def _ticked(
    stage: Stage,
    before: Played,
    wish: tuple[Plan, float],
    loads_kw: Floats,
    start: datetime,
) -> Quarter:
    tick_s = QUARTER_S / len(loads_kw)
    stage = replace(stage, settings=replace(stage.settings, tick_s=tick_s, lead_s=0.0))
    plan, planned_kw = wish
    played = replace(before, import_kwh=0.0, export_kwh=0.0)
    charged = discharged = 0.0
    now, hours = start, tick_s / 3600.0
    for load_kw in loads_kw.tolist():
        played = rehearse(stage, played, plan, planned_kw, (load_kw,), now)
        now += timedelta(seconds=tick_s)
        charged += max(0.0, played.battery_kw) * hours
        discharged += max(0.0, -played.battery_kw) * hours
    return Quarter(played, played.import_kwh, played.export_kwh, charged, discharged)


def loop_settings() -> LoopSettings:
    """As in a running gateway, without delays: nothing travels over wires here."""
    return LoopSettings(tick_s=FINE_S, lead_s=0.0)


def fresh_charge(name: str, at: datetime, block_s: int, peak_kw: float = 0.0) -> Charge:
    """A demand charge at the beginning of its billing period, so much billed already."""
    return Charge(id=name, peak_kw=peak_kw, block=open_block(at, block_s))


SAMPLES = FINE
