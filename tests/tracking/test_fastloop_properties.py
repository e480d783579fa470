"""Whatever the field says: a finite power inside the rating, and nothing wound up."""

from __future__ import annotations

from datetime import timedelta

from dead_time_rig import (
    METER,
    NOON,
    POWER,
    RATED_KW,
    SOC,
    Cell,
    flat_plan,
    one_battery_tracker,
    picture,
    run,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.billing import OpenBlock
from edge_agent.fastloop.budget import Charge
from edge_agent.fastloop.load import load_estimate
from edge_agent.fastloop.split import Part, split

KW = st.floats(-1e6, 1e6)
MAYBE = st.one_of(st.none(), KW)
GAP_S = st.floats(-900, 900)
TICK = st.tuples(GAP_S, MAYBE, MAYBE, st.floats(0, 120), st.floats(0, 1e6), st.floats(0, 900))


@given(
    ticks=st.lists(TICK, min_size=1, max_size=12),
    plan_kw=st.floats(-300, 300),
    peak_kw=st.one_of(st.none(), st.floats(0, 1e6)),
    limits_kw=st.tuples(st.floats(0, 1e4), st.floats(0, 1e4)),
)
def test_always_a_finite_power_inside_the_rating(
    ticks: list[tuple[float, float | None, float | None, float, float, float]],
    plan_kw: float,
    peak_kw: float | None,
    limits_kw: tuple[float, float],
) -> None:
    tracker = one_battery_tracker(limits_kw, 5)
    plan, second = flat_plan(plan_kw, peak_kw, hours=24), 3600.0
    for gap_s, meter_kw, own_kw, age_s, import_kwh, measured_s in ticks:
        second = max(0.0, second + gap_s)
        now = NOON + timedelta(seconds=second)
        read = {METER: meter_kw, POWER: own_kw, SOC: 50.0}
        values = {key: (kw, age_s) for key, kw in read.items() if kw is not None}
        start = now - timedelta(seconds=measured_s)
        block = OpenBlock(
            start=start, block_s=900, import_kwh=import_kwh, measured_s=measured_s, last_at=now
        )
        charges = (Charge(id="peak", peak_kw=0.0, block=block),)
        entries = tracker.step(plan, picture(now, values), charges, now, 15.0)
        steered = meter_kw is not None and own_kw is not None and age_s <= 90
        for entry in entries:
            assert entry.value is not None
            # Without a meter the plan stands as it is, and the guard cuts it.
            assert abs(entry.value) <= (RATED_KW if steered else max(RATED_KW, 301.0))


@given(st.lists(KW, min_size=1), st.lists(st.tuples(KW, KW), min_size=1))
def test_the_estimate_never_leaves_the_range_of_the_true_load(
    loads_kw: list[float], movements_kw: list[tuple[float, float]]
) -> None:
    """True as long as the battery's true power lies in its hull."""
    estimate_kw: float | None = loads_kw[0]
    for load_kw, (first, second) in zip(loads_kw, movements_kw, strict=False):
        own_kw = (min(first, second), max(first, second))
        estimate_kw = load_estimate(estimate_kw, load_kw + first, own_kw)
        slack_kw = 1e-6
        assert min(loads_kw) - slack_kw <= estimate_kw <= max(loads_kw) + slack_kw


@settings(max_examples=25)
@given(
    st.integers(0, 15),
    st.integers(0, 5),
    st.sampled_from([0.1, 0.3, 1.0]),
    st.floats(150, 400),
    st.integers(30, 90),
)
def test_nothing_is_wound_up(
    meter_s: int, inverter_s: int, ramp: float, high_kw: float, lasts_s: int
) -> None:
    """However long a load is beyond the battery's power: soon after it, all is as before."""
    cell = Cell(meter_delay_s=meter_s, inverter_delay_s=inverter_s, ramp_share_per_s=ramp)
    end = 10 + lasts_s
    after = end + int(3 * cell.dead_time_s + 1 / ramp) + 1
    course = run(
        cell,
        lambda second: high_kw if 10 <= second < end else 40.0,
        after + 20,
        flat_plan(15.0),
        limits_kw=(100, 1000),
    )
    assert set(course.battery_kw[after:]) == {15.0}


@given(
    st.lists(
        st.builds(
            lambda planned, down, up: Part(planned, -down, up),
            st.floats(-100, 100),
            st.floats(0, 100),
            st.floats(0, 100),
        ),
        min_size=1,
        max_size=4,
    ),
    st.floats(-1000, 1000),
)
def test_a_total_is_shared_out_as_far_as_it_goes(parts: list[Part], total_kw: float) -> None:
    powers = split(total_kw, parts)
    low_kw, high_kw = sum(part.low_kw for part in parts), sum(part.high_kw for part in parts)
    assert abs(sum(powers) - min(max(total_kw, low_kw), high_kw)) < 1e-6 or (
        total_kw == sum(part.planned_kw for part in parts)
    )
