"""A commanded value is a lease: owner, value, expiry, refresh, release. Pure decisions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from drivers.types import Point
from edge_agent.store.types import LeaseRow, LeaseState

TIMER_LEASE_S = 120.0
"""What a device's own revert timer is set to; refreshed at half of it."""
STANDING_LEASE_S = 1_800.0
"""For devices that cannot revert: how long before the value is written and checked anew, twice."""


class Step(StrEnum):
    """What to do about a point in this tick."""

    NOTHING = "nothing"
    WRITE = "write"
    REFRESH = "refresh"
    RELEASE = "release"


def lease_s(point: Point) -> float:
    """Plant seconds a write holds."""
    return TIMER_LEASE_S if point.reverts.by_itself else STANDING_LEASE_S


def next_step(lease: LeaseRow | None, wish: float | None, point: Point, now: datetime) -> Step:
    """What turns the held lease into the wish; an unchanged value waits for half its lease."""
    if wish is None:
        return Step.NOTHING if lease is None else Step.RELEASE
    if lease is None or lease.state is not LeaseState.ACTIVE:
        return Step.WRITE
    if abs(lease.value - wish) > point.tolerance:
        return Step.WRITE
    half = (lease.expires - lease.since) / 2
    fresh = lease.since <= now < lease.since + half
    # A lease from the future was taken before the clock stepped back: its age is not known.
    return Step.NOTHING if fresh else Step.REFRESH
