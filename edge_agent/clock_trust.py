"""How far the clock may be believed, from what was asked and from its own steps. Pure.

`synchronised`: a time service says so. `estimated`: nobody does, but a hardware clock kept the
time or nobody could be asked. `unknown`: it may be off by any amount, or is off for certain.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from drivers.types import Clock

NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
"""This program did not exist before: a clock that says so is wrong, whoever set it."""
STEP_S = 1.0
"""A smaller jump is the work of a time service that slews, or of a busy machine."""


class ClockTrust(StrEnum):
    """How far a time stamp may be believed."""

    SYNCHRONISED = "synchronised"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """What the machine's witnesses say about synchronisation; None = not there, or not allowed."""

    timesyncd: bool | None = None
    timedated: bool | None = None
    chrony: bool | None = None
    kernel: bool | None = None
    hardware_clock: bool | None = None
    """Whether the machine has a clock that runs without power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The clock's state and why."""

    trust: ClockTrust
    reason: str


def judge_clock(probes: Probes, now: datetime, newest_commit: datetime | None) -> Verdict:
    """The verdict at `now` (UTC, as the clock says it); `newest_commit` is the latest stored time.

    A synchronised clock may be earlier than the newest commit: then that one was stamped wrongly.
    """
    if now < NOT_BEFORE:
        reason = f"the clock says {now:%Y-%m-%d}, before this program was made"
        return Verdict(trust=ClockTrust.UNKNOWN, reason=reason)
    by = _witness(probes)
    if by:
        return Verdict(trust=ClockTrust.SYNCHRONISED, reason=f"says {by}")
    if newest_commit is not None and now < newest_commit:
        reason = f"the clock is behind the newest stored reading of {newest_commit:%Y-%m-%dT%H:%MZ}"
        return Verdict(trust=ClockTrust.UNKNOWN, reason=reason)
    answers = (probes.timesyncd, probes.timedated, probes.chrony, probes.kernel)
    if all(answer is None for answer in answers):
        reason = "nobody here can say whether the clock is synchronised"
        return Verdict(trust=ClockTrust.ESTIMATED, reason=reason)
    if probes.hardware_clock:
        reason = "not synchronised; a hardware clock kept the time"
        return Verdict(trust=ClockTrust.ESTIMATED, reason=reason)
    reason = "not synchronised, and no hardware clock kept the time"
    return Verdict(trust=ClockTrust.UNKNOWN, reason=reason)


def _witness(probes: Probes) -> str:
    named = (
        ("systemd-timesyncd", probes.timesyncd),
        ("systemd-timedated", probes.timedated),
        ("chrony", probes.chrony),
        ("the kernel", probes.kernel),
    )
    return next((name for name, answer in named if answer), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The clock read between two looks at the monotonic one, all of one moment."""

    before_s: float
    now: datetime
    after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStep:
    """The clock was set: by `step_s` seconds, forward is positive."""

    at: datetime
    """The time after the step."""
    step_s: float


def step_between(earlier: Sight, later: Sight) -> ClockStep | None:
    """The step of the clock between two sights, as far as it is certain; None when there was none.

    A process that was held up between the looks only makes the answer less certain.
    """
    moved_s = (later.now - earlier.now) / timedelta(seconds=1)
    least_s = later.before_s - earlier.after_s
    most_s = later.after_s - earlier.before_s
    if moved_s > most_s + STEP_S:
        return ClockStep(at=later.now, step_s=moved_s - most_s)
    if moved_s < least_s - STEP_S:
        return ClockStep(at=later.now, step_s=moved_s - least_s)
    return None


def sight(clock: Clock) -> Sight:
    """Read both clocks together."""
    before_s = clock.monotonic_s()
    now = clock.now()
    return Sight(before_s=before_s, now=now, after_s=clock.monotonic_s())
