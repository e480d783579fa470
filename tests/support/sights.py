"""What the alarm rules look at, by hand: a quiet house, to be changed by the test."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from field_images import NOW
from status_pictures import device, picture

from edge_agent.alarms.sight import (
    BatterySight,
    Beside,
    FeedSight,
    InverterSight,
    MeterSight,
    QualitySight,
    Sight,
)
from edge_agent.clock_trust import ClockTrust
from edge_agent.clock_watch import ClockView
from edge_agent.status import (
    ClaimView,
    ControlView,
    DeviceQuality,
    FindingView,
    FlagView,
    QualityView,
    StuckView,
    TaskView,
)

CALM = picture(devices=(device("meter"),))
BATTERY = BatterySight(
    id="bat",
    capacity_kwh=100.0,
    charge_kw=40.0,
    discharge_kw=50.0,
    soc_percent=50.0,
    soc_read_s=0.0,
    power_kw=0.0,
    temperature_c=25.0,
    current_a=0.0,
    rated_current_a=100.0,
)
INVERTER = InverterSight(id="roof", peak_kw=80.0, power_kw=60.0, irradiance_w_m2=800.0)
METER = MeterSight(point="meter.power", silent_s=2.0, stale_s=30.0)
QUIET = Sight(
    status=CALM,
    beside=Beside(
        monotonic_s=0.0, certificate_days=300.0, feeds=(FeedSight(name="price", ahead_h=20.0),)
    ),
    meter=METER,
    batteries=(BATTERY,),
    inverters=(INVERTER,),
)


def at(sight: Sight, second: float) -> Sight:
    """The same sight, so much later."""
    return replace(sight, beside=replace(sight.beside, monotonic_s=second))


def battery(**changes: Any) -> Sight:
    return replace(QUIET, batteries=(replace(BATTERY, **changes),))


def inverter(**changes: Any) -> Sight:
    return replace(QUIET, inverters=(replace(INVERTER, **changes),))


def meter(silent_s: float) -> Sight:
    return replace(QUIET, meter=replace(METER, silent_s=silent_s))


def grid(what: str, off: float) -> Sight:
    """`what` is voltages, frequencies or distortions."""
    seen: dict[str, Any] = {what: (QualitySight(point="meter.x", off=off, text="off"),)}
    return replace(QUIET, **seen)


def beside(**changes: Any) -> Sight:
    return replace(QUIET, beside=replace(QUIET.beside, **changes))


def status(**changes: Any) -> Sight:
    """Changes of the picture; a dict changes that part of it."""
    parts = {
        name: replace(getattr(CALM, name), **value) if isinstance(value, dict) else value
        for name, value in changes.items()
    }
    return replace(QUIET, status=replace(CALM, **parts))


def silent(age_s: float) -> Sight:
    return status(devices=(device("meter", "missing", age_s),))


def quality(*, alarming: bool) -> Sight:
    low = DeviceQuality(
        device="meter",
        valid=80,
        readings=100,
        valid_share=0.8,
        recent_share=0.8,
        low_since=NOW - timedelta(hours=1),
        alarming=alarming,
    )
    return status(quality=QualityView(devices=(low,)))


def implausible() -> Sight:
    finding = FindingView(point="meter.power", quality="bad", reason="watts?", since=NOW)
    return status(quality=QualityView(findings=(finding,)))


def claimed(
    priority: str,
    expires_s: float | None = 60.0,
    lease_state: str = "active",
    owner: str = "somebody",
) -> Sight:
    """A commanded point with one claim."""
    expires = None if expires_s is None else NOW + timedelta(seconds=expires_s)
    claim = ClaimView(
        priority=priority, owner=owner, reason="a knob was turned", value=1.0, since=NOW,
        expires=expires,
    )  # fmt: skip
    control = ControlView(
        point="fcu.setpoint", wish=1.0, value=1.0, why="", cuts=(), held=1.0,
        lease_state=lease_state, lease_expires=None, last_result="timeout", claims=(claim,),
    )  # fmt: skip
    return status(controls=(control,))


def flagged(code: str) -> Sight:
    """A commanded point at which the guard saw something."""
    flag = FlagView(code=code, subject="bat", text="the contactor is open")
    control = ControlView(
        point="bat.setpoint", wish=1.0, value=None, why="", cuts=(), held=None, lease_state="",
        lease_expires=None, last_result="", claims=(), flags=(flag,),
    )  # fmt: skip
    return status(controls=(control,))


def stuck(*points: str) -> Sight:
    return status(stuck=tuple(StuckView(point=one, text="21 degC stand there") for one in points))


def clock(*, trusted: bool = True, step_s: float | None = None) -> Sight:
    trust = ClockTrust.SYNCHRONISED if trusted else ClockTrust.UNKNOWN
    view = ClockView(trust=trust, reason="no server", since=NOW, last_step_s=step_s)
    return status(clock=view)


def task(state: str) -> Sight:
    return status(tasks=(TaskView(name="plan", state=state, failures=1, last_error="OSError"),))


def plan_ends(seconds: float | None) -> Sight:
    ends_at = None if seconds is None else NOW + timedelta(seconds=seconds)
    return status(plan={"ends_at": ends_at})


def store_says(error: str, state: str = "failing") -> Sight:
    return replace(status(buffer={"state": state}), beside=replace(QUIET.beside, store_error=error))
