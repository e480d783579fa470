from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cloud.messages import Commit, Telemetry
from edge_agent.demo.iot_core import received
from edge_agent.demo.iot_ingest import Coverage, Ingest


def telemetry(first: int, last: int, *seqs: int) -> Telemetry:
    commits = tuple(Commit(seq=seq, boot=1, at_ms=seq, readings=()) for seq in seqs)
    return Telemetry(gateway="gw", boot=1, first=first, last=last, commits=commits)


SPANS = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5)), max_size=12)


@given(SPANS)
def test_the_watermark_is_the_end_of_what_is_covered_from_one(spans: list[tuple[int, int]]) -> None:
    coverage, covered = Coverage(), set()
    for first, more in spans:
        coverage.add(first, first + more)
        covered |= set(range(first, first + more + 1))
    expected = 0
    while expected + 1 in covered:
        expected += 1
    assert coverage.watermark == expected
    assert {n for a, b in coverage.ranges for n in range(a, b + 1)} == covered


def test_each_commit_is_stored_once_and_repeats_are_counted(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path)
    assert ingest.take(telemetry(3, 4, 3, 4)) == 0
    assert ingest.take(telemetry(1, 3, 1, 3)) == 4
    assert ingest.counts == {"messages": 2, "commits": 3, "repeats": 1, "rejected": 0}
    assert [commit.seq for commit in received(tmp_path)] == [3, 4, 1]


def test_a_restart_goes_on_after_a_torn_line(tmp_path: Path) -> None:
    Ingest(tmp_path).take(telemetry(1, 2, 1, 2))
    with (tmp_path / "received.jsonl").open("a") as stream:
        stream.write('{"gateway":"gw","seq":3,"bo')
    assert [commit.seq for commit in received(tmp_path)] == [1, 2]
    again = Ingest(tmp_path)
    assert again.watermark("gw") == 2
    assert again.take(telemetry(1, 3, 1, 2, 3)) == 3
    assert again.counts["repeats"] == 2
    assert [commit.seq for commit in received(tmp_path)] == [1, 2, 3]
