"""What a trace keeps, and the lowest and highest power it has seen."""

from __future__ import annotations

import pytest

from edge_agent.fastloop.trace import Trace


def trace(*samples: tuple[float, float], keep_s: float = 100.0) -> Trace:
    made = Trace()
    for at_s, kw in samples:
        made = made.add(at_s, kw, keep_s)
    return made


RISING = trace((0, 0), (10, 1), (20, 2), (30, 3))


@pytest.mark.parametrize(
    ("from_s", "to_s", "reach_back", "wanted"),
    [
        (10, 20, False, (1, 3)),
        (10, 20, True, (0, 3)),
        (11, 19, False, (1, 2)),
        (11, 19, True, (1, 2)),
        (31, 40, False, (3, 3)),
        (31, 40, True, (3, 3)),
        (-9, -1, False, (0, 0)),
        (-9, 5, True, (0, 1)),
        (30, 30, False, (3, 3)),
        (25, 99, True, (2, 3)),
    ],
)
def test_the_hull_of_a_span(
    from_s: float, to_s: float, *, reach_back: bool, wanted: tuple[float, float]
) -> None:
    assert RISING.hull(from_s, to_s, reach_back=reach_back) == wanted


def test_nothing_seen_has_no_hull() -> None:
    assert Trace().hull(0, 1, reach_back=True) is None
    assert Trace().last_s == float("-inf")


@pytest.mark.parametrize(
    ("at_s", "wanted"), [(-5, 0), (0, 0), (5, 0.5), (25, 2.5), (30, 3), (99, 3)]
)
def test_straight_between_samples(at_s: float, wanted: float) -> None:
    assert RISING.at(at_s) == wanted


def test_what_is_too_old_is_forgotten_but_for_one_sample() -> None:
    assert trace((0, 0), (10, 1), (20, 2), (30, 3), keep_s=15).at_s == (10, 20, 30)


def test_the_same_moment_twice_is_one_sample() -> None:
    assert trace((0, 1), (0, 2)).kw == (1,)


def test_a_clock_that_steps_back_starts_anew() -> None:
    assert trace((0, 1), (10, 2), (5, 3)) == Trace((5,), (3,))
