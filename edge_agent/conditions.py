"""What is wrong right now, read off the status picture. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.clock_trust import ClockTrust
from edge_agent.health import Condition
from edge_agent.local_overrides import SECOND_MASTER
from edge_agent.quality_kpi import ALARM_SHARE
from edge_agent.status import StatusView

OFFLINE_S = 300.0
"""A device without a usable reading for longer is offline."""
MAX_FAILED_PLANS = 2
"""More failed plans in a row than this are an alarm."""


def conditions(status: StatusView) -> Iterator[Condition]:
    """One condition per thing that is wrong."""
    yield from _devices(status)
    yield from _house(status)
    yield from _quality(status)
    yield from _clock(status)
    for task in status.tasks:
        if task.state == "backing_off":
            yield Condition(code="task_failed", subject=task.name, text=task.last_error)
    yield from _leases(status)
    yield from _second_masters(status)
    yield from _seen_by_guard(status)


def _leases(status: StatusView) -> Iterator[Condition]:
    for control in status.controls:
        if control.lease_state == "lost":
            text = f"what the device holds is unknown: {control.last_result}"
            yield Condition(code="lease_lost", subject=control.point, text=text)
    for stuck in status.stuck:
        yield Condition(code="orphaned_lease", subject=stuck.point, text=stuck.text)


def _seen_by_guard(status: StatusView) -> Iterator[Condition]:
    """What only the guard can tell; its other flags have a rule with a delay of their own."""
    for control in status.controls:
        for flag in control.flags:
            if flag.code == "battery_fault":
                yield Condition(code="battery_fault", subject=flag.subject, text=flag.text)
            elif flag.code == "hygiene_cycle":
                yield Condition(code="hygiene_cycle", subject=flag.subject, text=flag.text)


def _second_masters(status: StatusView) -> Iterator[Condition]:
    """Points that another controller keeps rewriting; we write there no longer."""
    for control in status.controls:
        for claim in control.claims:
            if claim.owner == SECOND_MASTER and claim.expires is not None:
                text = (
                    f"another controller keeps changing it ({claim.reason}); left alone until"
                    f" {claim.expires:%d.%m. %H:%M}Z: switch one of the two off, then release it"
                )
                yield Condition(code="second_master", subject=control.point, text=text)


def _quality(status: StatusView) -> Iterator[Condition]:
    counted = (() if status.quality.site is None else (status.quality.site,)) + (
        status.quality.devices
    )
    for one in counted:
        if one.alarming and one.recent_share is not None and one.low_since is not None:
            text = f"valid readings below {ALARM_SHARE:.0%} since {one.low_since:%H:%M}Z"
            yield Condition(code="data_quality_low", subject=one.device or status.site, text=text)
    for finding in status.quality.findings:
        yield Condition(code="implausible", subject=finding.point, text=finding.reason)


def _clock(status: StatusView) -> Iterator[Condition]:
    if status.clock.trust is ClockTrust.UNKNOWN and status.clock.since is not None:
        yield Condition(code="clock_untrusted", subject="clock", text=status.clock.reason)
    if status.clock.last_step_s is not None:
        text = f"the clock was set by {status.clock.last_step_s:+.1f} s"
        yield Condition(code="clock_stepped", subject="clock", text=text)


def _devices(status: StatusView) -> Iterator[Condition]:
    up_s = (status.now - status.started_at).total_seconds()
    for device in status.devices:
        silent_s = up_s if device.age_s is None else device.age_s
        if silent_s > OFFLINE_S and device.quality != "asleep":
            text = f"no usable reading for more than {OFFLINE_S:.0f} s"
            yield Condition(code="device_offline", subject=device.device, text=text)


def _house(status: StatusView) -> Iterator[Condition]:
    if status.plan.failures_in_a_row > MAX_FAILED_PLANS:
        text = f"{status.plan.failures_in_a_row} plans in a row without the solver"
        yield Condition(code="optimisation_failure", subject="planner", text=text)
    if status.counters.unmeasured_blocks:
        text = f"{status.counters.unmeasured_blocks} billing blocks in a row were hardly measured"
        yield Condition(code="billing_unmeasured", subject="meter", text=text)
    if status.cloud.last_error:
        yield Condition(code="cloud_trouble", subject="cloud", text=status.cloud.last_error)
    yield from _store(status)


STORE_TROUBLE = {
    "slow": "the disk takes seconds for a commit; commits are made less often",
    "failing": "the disk takes nothing; readings wait in memory, no new lease is taken",
    "in_memory": "the file cannot be written at all; ten minutes of readings are in memory",
}


def _store(status: StatusView) -> Iterator[Condition]:
    text = STORE_TROUBLE.get(status.buffer.state)
    if text is not None:
        yield Condition(code=f"storage_{status.buffer.state}", subject="store", text=text)
    if status.buffer.space_low:
        room = f"{status.buffer.bytes_used / 1e6:.0f} of {status.buffer.budget_bytes / 1e6:.0f} MB"
        text = f"the store uses {room}: older readings are given up or thinned"
        yield Condition(code="storage_space_low", subject="store", text=text)
