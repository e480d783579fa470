"""A year of minutes: tracking, arbiter and guard around a hotel's load, by a clock of our own."""

from __future__ import annotations

import math
import random
import time
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from drivers.types import Quality, Reading
from edge_agent.arbiter import arbitrate
from edge_agent.billing import metered, open_block
from edge_agent.envelope import BatteryEnvelope, ConnectionEnvelope, Envelope
from edge_agent.fastloop.budget import Charge
from edge_agent.fastloop.corridor import LoopSettings
from edge_agent.fastloop.tracker import Tracker
from edge_agent.guard import guard_cycle
from edge_agent.guarding.recall import Recall
from edge_agent.snapshot import Seen, Snapshot
from edge_agent.tracking import Actuators
from models.types import BatteryPlan, Plan, PlanSource, TimeGrid

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTES = 365 * 24 * 60
SETPOINT, METER, POWER, SOC = "bat.setpoint", "meter.power", "bat.power", "bat.soc"
NAMES = {key: tuple(key.split(".")) for key in (METER, POWER, SOC)}
CAPACITY_KWH, RATED_KW = 250.0, 125.0
BLOCK_S = 900
ENVELOPES: dict[str, Envelope] = {
    SETPOINT: BatteryEnvelope(
        point=SETPOINT,
        soc=SOC,
        power=POWER,
        charge_kw=RATED_KW,
        discharge_kw=RATED_KW,
        soc_min_percent=10.0,
        soc_max_percent=95.0,
        charge_limit=None,
        discharge_limit=None,
        connection=ConnectionEnvelope(meter=METER, import_limit_kw=600, export_limit_kw=300),
    )
}


def year_of_minutes_s() -> tuple[float, float]:
    """A year of ticks a minute apart: seconds of the processor, and by the wall."""
    tracker = Tracker(
        ENVELOPES, Actuators(batteries=(("bat", SETPOINT),)), LoopSettings(tick_s=60.0)
    )
    loads = _loads_kw(seed=1)
    block, peak_kw = open_block(START, BLOCK_S), 0.0
    power_kw, soc_kwh, plan, recall = 0.0, CAPACITY_KWH / 2, _plan(START), Recall()
    started_s, wall_s = time.process_time(), time.perf_counter()
    for minute in range(MINUTES):
        now = START + timedelta(minutes=minute)
        if minute % 1440 == 0:
            plan = _plan(now)
        meter_kw = loads[minute] + power_kw
        block, closed = metered(block, now, meter_kw, 120.0)
        if closed is not None:
            peak_kw = max(peak_kw, closed.average_kw or 0.0)
        snapshot = _snapshot(now, meter_kw, power_kw, 100.0 * soc_kwh / CAPACITY_KWH)
        charges = (Charge(id="peak", peak_kw=peak_kw, block=block),)
        entries = tracker.step(plan, snapshot, charges, now, 180.0)
        decisions = arbitrate(ENVELOPES, entries, now)
        cycle = guard_cycle(decisions, ENVELOPES, snapshot, recall, tracker.loads)
        recall, power_kw = cycle.recall, cycle.guarded[0].value or 0.0
        soc_kwh += power_kw / 60.0 * (0.95 if power_kw > 0 else 1 / 0.95)
    return time.process_time() - started_s, time.perf_counter() - wall_s


def _loads_kw(seed: int) -> list[float]:
    """A day's shape with slowly wandering noise, kW by the minute."""
    draw, wander, shape = random.Random(seed), 0.0, []  # noqa: S311 - a load, not a secret
    for minute in range(MINUTES):
        wander = 0.98 * wander + draw.gauss(0.0, 6.0)
        shape.append(200.0 - 80.0 * math.cos(2 * math.pi * minute / 1440) + wander)
    return shape


def _plan(day: datetime) -> Plan:
    """Charges at night and gives in the evening; keeps the peak at 270 kW."""
    powers = tuple(40.0 if step < 20 else -45.0 if 68 <= step < 84 else 0.0 for step in range(96))
    return Plan(
        made_at=day,
        grid=TimeGrid(start=day, step_s=(BLOCK_S,) * 96),
        source=PlanSource.SOLVER,
        grid_kw=(),
        load_kw=(),
        hvac_kw=(),
        batteries=(BatteryPlan(id="bat", power_kw=powers, soc_kwh=(0.0,) * 96),),
        peaks_kw=(270.0,),
    )


def _snapshot(now: datetime, meter_kw: float, power_kw: float, soc: float) -> Snapshot:
    values = ((METER, meter_kw), (POWER, power_kw), (SOC, soc))
    return Snapshot(at=now, seen=MappingProxyType({key: _seen(key, v, now) for key, v in values}))


def _seen(key: str, value: float, now: datetime) -> Seen:
    device, point = NAMES[key]
    reading = Reading(
        device=device, point=point, value=value, unit="kW", at=now, quality=Quality.GOOD
    )
    return Seen(latest=reading, usable=reading, stale_s=180.0)
