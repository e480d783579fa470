"""Every meter, inverter and ramp: no limit cycle, no overshoot, settled in three dead times.

The battery is commanded as in the control cycle: fast loop, arbiter, guard.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from dead_time_figures import (
    CELLS,
    RUN_S,
    STEP_S,
    STEPS,
    Figures,
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


def assert_calm(found: Figures) -> None:
    assert found.limit_cycle_share < 0.02
    assert found.overshoot_share <= 0.05
    assert found.settling_dead_times <= 3


BY_NAME = {step.name: step for step in STEPS}


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(step, id=step.name, marks=[] if index % 2 == 0 else [pytest.mark.slow])
        for index, step in enumerate(STEPS)
    ],
)
@pytest.mark.parametrize("cell", NAMED)
def test_the_very_first_step_in_every_cell(cell: Cell, step: Step) -> None:
    assert_calm(answered_cold(cell, step))


@pytest.mark.parametrize("cell", NAMED[::5])
def test_a_step_once_the_lag_is_known(cell: Cell) -> None:
    for step in STEPS:
        assert_calm(answered(cell, step))


@pytest.mark.parametrize("cell", NAMED[::9])
def test_the_loop_alone_in_every_cell(cell: Cell) -> None:
    for step in STEPS:
        assert_calm(answered_cold(replace(cell, guarded=False), step))


@pytest.mark.parametrize("cell", NAMED[::3])
def test_a_lag_kept_over_a_restart_spares_that(cell: Cell) -> None:
    step, late_s = BY_NAME["import limit"], float(cell.meter_delay_s)
    lag = Lag(low_s=max(0.0, late_s - 1), high_s=late_s + 1, known=True)
    tracker = one_battery_tracker(step.limits_kw, cell.tick_s, lag)
    course = run(cell, step.load, RUN_S, flat_plan(), step.limits_kw, tracker)
    assert figures(cell, course).overshoot_share <= 0.05


@pytest.mark.parametrize("own_delay_s", [3, 5])
@pytest.mark.parametrize("cell", NAMED[::9])
def test_a_battery_that_tells_of_itself_late(cell: Cell, own_delay_s: int) -> None:
    late = replace(cell, own_delay_s=own_delay_s)
    for step in STEPS:
        assert_calm(answered_cold(late, step))


@pytest.mark.parametrize("own_delay_s", [0, 5])
@pytest.mark.parametrize("cell", NAMED[1::11])
def test_ticks_and_readings_of_five_seconds(cell: Cell, own_delay_s: int) -> None:
    slow = replace(cell, tick_s=5, meter_every_s=5, own_delay_s=own_delay_s)
    for step in STEPS:
        assert_calm(answered_cold(slow, step))


@pytest.mark.parametrize("gap_s", [3, 6, 10, 20])
@pytest.mark.parametrize(("meter_s", "own_s"), [(0, 0), (2, 0), (5, 3), (15, 0), (2, 3), (2, 5)])
def test_a_second_step_behind_the_first_is_answered_soon(
    meter_s: int, own_s: int, gap_s: int
) -> None:
    """Also while our own first answer could still be what the meter shows."""
    cell = Cell(meter_delay_s=meter_s, inverter_delay_s=1, own_delay_s=own_s, dead_band_kw=1.0)
    second_s = STEP_S + gap_s
    course = run(
        cell,
        lambda now: 80.0 if now < STEP_S else 130.0 if now < second_s else 170.0,
        second_s + 40,
        flat_plan(),
        (100, 1000),
    )
    over = [now for now, kw in enumerate(course.net_kw) if kw > 102]
    assert over[-1] - second_s <= cell.dead_time_s + 12


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
