"""Readings taken before the time was known, put right through the monotonic clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from field_images import NOW, reading
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.clock_trust import ClockTrust
from edge_agent.restamp import Anchor, CommitStamp, Restamp, moved, restamps, shift_ms
from edge_agent.store.stamps import to_ms

NOW_MS = to_ms(NOW)
ANCHOR = Anchor(boot=7, wall_ms=NOW_MS, mono_ms=60_000)


def stamp(wall_ms: int, mono_ms: int, trust: ClockTrust = ClockTrust.UNKNOWN) -> CommitStamp:
    return CommitStamp(seq=1, boot=7, wall_ms=wall_ms, mono_ms=mono_ms, trust=trust)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (stamp(30_000, 30_000), NOW_MS - 60_000),
        (stamp(NOW_MS - 30_000, 30_000), 0),
        (stamp(NOW_MS - 30_499, 30_000), 0),
        (stamp(NOW_MS - 31_000, 30_000), 1_000),
        (stamp(NOW_MS + 3_600_000, 60_000), -3_600_000),
    ],
)
def test_shift(one: CommitStamp, expected: int) -> None:
    assert shift_ms(one, ANCHOR) == expected


def test_only_commits_of_this_boot_that_were_not_trusted_are_moved() -> None:
    first = stamp(10_000, 10_000)
    stamps = [
        first,
        replace(first, seq=2, boot=6),
        replace(first, seq=3, trust=ClockTrust.SYNCHRONISED),
        replace(first, seq=4, trust=ClockTrust.ESTIMATED),
    ]
    shift = NOW_MS - 60_000
    assert list(restamps(stamps, ANCHOR)) == [
        Restamp(seq=1, shift_ms=shift),
        Restamp(seq=4, shift_ms=shift),
    ]


@given(st.lists(st.floats(0, 1e4), max_size=20), st.integers(-(10**12), 10**12))
def test_moving_keeps_number_order_and_values(offsets_s: list[float], by_ms: int) -> None:
    readings = [
        reading(f"m.p{number}", float(number), at=NOW + timedelta(seconds=offset_s))
        for number, offset_s in enumerate(offsets_s)
    ]
    after = moved(readings, by_ms)
    assert [replace(new, at=old.at) for new, old in zip(after, readings, strict=True)] == readings
    assert all(
        new.at - old.at == timedelta(milliseconds=by_ms)
        for new, old in zip(after, readings, strict=True)
    )


@given(st.lists(st.tuples(st.integers(0, 10**5), st.integers(-(10**10), 10**10)), min_size=1))
def test_any_steps_before_the_anchor_end_in_true_and_rising_times(
    commits: list[tuple[int, int]],
) -> None:
    """The clock was off by something else at every commit; afterwards each is where it belongs."""
    mono_ms, stamps = 0, []
    for seq, (pause_ms, error_ms) in enumerate(commits):
        mono_ms += pause_ms
        true_ms = NOW_MS + mono_ms
        one = stamp(true_ms + error_ms, mono_ms)
        stamps.append(replace(one, seq=seq))
    anchor = Anchor(boot=7, wall_ms=NOW_MS + mono_ms, mono_ms=mono_ms)
    found = list(restamps(stamps, anchor))
    assert [one.seq for one in found] == [one.seq for one in stamps]
    for one, restamp in zip(stamps, found, strict=True):
        off_ms = one.wall_ms + restamp.shift_ms - (NOW_MS + one.mono_ms)
        assert abs(off_ms) < 500
