"""Whatever comes in, nothing outside the envelope leaves; judged by other code than the guard's."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from one_cycle import guard_all

from bench.control_parts.adversary import START, site, tick
from bench.control_parts.escape_cases import case, count_escapes
from bench.control_parts.referee import escapes
from edge_agent.arbiter import arbitrate
from edge_agent.envelope import BatteryEnvelope
from edge_agent.guard import Guarded

CHANCE = st.randoms(use_true_random=False)
SEED = st.integers(0, 2**64 - 1)
SLACK = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=25, deadline=None, suppress_health_check=SLACK)
@given(chance=CHANCE)
def test_nothing_escapes_whatever_chance_is_told_to_do(chance: Random) -> None:
    assert list(case(chance)) == []


@settings(max_examples=200, deadline=None)
@given(seed=SEED)
def test_nothing_escapes(seed: int) -> None:
    assert list(case(Random(seed))) == []  # noqa: S311


@pytest.mark.soak
@pytest.mark.timeout(900)
@settings(max_examples=10_000, deadline=None)
@given(seed=SEED)
def test_nothing_escapes_in_ten_thousand_examples(seed: int) -> None:
    assert list(case(Random(seed))) == []  # noqa: S311


def test_a_twin_on_its_static_limit_is_counted_where_it_goes() -> None:
    assert list(case(Random(27_667_670_094_440_192))) == []  # noqa: S311


def test_fifteen_hundred_random_sites() -> None:
    assert count_escapes(1500) == 0


def test_the_same_inputs_give_the_same_outputs() -> None:
    chance = Random(7)  # noqa: S311
    for _ in range(20):
        envelopes = site(chance)
        seen = tick(chance, envelopes, START)
        decisions = arbitrate(envelopes, seen.entries, START)
        first, second = (guard_all(decisions, envelopes, seen.snapshot) for _ in range(2))
        assert first == second


def test_the_field_is_no_easy_one() -> None:
    """Enough values leave, and enough are cut, for the escapes to mean something."""
    chance = Random(11)  # noqa: S311
    left, cut = 0, 0
    for _ in range(300):
        envelopes = site(chance)
        seen = tick(chance, envelopes, START)
        decisions = arbitrate(envelopes, seen.entries, START)
        for one in guard_all(decisions, envelopes, seen.snapshot):
            if isinstance(envelopes[one.point], BatteryEnvelope):
                left += one.value not in (None, 0.0)
                cut += one.value is not None and one.value != one.wish
    assert left >= 50
    assert cut >= 100


def test_the_referee_sees_what_escapes() -> None:
    chance = Random(13)  # noqa: S311
    caught = 0
    for _ in range(50):
        envelopes = site(chance)
        seen = tick(chance, envelopes, START)
        decisions = arbitrate(envelopes, seen.entries, START)
        raw = [
            Guarded(point=one.point, value=one.value, wish=one.value, cuts=(), decision=one)
            for one in decisions
        ]
        caught += bool(list(escapes(envelopes, seen.snapshot, raw, raw)))
    assert caught >= 40
