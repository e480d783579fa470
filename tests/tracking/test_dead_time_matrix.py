"""Every meter, inverter and ramp: no limit cycle, no overshoot, settled in three dead times.

The battery is commanded as in the control cycle: fast loop, arbiter, guard.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from dead_time_figures import (
    CELLS,
    RUN_S,
    STEPS,
    Step,
    answered,
    answered_cold,
    figures,
    noise_kw,
    swing_beyond_load,
)
from dead_time_rig import Cell, flat_plan, one_battery_tracker, run

from edge_agent.fastloop.lag import Lag

NAMED = [
    pytest.param(
        cell,
        id=f"meter {cell.meter_delay_s} s, inverter {cell.inverter_delay_s} s, "
        f"ramp {cell.ramp_share_per_s:.0%}/s",
    )
    for cell in CELLS
]
BY_NAME = {step.name: step for step in STEPS}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
@pytest.mark.parametrize("cell", NAMED)
def test_a_step_in_every_cell(cell: Cell, step: Step) -> None:
    found = answered(cell, step)
    assert found.limit_cycle_share < 0.02
    assert found.overshoot_share <= 0.05
    assert found.settling_dead_times <= 3


@pytest.mark.parametrize("cell", NAMED[::5])
def test_the_loop_alone_in_every_cell(cell: Cell) -> None:
    for step in STEPS:
        found = answered_cold(replace(cell, guarded=False), step)
        assert found.limit_cycle_share < 0.02
        assert found.overshoot_share <= 0.05
        assert found.settling_dead_times <= 3


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
@pytest.mark.parametrize("cell", NAMED[1::4])
def test_the_very_first_step_ends_as_calm(cell: Cell, step: Step) -> None:
    """Before the meter's lag is known the guard answers a late meter twice, but only once."""
    found = answered_cold(cell, step)
    assert found.limit_cycle_share < 0.02
    assert found.settling_dead_times <= 3


@pytest.mark.parametrize("cell", NAMED[::3])
def test_a_lag_kept_over_a_restart_spares_that(cell: Cell) -> None:
    step, late_s = BY_NAME["import limit"], float(cell.meter_delay_s)
    lag = Lag(low_s=max(0.0, late_s - 1), high_s=late_s + 1, known=True)
    tracker = one_battery_tracker(step.limits_kw, cell.tick_s, lag)
    course = run(cell, step.load, RUN_S, flat_plan(), step.limits_kw, tracker)
    assert figures(cell, course).overshoot_share <= 0.05


@pytest.mark.parametrize("own_delay_s", [1, 3, 5])
@pytest.mark.parametrize("cell", NAMED[::9])
def test_the_loop_before_a_battery_that_tells_of_itself_late(cell: Cell, own_delay_s: int) -> None:
    late = replace(cell, own_delay_s=own_delay_s, guarded=False)
    for step in STEPS:
        found = answered(late, step)
        assert found.limit_cycle_share < 0.02
        assert found.overshoot_share <= 0.05
        assert found.settling_dead_times <= 3


@pytest.mark.parametrize("cell", NAMED[1::7])
def test_ticks_and_readings_of_five_seconds(cell: Cell) -> None:
    slow = replace(cell, tick_s=5, meter_every_s=5)
    for step in STEPS:
        found = answered(slow, step)
        assert found.limit_cycle_share < 0.02
        assert found.overshoot_share <= 0.05
        assert found.settling_dead_times <= 3


@pytest.mark.parametrize("kept", [0.0, 0.95])
@pytest.mark.parametrize("cell", NAMED[1::9])
def test_a_noisy_load_is_never_swung_up(cell: Cell, kept: float) -> None:
    assert swing_beyond_load(cell, 2.0, kept, BY_NAME["import limit"]) < 0.02
    assert swing_beyond_load(cell, 2.0, kept, BY_NAME["billed block"]) < 0.02


@pytest.mark.parametrize("cell", NAMED[::9])
def test_the_true_block_average_keeps_to_its_target(cell: Cell) -> None:
    noise = noise_kw(5, 1801, 4.0, 0.97)
    course = run(cell, lambda second: 125 + noise[second], 1801, flat_plan(peak_kw=100.0))
    averages = [block.average_kw for block in course.blocks]
    assert len(averages) == 2
    assert all(average is not None and 97 < average <= 100.2 for average in averages)


@pytest.mark.parametrize(("delay_s", "steered"), [(14, True), (16, True), (18, False), (40, False)])
def test_a_meter_too_slow_to_steer_by_is_found_out(delay_s: int, *, steered: bool) -> None:
    tracker = one_battery_tracker((100, 1000), 1)
    step = BY_NAME["import limit"]
    course = run(Cell(meter_delay_s=delay_s), step.load, 240, flat_plan(-7.0), tracker=tracker)
    lag = tracker.state.seen.lag
    assert lag.low_s <= delay_s <= lag.high_s
    assert ("too slow" in tracker.state.note) is not steered
    assert (course.battery_kw[-1] == -7.0) is not steered
