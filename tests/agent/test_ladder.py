"""The ladder by cycles: down at once, up after a trial, and no trial for what has not fallen."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import NOON

from edge_agent.ladder import GOOD_PLANS, RUNGS, TRIAL, Ladder, Rung, step
from models.types import PlanSource

SOLVER, LAST, RULES, SAFE = Rung.SOLVER, Rung.LAST, Rung.RULES, Rung.SAFE
Cycle = list[tuple[float, Rung, Rung]]
"""Seconds after noon, the rung a plan could be had from, the rung it stands on then."""

CYCLES: dict[str, Cycle] = {
    "a start climbs at once": [(0, RULES, RULES), (1, SOLVER, SOLVER)],
    "a start without a meter climbs at once": [
        (0, SAFE, SAFE), (1, RULES, RULES), (2, SOLVER, SOLVER),
    ],
    "it falls at once": [(0, SOLVER, SOLVER), (1, LAST, LAST), (2, RULES, RULES), (3, SAFE, SAFE)],
    "the last plan is left at once": [(0, SOLVER, SOLVER), (1, LAST, LAST), (2, SOLVER, SOLVER)],
    "two plans and a minute": [
        (0, SOLVER, SOLVER), (1, RULES, RULES), (2, SOLVER, RULES), (61, SOLVER, RULES),
        (62, SOLVER, SOLVER),
    ],
    "a minute alone is not enough": [
        (0, SOLVER, SOLVER), (1, RULES, RULES), (2, SOLVER, RULES), (300, SOLVER, SOLVER),
    ],
    "a failure in the trial begins it anew": [
        (0, SOLVER, SOLVER), (1, RULES, RULES), (2, SOLVER, RULES), (50, RULES, RULES),
        (70, SOLVER, RULES), (129, SOLVER, RULES), (130, SOLVER, SOLVER),
    ],
    "rung by rung": [
        (0, RULES, RULES), (1, SAFE, SAFE), (2, RULES, SAFE), (62, RULES, RULES),
        (63, SOLVER, RULES), (123, SOLVER, SOLVER),
    ],
    "a worse fall ends the trial": [
        (0, SOLVER, SOLVER), (1, RULES, RULES), (2, SOLVER, RULES), (3, SAFE, SAFE),
        (63, SOLVER, SAFE), (123, SOLVER, SOLVER),
    ],
    "after the top everything is as at first": [
        (0, SOLVER, SOLVER), (1, RULES, RULES), (2, SOLVER, RULES), (62, SOLVER, SOLVER),
        (63, LAST, LAST), (64, SOLVER, SOLVER),
    ],
    "a clock that goes back begins the trial anew": [
        (0, SOLVER, SOLVER), (7_200, RULES, RULES), (7_201, SOLVER, RULES), (3_600, SOLVER, RULES),
        (3_659, SOLVER, RULES), (3_660, SOLVER, SOLVER),
    ],
}  # fmt: skip


@pytest.mark.parametrize("cycle", CYCLES.values(), ids=CYCLES.keys())
def test_cycles(cycle: Cycle) -> None:
    ladder = Ladder()
    for second, offered, rung in cycle:
        ladder = step(ladder, offered, NOON + timedelta(seconds=second))
        assert ladder.rung is rung, second


@given(st.lists(st.tuples(st.integers(0, 120), st.sampled_from([SOLVER, LAST, RULES, SAFE]))))
def test_it_never_stands_above_what_can_be_had_and_never_flaps(
    offers: list[tuple[int, Rung]],
) -> None:
    ladder, now, rises = Ladder(), NOON, []
    for pause_s, offered in offers:
        now += timedelta(seconds=pause_s)
        before, ladder = ladder, step(ladder, offered, now)
        assert ladder.rung <= offered
        if before.fallen and before.rung < ladder.rung and before.rung in (RULES, SAFE):
            rises.append(now)
            assert before.good + 1 >= GOOD_PLANS
        assert ladder.climbing is (ladder.rung < offered)
    gaps = [later - earlier for earlier, later in pairwise(rises)]
    assert all(gap >= TRIAL for gap in gaps)


def test_every_source_has_its_rung() -> None:
    assert set(RUNGS) == set(PlanSource)
    assert set(RUNGS.values()) == set(Rung) - {Rung.RELEASED}
