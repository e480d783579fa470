"""How often a reading that speaks against a held value has the device looked at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from dead_time_rig import NOON, picture

from drivers.types import Point, Reverts
from edge_agent.doubts import EVERY_S, Doubts
from edge_agent.store.types import LeaseRow, LeaseState

POINT = Point(device="fcu", name="setpoint", unit="degC", writable=True, reverts=Reverts.NONE)
LEASE = LeaseRow(
    device="fcu",
    point="setpoint",
    value=22.0,
    prior=None,
    owner="plan",
    reason="plan of noon",
    command_id="c",
    since=NOON - timedelta(seconds=1),
    expires=NOON + timedelta(hours=1),
    state=LeaseState.ACTIVE,
)


def looks(shown: Iterable[float]) -> list[int]:
    """The seconds at which the device is looked at, with one reading a second."""
    doubts, found = Doubts(), []
    for second, value in enumerate(shown):
        doubts.snapshot = picture(NOON + timedelta(seconds=second), {POINT.key: (value, 0.0)})
        if doubts.due(LEASE, POINT):
            found.append(second)
            doubts.looked(LEASE, POINT)
    return found


def test_another_value_is_looked_at_once_and_at_once() -> None:
    assert looks([22.0] * 3 + [19.0] * 200) == [3]


def test_a_value_that_never_stands_still_does_not_wear_the_device_out() -> None:
    seconds = looks(20.0 + 0.1 * (second % 7) for second in range(300))
    assert seconds == [second for second in range(300) if second % int(EVERY_S) == 0]
    flickering = looks(22.0 + 0.5 * (second % 2) for second in range(300))
    assert len(flickering) == 300 // int(EVERY_S)
    assert flickering[0] == 1
