"""A hotel at 03:10 local time: thirteen hours of flows, a plan for the day, a troubled status."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from edge_agent.flows import Flow
from edge_agent.status import (
    AlertView,
    BufferView,
    ClaimView,
    CloudView,
    ControlView,
    Counters,
    DeviceView,
    PlanView,
    PointView,
    StatusView,
    TaskView,
)
from models.types import BatteryPlan, Plan, PlanSource, Reason, ReasonCode, graded_grid

NOW = datetime(2025, 11, 18, 2, 10, 5, tzinfo=UTC)
STARTED_AT = NOW - timedelta(hours=13)
CAPACITY_KWH = 250.0
HOSTILE = "<img src=x onerror=\"document.title='taken'\"> cellar & 'boiler' room"


def night_load_kw(at: datetime) -> float:
    """A hotel's load over a day: 70 kW at night, 190 kW in the evening."""
    hour = at.hour + at.minute / 60
    return 125.0 - 60.0 * math.cos((hour - 3.0) / 24 * 2 * math.pi) + 3.0 * math.sin(hour * 9)


def battery_kw(at: datetime) -> float:
    """Charges in the night, discharges in the evening."""
    if 1 <= at.hour < 5:
        return 55.0
    return -80.0 if 16 <= at.hour < 19 else 0.0


def soc_percent(at: datetime) -> float:
    """Full in the early morning, low in the evening."""
    hour = at.hour + at.minute / 60
    if 1 <= hour < 5:
        return 22.0 + 17.0 * (hour - 1)
    if 5 <= hour < 16:
        return 90.0
    return max(22.0, 90.0 - 24.0 * (hour - 16)) if hour >= 16 else 22.0


def one_flow(at: datetime) -> Flow:
    """A minute; the battery's BMS was silent from 20:00 to 20:40 UTC."""
    silent = at.hour == 20 and at.minute < 40
    pv_kw = max(0.0, 60.0 * math.sin((at.hour + at.minute / 60 - 7) / 9 * math.pi))
    pv_kw = pv_kw if 7 <= at.hour < 16 else 0.0
    load_kw, charge_kw = night_load_kw(at), battery_kw(at)
    hvac_kw = 18.0 + 6.0 * math.sin(at.minute / 60 * 2 * math.pi)
    grid_kw = load_kw + charge_kw + hvac_kw - pv_kw
    return Flow(
        at=at,
        grid_kw=grid_kw,
        pv_kw=pv_kw,
        battery_kw=None if silent else charge_kw,
        hvac_kw=hvac_kw,
        load_kw=None if silent else load_kw,
        soc_percent=None if silent else soc_percent(at),
        planned_grid_kw=load_kw + charge_kw + 20.0 - pv_kw,
        planned_battery_kw=charge_kw,
        planned_soc_percent=soc_percent(at),
    )


def last_minutes(hours: int) -> tuple[Flow, ...]:
    """One flow a minute, oldest first, the newest at NOW."""
    return tuple(one_flow(NOW - timedelta(minutes=ago)) for ago in range(hours * 60 - 1, -1, -1))


def coming_day() -> Plan:
    """A graded plan made five minutes ago."""
    made_at = NOW - timedelta(minutes=5)
    grid = graded_grid(made_at)
    at = grid.starts
    stored_kwh = tuple(CAPACITY_KWH * soc_percent(end) / 100 for end in (*at[1:], grid.end))
    charge_kw = tuple(battery_kw(moment) for moment in at)
    stale = "temp_003.temperature is stale: zone left out"
    return Plan(
        made_at=made_at,
        grid=grid,
        source=PlanSource.SOLVER,
        grid_kw=tuple(one_flow(moment).planned_grid_kw or 0.0 for moment in at),
        load_kw=tuple(night_load_kw(moment) for moment in at),
        hvac_kw=(20.0,) * len(grid),
        batteries=(BatteryPlan(id="bat", power_kw=charge_kw, soc_kwh=stored_kwh),),
        reasons=(Reason(code=ReasonCode.INPUT_STALE, text=stale),),
        solve_s=1.24,
    )


def point(name: str, value: float | None, unit: str, quality: str, reason: str = "") -> PointView:
    """A point read 4 s ago, or 2 h ago when it has no value."""
    return PointView(
        point=name,
        value=value,
        unit=unit,
        quality=quality,
        reason=reason,
        age_s=7_260.0 if value is None else 4.0,
        writable=name.endswith("setpoint"),
    )


def device(
    name: str, kind: str, quality: str, *points: PointView, location: str = ""
) -> DeviceView:
    """A device on the plant room's link."""
    usable = quality in ("good", "uncertain")
    return DeviceView(
        device=name,
        type=kind,
        link="plant_room",
        location=location,
        quality=quality,
        age_s=4.0 if usable else 7_260.0,
        polls=9_360,
        missed=3 if usable else 121,
        points=points,
    )


def devices() -> tuple[DeviceView, ...]:
    """A meter, a battery, an inverter that does not answer, a lost sensor, a fan coil."""
    silent = point("power", None, "kW", "missing", "no answer within 1.0 s (3 tries)")
    lost = point("temperature", None, "degC", "stale", "last reading two hours ago")
    return (
        device(
            "smart_meter_001",
            "smart_meter",
            "good",
            point("power", 148.32, "kW", "good"),
            point("frequency", 49.987, "Hz", "good"),
            location="main_electrical_room",
        ),
        device(
            "battery_bms_001",
            "battery_bms",
            "uncertain",
            point("soc", 42.0, "%", "uncertain", "rose 1.2 % in 5 s"),
            point("power", 55.0, "kW", "good"),
            point("power_setpoint", 55.0, "kW", "good"),
        ),
        device("pv_inverter_001", "pv_inverter", "missing", silent),
        device("temp_003", "temperature_sensor", "stale", lost, location=HOSTILE),
        device("fcu_101", "controller", "good", point("setpoint", 21.5, "degC", "good")),
    )


def claim(priority: str, owner: str, value: float | None, reason: str) -> ClaimView:
    """A claim of five minutes ago that ends in a quarter of a minute."""
    return ClaimView(
        priority=priority,
        owner=owner,
        reason=reason,
        value=value,
        since=NOW - timedelta(minutes=5),
        expires=NOW + timedelta(seconds=15),
    )


def controls() -> tuple[ControlView, ...]:
    """A battery that the plan charges, and a fan coil that a person took back."""
    made = (NOW - timedelta(minutes=5)).isoformat(timespec="seconds")
    by_plan = claim("plan", "plan:solver", 60.0, f"plan of {made}")
    by_hand = claim("manual", "night porter", None, "guest complains of the cold")
    return (
        ControlView(
            point="battery_bms_001.power_setpoint",
            wish=60.0,
            value=55.0,
            why=f"plan (plan:solver): plan of {made}",
            cuts=("battery takes -125.0..55.0 kW now",),
            held=55.0,
            lease_state="active",
            lease_expires=NOW + timedelta(seconds=85),
            last_result="verified",
            claims=(by_plan,),
        ),
        ControlView(
            point="fcu_101.setpoint",
            wish=None,
            value=None,
            why="manual (night porter): guest complains of the cold",
            cuts=(),
            held=None,
            lease_state="",
            lease_expires=None,
            last_result="timeout no answer within 3.0 s",
            claims=(by_hand, replace(by_plan, value=20.5)),
        ),
    )


def alerts() -> tuple[AlertView, ...]:
    """One that stands and one that has gone."""
    return (
        AlertView(
            code="device_offline",
            subject="pv_inverter_001",
            text="no usable reading for more than 300 s",
            since=NOW - timedelta(hours=2),
            cleared=None,
        ),
        AlertView(
            code="task_failed",
            subject="cloud",
            text="TransportError: connection refused",
            since=NOW - timedelta(hours=5),
            cleared=NOW - timedelta(hours=4, minutes=48),
        ),
    )


def counters() -> Counters:
    """Thirteen hours of control."""
    return Counters(
        ticks=9_358,
        ticks_missed=2,
        writes_verified=812,
        writes_failed=3,
        releases=4,
        leases=1,
        agent_rss_mb=71.4,
        worker_rss_mb=118.9,
        worker_starts=1,
    )


def buffer() -> BufferView:
    """A store that keeps what the cloud has not had yet."""
    return BufferView(
        state="ok",
        commits=4_680,
        last_seq=1_781_507_986,
        readings=1_263_600,
        backlog_commits=312,
        last_commit_at=NOW - timedelta(seconds=6),
        last_commit_ms=3.1,
        failed_commits=0,
        dropped_readings=0,
        bytes_on_disk=18_400_000,
        notes=(),
    )


def cloud() -> CloudView:
    """The line is down."""
    return CloudView(
        transport="mqtt",
        connected=False,
        sent_seq=4_368,
        acked_seq=4_368,
        backlog_commits=312,
        last_error="name or service not known",
        last_sent_at=NOW - timedelta(minutes=52),
    )


def picture(plan: Plan | None, latest: Flow | None) -> StatusView:
    """The whole status; the PV power and so the load are unknown now."""
    unlit = None if latest is None else replace(latest, pv_kw=None, load_kw=None)
    return StatusView(
        site="hotel_main",
        version="0.1.0",
        now=NOW,
        started_at=STARTED_AT,
        speed=1.0,
        control="enabled",
        healthy=False,
        flow=unlit,
        plan=PlanView(
            made_at=None if plan is None else plan.made_at,
            source="" if plan is None else plan.source,
            degraded=plan is None or plan.degraded,
            reasons=() if plan is None else tuple(reason.text for reason in plan.reasons),
            ends_at=None if plan is None else plan.grid.end,
            solve_s=0.0 if plan is None else plan.solve_s,
            plans=53,
            plans_solver=52,
            failures_in_a_row=0,
        ),
        devices=devices(),
        controls=controls(),
        buffer=buffer(),
        cloud=cloud(),
        tasks=(
            TaskView(name="control", state="running", failures=0, last_error=""),
            TaskView(name="plan", state="running", failures=0, last_error=""),
            TaskView(
                name="cloud", state="backing_off", failures=7, last_error="OSError: unreachable"
            ),
        ),
        alerts=alerts(),
        counters=counters(),
    )
