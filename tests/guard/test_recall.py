"""What the guard remembers survives a restart, and forgets what it must."""

from __future__ import annotations

from datetime import timedelta

import pytest
from field_images import NOW
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.guarding.recall import (
    Cycle,
    PointRecall,
    Recall,
    budget,
    from_json,
    remember,
    to_json,
    tripped,
)

MINUTE = timedelta(minutes=1)


def test_it_reads_what_it_wrote() -> None:
    one = PointRecall(
        value=22.5,
        at=NOW,
        since=NOW - MINUTE,
        writes_left=1.5,
        tripped_until=NOW + MINUTE,
        cycle=Cycle(done_at=NOW, hot_since=None),
    )
    kept = Recall(points={"a.b": one, "c.d": PointRecall(value=None, at=NOW, since=NOW)})
    assert from_json(to_json(kept)) == kept


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"a.b": {"value": 1}}'])
def test_what_cannot_be_read_is_nothing_remembered(text: str | None) -> None:
    assert from_json(text) == Recall()


def test_since_moves_with_the_value_and_with_a_clock_that_steps_back() -> None:
    first = remember(None, 5.0, NOW, None)
    same = remember(first, 5.0, NOW + MINUTE, None)
    moved = remember(same, 6.0, NOW + 2 * MINUTE, None)
    stepped = remember(moved, 6.0, NOW, None)
    released = remember(stepped, None, NOW + MINUTE, None)
    still = remember(released, None, NOW + 2 * MINUTE, None)
    assert [one.since - NOW for one in (first, same, moved, stepped, released, still)] == [
        timedelta(0),
        timedelta(0),
        2 * MINUTE,
        timedelta(0),
        MINUTE,
        MINUTE,
    ]


def test_a_trip_that_lies_further_ahead_than_it_can_is_of_another_clock() -> None:
    held = PointRecall(value=0.0, at=NOW, since=NOW, tripped_until=NOW + MINUTE)
    assert tripped(held, NOW, MINUTE)
    assert not tripped(held, NOW + MINUTE, MINUTE)
    assert not tripped(held, NOW - timedelta(hours=1), MINUTE)
    assert not tripped(None, NOW, MINUTE)


@given(
    gaps_s=st.lists(st.integers(0, 20_000), min_size=1, max_size=120),
    writes_per_day=st.integers(2, 50),
)
def test_no_day_sees_more_writes_than_the_device_stands(
    gaps_s: list[int], writes_per_day: int
) -> None:
    now, held, writes = NOW, None, []
    for number, gap_s in enumerate(gaps_s):
        now += timedelta(seconds=gap_s)
        if budget(held, now, writes_per_day) >= 1:
            held = remember(held, float(number), now, writes_per_day)
            writes.append(now)
    day = timedelta(days=1)
    for start in writes:
        assert sum(start <= one < start + day for one in writes) <= writes_per_day
