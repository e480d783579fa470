"""Hard limits, rate of change and writes a day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.types import Point, Reverts
from drivers.write_budget import DAY_S, WriteHistory, within_rate, write_objection

POINT = Point(
    device="bat",
    name="power_setpoint",
    unit="kW",
    writable=True,
    hard=(-50.0, 60.0),
    max_rate_per_s=2.0,
    writes_per_day=3,
)


@pytest.mark.parametrize("value", [-50.1, 60.1, float("nan"), float("inf")])
def test_nothing_beyond_the_hard_limits(value: float) -> None:
    assert write_objection(POINT, value, WriteHistory(), 0.0)


def test_no_step_faster_than_the_rate() -> None:
    history = WriteHistory().after(10.0, 100.0)
    assert "may be gone" in write_objection(POINT, 21.0, history, 105.0)
    assert write_objection(POINT, 20.0, history, 105.0) == ""
    assert within_rate(POINT, 40.0, history, 105.0) == 20.0
    assert within_rate(POINT, -40.0, history, 105.0) == 0.0
    assert within_rate(POINT, 500.0, history, 1000.0) == 60.0


def test_refreshing_costs_nothing_and_changes_run_out() -> None:
    history = WriteHistory()
    for turn, value in enumerate((1.0, 2.0, 2.0, 2.0, 3.0)):
        assert write_objection(POINT, value, history, 100.0 * turn) == ""
        history = history.after(value, 100.0 * turn)
    assert history.spent(500.0) == 3
    assert "memory" in write_objection(POINT, 4.0, history, 500.0)
    assert write_objection(POINT, 3.0, history, 500.0) == ""
    assert write_objection(POINT, 4.0, history, DAY_S) == ""


@given(st.lists(st.tuples(st.floats(0, 5000), st.floats(-80, 80)), max_size=60))
def test_what_is_let_through_keeps_every_rule(wishes: list[tuple[float, float]]) -> None:
    history, now_s = WriteHistory(), 0.0
    last: tuple[float, float] | None = None
    for pause_s, wish in wishes:
        now_s += pause_s
        value = within_rate(POINT, wish, history, now_s)
        if write_objection(POINT, value, history, now_s):
            continue
        assert -50 <= value <= 60
        if last is not None and value != last[1]:
            assert abs(value - last[1]) <= 2.0 * (now_s - last[0]) + POINT.tolerance + 1e-9
        if last is None or value != last[1]:
            last = (now_s, value)
        history = history.after(value, now_s)
        assert history.spent(now_s) <= 3
        assert len(history.changes) <= 5


def test_who_reverts_by_itself() -> None:
    assert [kind.value for kind in Reverts if kind.by_itself] == ["timer", "watchdog"]
