"""Who wins a point, tick by tick, and what confining claims do to the winner."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cycle_table import Story, play
from field_images import NOW
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.arbiter import Bounds, Entry, Priority, arbitrate
from edge_agent.envelope import LoadEnvelope
from edge_agent.taken import Taken, taken

CAP = LoadEnvelope(point="heat.cap", rated_kw=100.0)

STORIES = [
    Story(
        title="each class outranks those below it",
        envelopes=[CAP],
        table="""
        at | wish | -> | cut
        0  | rules:10 | 10 | rules (rules)
        5  | rules:10 + plan:20 | 20 | plan (plan)
        10 | rules:10 + plan:20 + cloud:30 | 30 | cloud
        15 | plan:20 + cloud:30 + event:40 | 40 | event
        20 | event:40 + manual:50 | 50 | manual
        25 | manual:50 + local:- | - | local_override
        30 | local:- + operator:60 | 60 | grid_operator
        35 | operator:60 + safety:70 | 70 | safety
        40 | - | - | nobody
        """,
    ),
    Story(
        title="a confining claim confines its own class and below",
        envelopes=[CAP],
        table="""
        at | wish | -> | cut
        0  | plan:20 + operator:0..30 | 20 | plan (plan)
        5  | plan:80 + operator:0..30 | 30 | held by grid_operator
        10 | manual:80 + operator:0..30 | 30 | held by grid_operator
        15 | operator:80 + operator:0..30 | 30 |
        20 | safety:80 + operator:0..30 | 80 | safety
        25 | manual:80 + event:0..30 | 80 | manual
        """,
    ),
    Story(
        title="where bounds do not meet, the higher class has its way",
        envelopes=[CAP],
        table="""
        at | wish | ->
        0  | plan:80 + operator:0..30 + event:50..60 | 30
        5  | plan:10 + operator:20..30 + event:0..5 | 20
        10 | plan:80 + safety:0..10 + operator:20..30 | 10
        """,
    ),
    Story(
        title="where nobody wants a number, the confining claim's own value stands",
        envelopes=[CAP],
        table="""
        at | wish | ->
        0  | operator:0..30 | 30
        5  | local:- + operator:0..30 | 30
        10 | nan + operator:0..30 | 30
        15 | operator:0..30 + safety:0..20 | 20
        """,
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)
def test_cycle_table(story: Story) -> None:
    play(story)


def entry(value: float | None, priority: Priority, bounds: Bounds | None = None) -> Entry:
    return Entry(
        point="heat.cap",
        value=value,
        priority=priority,
        owner="me",
        reason="test",
        since=NOW,
        expires=NOW + timedelta(minutes=1),
        bounds=bounds,
    )


@pytest.mark.parametrize("value", [None, 31.0, float("nan")])
def test_a_confining_claim_must_lie_in_its_own_bounds(value: float | None) -> None:
    with pytest.raises(ValueError, match="own bounds"):
        entry(value, Priority.GRID_OPERATOR, (0.0, 30.0))


CLAIMS = st.builds(
    entry,
    st.one_of(st.none(), st.integers(-3, 3).map(float)),
    st.sampled_from(list(Priority)),
)
CONFINING = st.builds(
    lambda low, span, priority: entry(low + span, priority, (low, low + span)),
    st.integers(-3, 3).map(float),
    st.integers(0, 3).map(float),
    st.sampled_from(list(Priority)),
)


@given(claims=st.lists(st.one_of(CLAIMS, CONFINING), max_size=6), chance=st.randoms())
def test_the_order_of_arrival_never_matters(claims: list[Entry], chance: object) -> None:
    shuffled = sorted(claims, key=lambda _: chance.random())  # type: ignore[attr-defined]
    (one,), (other,) = (arbitrate(["heat.cap"], found, NOW) for found in (claims, shuffled))
    assert (one.value, one.reason) == (other.value, other.reason)


@given(claims=st.lists(st.one_of(CLAIMS, CONFINING), min_size=1, max_size=6))
def test_the_highest_confining_claim_is_never_left_by_a_lower_class(claims: list[Entry]) -> None:
    (decision,) = arbitrate(["heat.cap"], claims, NOW)
    highest = min(claims, key=lambda one: one.priority).priority
    confining = [one for one in claims if one.bounds is not None and one.priority is highest]
    if confining and all(one.bounds is not None for one in claims if one.priority is highest):
        assert decision.value is not None
        assert any(
            one.bounds[0] <= decision.value <= one.bounds[1] for one in confining if one.bounds
        )


TAKEN = Story(
    title="taken",
    envelopes=[CAP],
    table="""
    at | wish
    0  | 50
    5  | 500
    10 | 50 + manual:20
    15 | 50 + local:-
    20 | 50 + operator:0..30
    25 | manual:20
    30 | rules:50 + operator:0..30
    35 | plan:-
    """,
)


def test_what_was_taken_from_the_plan_is_told() -> None:
    told = [taken(guarded) for guarded in play(TAKEN)]
    short = [[(one.wished, one.given) for one in found] for found in told]
    assert short == [
        [],
        [(500.0, 100.0)],
        [(50.0, 20.0)],
        [(50.0, None)],
        [(50.0, 30.0)],
        [],
        [(50.0, 30.0)],
        [],
    ]
    words = ["", "the load is capped", "manual", "local_override", "held by grid_operator"]
    for word, found in zip(words, told, strict=False):
        assert all(word in one.reason for one in found)
    assert told[2] == (
        Taken(point="heat.cap", wished=50.0, given=20.0, reason="manual (manual): the table"),
    )
