"""The lag of a meter is found from the steps we make, and from nothing else."""

from __future__ import annotations

import pytest
from dead_time_figures import noise_kw

from edge_agent.fastloop.lag import ASSUMED_S, EARLIEST_S, Lag, Scale, learned
from edge_agent.fastloop.trace import Trace

RATED_KW = 100.0
QUIET = Scale(RATED_KW, 0.0)


def seen(
    lag_s: float, *, every_s: int = 1, noise: float = 0.0, steps: tuple[int, ...] = (10, 70, 130)
) -> Lag:
    """What 200 s teach: a battery that steps by 20 kW, a meter that shows it `lag_s` late."""

    def own_kw(second: float) -> float:
        return 20.0 * (sum(second >= step for step in steps) % 2)

    other = noise_kw(3, 201, noise, 0.5)
    trace, lag, before = Trace(), Lag(), (0.0, own_kw(-lag_s))
    for second in range(1, 201):
        trace = trace.add(float(second), own_kw(second), 80.0)
        if second % every_s == 0:
            meter_kw = own_kw(second - lag_s) + other[second]
            span_s = (before[0], float(second))
            lag = learned(lag, trace, span_s, meter_kw - before[1], Scale(RATED_KW, noise))
            before = (float(second), meter_kw)
    return lag


@pytest.mark.parametrize("lag_s", [0, 1, 2, 5, 15, 20, 40])
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_found_to_the_second(lag_s: int, noise: float) -> None:
    lag = seen(lag_s, noise=noise)
    assert lag.known
    assert lag.low_s <= lag_s <= lag.high_s
    assert lag.high_s - lag.low_s <= 4


@pytest.mark.parametrize("lag_s", [0, 5, 15])
def test_readings_every_five_seconds_tell_it_too(lag_s: int) -> None:
    lag = seen(lag_s, every_s=5)
    assert lag.known
    assert lag.low_s <= lag_s <= lag.high_s <= lag_s + 8


@pytest.mark.parametrize(
    ("what", "lag"),
    [
        ("no step", seen(5, steps=())),
        ("readings too rare", seen(5, every_s=20)),
        ("a meter that does not see the battery", seen(1000)),
        ("a load that drowns it", seen(5, noise=60.0)),
    ],
)
def test_nothing_is_believed_without_evidence(what: str, lag: Lag) -> None:
    assert (lag.known, lag.low_s, lag.high_s) == (False, -EARLIEST_S, ASSUMED_S), what


def test_a_load_that_steps_like_the_battery_once_may_only_widen_it() -> None:
    trace, lag, before_kw = Trace(), Lag(), 0.0
    for second in range(1, 120):
        own_kw = 30.0 if second >= 10 else 0.0
        trace = trace.add(float(second), own_kw, 80.0)
        load_kw = 30.0 if second >= 40 else 0.0
        meter_kw = load_kw + (30.0 if second >= 12 else 0.0)
        lag = learned(lag, trace, (second - 1.0, float(second)), meter_kw - before_kw, QUIET)
        before_kw = meter_kw
    assert lag.low_s <= 2 <= lag.high_s


def test_a_lag_that_explains_little_of_what_the_meter_did_is_not_believed() -> None:
    trace, lag, before_kw = Trace(), Lag(), 0.0
    for second in range(1, 60):
        trace = trace.add(float(second), 30.0 if second >= 10 else 0.0, 80.0)
        load_kw = 30.0 * sum(second >= step for step in (15, 19, 25, 32))
        meter_kw = load_kw + (30.0 if second >= 12 else 0.0)
        lag = learned(lag, trace, (second - 1.0, float(second)), meter_kw - before_kw, QUIET)
        before_kw = meter_kw
        if second == 13:
            assert (lag.known, lag.low_s, lag.high_s) == (True, 1.0, 3.0)
    other = Lag(scores=lag.scores, moved=lag.moved, bare=lag.bare)
    trace = trace.add(60.0, 31.0, 80.0)
    assert not learned(other, trace, (59.0, 60.0), 0.0, QUIET).known
