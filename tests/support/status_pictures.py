"""Status pictures by hand: a quiet house, to be changed by the test."""

from __future__ import annotations

from datetime import timedelta

from field_images import NOW

from edge_agent.status import (
    BufferView,
    CloudView,
    Counters,
    DeviceView,
    PlanView,
    PointView,
    StatusView,
)


def device(name: str, quality: str = "good", age_s: float | None = 2.0) -> DeviceView:
    """A meter with one point."""
    point = PointView(
        point="power",
        value=60.0 if quality == "good" else None,
        unit="kW",
        quality=quality,
        reason="",
        age_s=age_s,
        writable=False,
    )
    return DeviceView(
        device=name,
        type="smart_meter",
        link="plant_room",
        location="",
        quality=quality,
        age_s=age_s,
        polls=10,
        missed=0,
        points=(point,),
    )


def picture(devices: tuple[DeviceView, ...] = (), up_s: float = 3_600.0) -> StatusView:
    """Everything in order."""
    return StatusView(
        site="small_house",
        version="0.1.0",
        now=NOW,
        started_at=NOW - timedelta(seconds=up_s),
        speed=1.0,
        control="enabled",
        healthy=True,
        flow=None,
        plan=PlanView(
            made_at=NOW,
            source="solver",
            degraded=False,
            reasons=(),
            ends_at=NOW + timedelta(hours=6),
            solve_s=0.1,
            plans=1,
            plans_solver=1,
            failures_in_a_row=0,
        ),
        devices=devices,
        controls=(),
        buffer=BufferView(
            state="ok",
            commits=1,
            last_seq=1,
            readings=10,
            backlog_commits=0,
            last_commit_at=NOW,
            last_commit_ms=2.0,
            failed_commits=0,
            dropped_readings=0,
            bytes_on_disk=4096,
            notes=(),
        ),
        cloud=CloudView(
            transport="none",
            connected=False,
            sent_seq=0,
            acked_seq=None,
            backlog_commits=0,
            last_error="",
            last_sent_at=None,
        ),
        tasks=(),
        alerts=(),
        counters=Counters(
            ticks=1,
            ticks_missed=0,
            writes_verified=0,
            writes_failed=0,
            releases=0,
            leases=0,
            agent_rss_mb=60.0,
            worker_rss_mb=100.0,
            worker_starts=1,
        ),
    )
