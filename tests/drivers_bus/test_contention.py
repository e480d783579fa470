from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contention import Contention

HOUR_S = 3600.0


def story(*steps: tuple[float, float], limit: int = 3) -> list[bool]:
    """Verdicts after each (hold so long, stand back so long): each hold ends with a change."""
    known, now_s, verdicts = Contention(limit=limit), 0.0, []
    for held_s, back_s in steps:
        now_s += held_s
        known = known.held(held_s).changed(now_s)
        verdicts.append(known.second_master(now_s))
        now_s += back_s
    return verdicts


def test_somebody_who_rewrites_within_minutes_is_a_second_master() -> None:
    assert story((60.0, 0.0), (60.0, 0.0), (60.0, 0.0)) == [False, False, True]


def test_standing_back_for_hours_in_between_hides_nobody() -> None:
    assert story((60.0, 2 * HOUR_S), (60.0, 2 * HOUR_S), (60.0, 2 * HOUR_S))[-1]


def test_a_person_who_turns_the_knob_now_and_then_is_none() -> None:
    assert not any(story(*[(1.5 * HOUR_S, 2 * HOUR_S)] * 10))


def test_a_day_later_it_may_be_tried_again() -> None:
    known = Contention().changed(0.0).changed(10.0).changed(20.0)
    assert known.second_master(86_399.0)
    assert not known.second_master(86_401.0)


@given(
    st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e5)), max_size=30),
    st.integers(1, 6),
)
def test_fewer_changes_than_the_limit_never_are(
    steps: list[tuple[float, float]], limit: int
) -> None:
    assert not any(story(*steps[: limit - 1], limit=limit))


@pytest.mark.parametrize("limit", [1, 3, 5])
def test_the_limit_is_the_number_of_changes(limit: int) -> None:
    verdicts = story(*[(1.0, 0.0)] * limit, limit=limit)
    assert verdicts == [False] * (limit - 1) + [True]
