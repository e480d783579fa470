from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cloud.messages import Commit, Gone, Part, Row, Telemetry, series_of
from edge_agent.demo.iot_core import received
from edge_agent.demo.iot_ingest import Coverage, Ingest


def telemetry(first: int, last: int, *seqs: int) -> Telemetry:
    commits = tuple(Commit(seq=seq, boot=1, at_ms=seq, series=()) for seq in seqs)
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


def part(number: int, *rows: Row, of: int = 2) -> Telemetry:
    commit = Commit(seq=4, boot=1, at_ms=0, series=series_of(rows))
    return Telemetry(
        gateway="gw", boot=1, first=1, last=4, commits=(commit,), part=Part(number, of, 2)
    )


def test_a_commit_in_parts_counts_when_all_have_come_whatever_the_order(tmp_path: Path) -> None:
    first, second = (
        Row(device="d", point=point, at_ms=1, value=1.5, quality="good", unit="kW")
        for point in "ab"
    )
    ingest = Ingest(tmp_path)
    assert ingest.take(part(2, second)) == 0
    assert ingest.take(part(2, second)) == 0
    assert (ingest.top("gw"), received(tmp_path)) == (0, [])
    again = Ingest(tmp_path)
    assert again.take(part(1, first)) == 4
    assert again.take(part(1, first)) == 4
    [commit] = received(tmp_path)
    assert [(r.point, r.value) for r in commit.readings] == [("a", 1.5), ("b", 1.5)]
    assert again.counts["repeats"] == 1
    assert not (tmp_path / "parts.jsonl").exists()


def test_parts_of_another_split_are_not_mixed(tmp_path: Path) -> None:
    rows = [
        Row(device="d", point=point, at_ms=1, value=1.5, quality="good", unit="kW")
        for point in "ab"
    ]
    ingest = Ingest(tmp_path)
    ingest.take(part(1, rows[0]))
    assert ingest.take(part(2, rows[1], of=4)) == 0
    assert ingest.take(part(2, rows[1])) == 4
    [commit] = received(tmp_path)
    assert len(commit.readings) == 2


def test_what_is_gone_is_kept_once_and_the_top_is_the_highest_number(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path)
    stone = Gone(5, 7, 30, 0)
    message = replace(telemetry(5, 9, 8, 9), gone=(stone,))
    assert [ingest.take(message), ingest.take(message)] == [0, 0]
    again = Ingest(tmp_path)
    assert again.gone("gw") == (stone,)
    assert (again.top("gw"), again.top("other"), again.watermark("gw")) == (9, 0, 0)
