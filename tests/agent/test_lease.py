"""Which step turns a held lease into the wish: a table."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from wishes import NOW

from drivers.types import Point, Reverts
from edge_agent.lease import STANDING_LEASE_S, TIMER_LEASE_S, Step, lease_s, next_step
from edge_agent.store.types import LeaseRow, LeaseState

POINT = Point(
    device="bat", name="setpoint", unit="kW", writable=True, reverts=Reverts.TIMER, tolerance=0.5
)


def held(state: LeaseState = LeaseState.ACTIVE) -> LeaseRow:
    return LeaseRow(
        device="bat",
        point="setpoint",
        value=10.0,
        prior=None,
        owner="plan:solver",
        reason="",
        command_id="c",
        since=NOW,
        expires=NOW + timedelta(seconds=100),
        state=state,
    )


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("lease", "wish", "age_s", "step"),
    [
        (None, None, 0, Step.NOTHING),
        (None, 10.0, 0, Step.WRITE),
        (held(), None, 0, Step.RELEASE),
        (held(), 10.0, 0, Step.NOTHING),
        (held(), 10.5, 0, Step.NOTHING),
        (held(), 10.6, 0, Step.WRITE),
        (held(), 10.0, 49.9, Step.NOTHING),
        (held(), 10.0, 50, Step.REFRESH),
        (held(), 10.6, 50, Step.WRITE),
        (held(), 10.0, 1000, Step.REFRESH),
        (held(LeaseState.LOST), 10.0, 0, Step.WRITE),
        (held(LeaseState.INTENDED), 10.0, 0, Step.WRITE),
        (held(LeaseState.RELEASING), 10.0, 0, Step.WRITE),
        (held(LeaseState.LOST), None, 0, Step.RELEASE),
    ],
)
def test_step(lease: LeaseRow | None, wish: float | None, age_s: float, step: Step) -> None:
    assert next_step(lease, wish, POINT, after(age_s)) is step


def test_how_long_a_write_holds_follows_the_device() -> None:
    standing = Point(device="fcu", name="setpoint", unit="degC", writable=True)
    assert lease_s(POINT) == TIMER_LEASE_S
    assert lease_s(standing) == STANDING_LEASE_S
