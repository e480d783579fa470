"""Builds the status picture from the agent's parts. Reads only, asks no device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version

from drivers.types import Clock, Driver, Point, Quality
from edge_agent.clock_watch import ClockView
from edge_agent.control import ControlLoop
from edge_agent.dispatch import Dispatch
from edge_agent.feeds.view import FeedView
from edge_agent.flows import flow
from edge_agent.forecasting.view import ForesightView
from edge_agent.guard import Guarded
from edge_agent.health import Alert, AlertBook
from edge_agent.loads_view import load_views
from edge_agent.memory import rss_mb
from edge_agent.planner import Planner
from edge_agent.poll import DevicePoller
from edge_agent.site.load import LoadedSite
from edge_agent.site.schema import Device
from edge_agent.snapshot import Snapshot
from edge_agent.status import (
    AlertView,
    BufferView,
    ClaimView,
    CloudView,
    ControlView,
    Counters,
    DeviceView,
    FlagView,
    OperatorView,
    PlanView,
    PointView,
    QualityView,
    StatusView,
    StuckView,
    TaskView,
)
from edge_agent.store.types import LeaseRow, StoreHealth
from edge_agent.supervise import Supervisor, TaskState
from edge_agent.worker_client import WorkerClient

VERSION = version("semdr-edge")
GRAVE = frozenset({"device_offline", "lease_lost", "optimisation_failure"})
WORST_FIRST = (
    Quality.BAD,
    Quality.MISSING,
    Quality.STALE,
    Quality.UNCERTAIN,
    Quality.ASLEEP,
    Quality.GOOD,
    Quality.NOT_IMPLEMENTED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything the picture is drawn from."""

    loaded: LoadedSite
    clock: Clock
    started_at: datetime
    snapshot: Snapshot
    drivers: Mapping[str, Driver]
    pollers: Mapping[str, DevicePoller]
    control: ControlLoop
    dispatch: Dispatch
    planner: Planner
    worker: WorkerClient
    cloud: CloudView
    store: StoreHealth
    readings_stored: int
    supervisor: Supervisor
    alerts: AlertBook
    unmeasured_blocks: int
    quality: QualityView
    clock_view: ClockView
    feeds: tuple[FeedView, ...] = ()
    foresight: ForesightView = field(default_factory=ForesightView)


def build_status(parts: Parts) -> StatusView:
    """The whole picture now."""
    site = parts.loaded.site
    tasks = tuple(_tasks(parts.supervisor))
    return StatusView(
        site=site.site.id,
        version=VERSION,
        now=parts.snapshot.at,
        started_at=parts.started_at,
        speed=getattr(parts.clock, "speed", 1.0),
        control=site.agent.control,
        healthy=_healthy(parts, tasks),
        flow=flow(site, parts.snapshot, parts.planner.current),
        plan=_plan(parts.planner),
        devices=tuple(_device(device, parts) for device in site.devices),
        controls=tuple(_control(guarded, parts.dispatch) for guarded in parts.control.decisions),
        buffer=_buffer(parts),
        cloud=parts.cloud,
        tasks=tasks,
        alerts=tuple(_alert(alert) for alert in parts.alerts.all),
        counters=_counters(parts),
        quality=parts.quality,
        clock=parts.clock_view,
        stuck=tuple(StuckView(point=p, text=text) for p, text in parts.dispatch.stuck.items()),
        operator=tuple(
            OperatorView(signal=name, limit_kw=one.limit_kw, since=one.since, why=one.why)
            for name, one in parts.control.memory.states.items()
        ),
        off_plan=parts.control.note,
        feeds=parts.feeds,
        foresight=parts.foresight,
        loads=load_views(site, parts.snapshot, parts.planner.current),
    )


def _alert(alert: Alert) -> AlertView:
    seen = alert.acknowledged
    return AlertView(
        code=alert.code,
        subject=alert.subject,
        text=alert.text,
        since=alert.since,
        cleared=alert.cleared,
        severity=alert.severity,
        cause=alert.cause,
        remedy=alert.remedy,
        acknowledged_by="" if seen is None else seen.person,
        acknowledged_at=None if seen is None else seen.at,
        note="" if seen is None else seen.note,
    )


def _healthy(parts: Parts, tasks: tuple[TaskView, ...]) -> bool:
    """Whether it does its work: store, tasks, and no alarm that stops it from steering."""
    grave = any(alert.code in GRAVE for alert in parts.alerts.standing)
    running = all(task.state == TaskState.RUNNING for task in tasks)
    return parts.store.state in ("ok", "slow") and running and not grave


def _tasks(supervisor: Supervisor) -> Iterable[TaskView]:
    for status in supervisor.statuses.values():
        yield TaskView(
            name=status.name,
            state=status.state,
            failures=status.failures,
            last_error=status.last_error,
        )


def _plan(planner: Planner) -> PlanView:
    plan, standing = planner.current, planner.standing
    return PlanView(
        made_at=None if plan is None else plan.made_at,
        source="" if plan is None else plan.source,
        degraded=plan is None or plan.degraded,
        reasons=() if plan is None else tuple(reason.text for reason in plan.reasons),
        ends_at=None if plan is None else plan.grid.end,
        solve_s=0.0 if plan is None else plan.solve_s,
        plans=sum(planner.counts.values()),
        plans_solver=sum(n for source, n in planner.counts.items() if source.by_solver),
        failures_in_a_row=planner.failures_in_a_row,
        rung="released" if standing is None else standing.rung.name.lower(),
        rung_since=None if standing is None else standing.since,
        rung_why="" if standing is None else standing.why,
    )


def _device(device: Device, parts: Parts) -> DeviceView:
    points = tuple(_point(point, parts.snapshot) for point in parts.drivers[device.id].points)
    # A setpoint nobody commands has no value, and that is no fault of the device.
    measured = [point for point in points if not point.writable] or list(points)
    shown = {Quality(point.quality) for point in measured}
    ages_s = [point.age_s for point in points if point.age_s is not None]
    status = parts.pollers[device.id].status
    return DeviceView(
        device=device.id,
        type=device.type,
        link=device.link,
        location=device.location,
        quality=next((quality for quality in WORST_FIRST if quality in shown), Quality.MISSING),
        age_s=min(ages_s, default=None),
        polls=status.polls,
        missed=status.missed,
        points=points,
    )


def _point(point: Point, snapshot: Snapshot) -> PointView:
    seen = snapshot.seen.get(point.key)
    if seen is None:
        return PointView(
            point=point.name,
            value=None,
            unit=point.unit,
            quality=Quality.MISSING,
            reason="not read yet",
            age_s=None,
            writable=point.writable,
        )
    age_s = seen.age_s(snapshot.at)
    stale = seen.latest.quality.usable and age_s is not None and age_s > seen.stale_s
    return PointView(
        point=point.name,
        value=seen.latest.value,
        unit=point.unit,
        quality=Quality.STALE if stale else seen.latest.quality,
        reason=seen.latest.reason,
        age_s=age_s,
        writable=point.writable,
    )


def _control(guarded: Guarded, dispatch: Dispatch) -> ControlView:
    lease = _lease(guarded.point, dispatch.leases)
    outcome = dispatch.outcomes.get(guarded.point)
    return ControlView(
        point=guarded.point,
        wish=guarded.wish,
        value=guarded.value,
        why=guarded.decision.reason,
        cuts=guarded.cuts,
        held=None if lease is None else lease.value,
        lease_state="" if lease is None else lease.state,
        lease_expires=None if lease is None else lease.expires,
        last_result="" if outcome is None else f"{outcome.result} {outcome.reason}".rstrip(),
        claims=tuple(
            ClaimView(
                priority=entry.priority.name.lower(),
                owner=entry.owner,
                reason=entry.reason,
                value=entry.value,
                since=entry.since,
                expires=entry.expires,
                bounds=entry.bounds,
            )
            for entry in guarded.decision.array
        ),
        confined_by="" if guarded.decision.confiner is None else guarded.decision.confiner.who,
        flags=tuple(
            FlagView(code=flag.code, subject=flag.subject, text=flag.text) for flag in guarded.flags
        ),
    )


def _lease(key: str, leases: Iterable[LeaseRow]) -> LeaseRow | None:
    return next((lease for lease in leases if f"{lease.device}.{lease.point}" == key), None)


def _buffer(parts: Parts) -> BufferView:
    health = parts.store
    return BufferView(
        state=health.state,
        commits=health.rows,
        last_seq=health.last_seq,
        readings=parts.readings_stored,
        backlog_commits=parts.cloud.backlog_commits,
        last_commit_at=health.last_commit_at,
        last_commit_ms=health.last_commit_ms,
        failed_commits=health.failed_commits,
        dropped_readings=health.dropped_readings,
        bytes_on_disk=health.bytes_on_disk,
        bytes_used=health.bytes_used,
        budget_bytes=health.budget_bytes,
        space_low=health.space_low,
        notes=health.notes,
    )


def _counters(parts: Parts) -> Counters:
    counts = parts.dispatch.counts
    return Counters(
        ticks=parts.control.counts.done,
        ticks_missed=parts.control.counts.missed,
        writes_verified=counts.verified,
        writes_failed=counts.failed,
        releases=counts.released,
        leases=len(parts.dispatch.leases),
        agent_rss_mb=rss_mb(),
        worker_rss_mb=parts.worker.rss_mb,
        worker_starts=parts.worker.starts,
        unmeasured_blocks=parts.unmeasured_blocks,
    )
