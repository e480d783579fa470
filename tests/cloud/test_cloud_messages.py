from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cloud.messages import (
    BadMessageError,
    Commit,
    Gone,
    Row,
    Telemetry,
    decode,
    encode,
    measurement_topic,
    series_of,
)
from edge_agent.cloud.packing import Packing, canonical, pack
from edge_agent.cloud.transport import CloudLimitError

DEVICES = st.sampled_from(["meter", "battery", "röom_1"])
POINTS = st.sampled_from(["power", "soc", "occupancy"])
QUALITIES = st.sampled_from(["good", "uncertain", "missing"])
MS = st.integers(0, 4_102_444_800_000)


def row(device: str, point: str, at_ms: int, value: float | None = 1.0, unit: str = "kW") -> Row:
    return Row(device=device, point=point, at_ms=at_ms, value=value, quality="good", unit=unit)


ROWS = st.builds(
    Row,
    device=DEVICES,
    point=POINTS,
    at_ms=MS,
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    quality=QUALITIES,
    unit=st.sampled_from(["kW", "kWh", "°C", ""]),
)


@st.composite
def logs(draw: st.DrawFn) -> list[Commit]:
    """Commits with rising numbers, gaps, and reboots in between."""
    seq = draw(st.integers(0, 1000))
    boot, commits = 1, []
    for _ in range(draw(st.integers(1, 8))):
        seq += draw(st.integers(1, 3))
        boot += draw(st.integers(0, 1))
        rows = draw(st.lists(ROWS, max_size=12))
        commits.append(Commit(seq=seq, boot=boot, at_ms=draw(MS), series=series_of(rows)))
    return commits


@given(log=logs(), deflate=st.booleans())
def test_decoding_gives_back_what_was_encoded(log: list[Commit], *, deflate: bool) -> None:
    telemetry = Telemetry(
        gateway="gw",
        boot=1,
        first=log[0].seq,
        last=log[-1].seq,
        commits=tuple(replace(canonical(commit), boot=1) for commit in log),
    )
    assert decode(encode(telemetry, deflate=deflate)) == telemetry


def whole(messages: list[Telemetry]) -> list[Commit]:
    """The commits in order, those in parts put together."""
    found: list[Commit] = []
    rows: list[Row] = []
    for message in messages:
        if message.part is None:
            found += message.commits
            continue
        [share] = message.commits
        rows += share.readings
        if message.part.number == message.part.of:
            assert len(rows) == message.part.readings
            found.append(replace(share, series=series_of(rows)))
            rows = []
    assert not rows
    return found


@given(log=logs(), deflate=st.booleans(), max_payload=st.integers(400, 3000))
def test_packing_loses_nothing_and_leaves_no_gap(
    log: list[Commit], *, deflate: bool, max_payload: int
) -> None:
    after = log[0].seq - 1
    packed = pack(log, after, Packing(gateway="gw", max_payload=max_payload, deflate=deflate))
    messages = [decode(parcel.payload) for parcel in packed]
    assert whole(messages) == [canonical(commit) for commit in log]
    edge = after
    for message, parcel in zip(messages, packed, strict=True):
        final = message.part is None or message.part.number == message.part.of
        assert message.first == parcel.first == edge + 1
        assert parcel.last == (message.last if final else edge)
        assert len(parcel.payload) <= max_payload
        assert {commit.boot for commit in message.commits} == {message.boot}
        assert not parcel.oversized
        edge = parcel.last
    assert edge == log[-1].seq


@given(logs())
def test_withheld_points_leave_no_trace(log: list[Commit]) -> None:
    withheld = frozenset({("röom_1", "occupancy")})
    packing = Packing(gateway="gw", max_payload=10**6, withheld=withheld)
    for message in pack(log, 0, packing):
        for commit in decode(message.payload).commits:
            assert all((r.device, r.point) not in withheld for r in commit.readings)
    seqs = [c.seq for m in pack(log, 0, packing) for c in decode(m.payload).commits]
    assert seqs == [commit.seq for commit in log]


def test_a_message_is_columns_by_device() -> None:
    commits = [
        Commit(seq=7, boot=3, at_ms=1000, series=series_of([row("meter", "power", 990, 1.5)])),
        Commit(seq=9, boot=3, at_ms=2000, series=series_of([row("meter", "power", 2001, None)])),
    ]
    [message] = pack(commits, 6, Packing(gateway="gw", max_payload=10_000))
    assert json.loads(message.payload) == {
        "format": 1,
        "gateway": "gw",
        "boot": 3,
        "covers": [7, 9],
        "seq": [7, 9],
        "at_ms": [1000, 2000],
        "devices": {
            "meter": [
                {
                    "point": "power",
                    "unit": "kW",
                    "commit": [0, 1],
                    "after_ms": [-10, 1],
                    "value": [1.5, None],
                }
            ]
        },
    }


def test_one_commit_too_large_is_deflated_and_then_split() -> None:
    rows = tuple(row("meter", "power", at, at / 7) for at in range(2000))
    commit = Commit(seq=1, boot=1, at_ms=0, series=series_of(rows))
    [message] = pack([commit], 0, Packing(gateway="gw", max_payload=30_000))
    assert message.payload[:1] != b"{"
    assert decode(message.payload).commits == (commit,)
    parts = [decode(p.payload) for p in pack([commit], 0, Packing(gateway="gw", max_payload=4096))]
    assert len(parts) >= 4
    assert whole(parts) == [commit]
    assert {(part.first, part.last) for part in parts} == {(1, 1)}


def test_a_reading_that_fits_into_no_message_is_told_as_gone() -> None:
    noise = "".join(chr(0x4E00 + (n * 7919) % 20000) for n in range(3000))
    rows = [row("meter", "power", 0), row("meter", noise, 0)]
    stone = Gone(3, 6, 40, 0)
    log = [
        Commit(seq=seq, boot=1, at_ms=0, series=series_of(rows[: seq - 6]), gone=stones)
        for seq, stones in ((7, (stone,)), (8, ()), (9, ()))
    ]
    packed = pack(log, 2, Packing(gateway="gw", max_payload=4096, deflate=True))
    messages = [decode(parcel.payload) for parcel in packed]
    assert [parcel.oversized for parcel in packed] == [False, True, True]
    assert [commit.seq for commit in whole(messages)] == [7]
    assert [stone for message in messages for stone in message.gone] == [
        Gone(3, 6, 40, 0),
        Gone(8, 8, 2, 0),
        Gone(9, 9, 2, 0),
    ]
    assert [(m.first, m.last) for m in messages] == [(3, 7), (8, 8), (9, 9)]
    with pytest.raises(CloudLimitError, match="commit 9 alone"):
        pack(log[2:], 8, Packing(gateway="gw", max_payload=20))


def test_of_a_damaged_commit_only_the_number_and_the_loss_go_out() -> None:
    sound = Commit(seq=5, boot=1, at_ms=0, series=series_of([row("meter", "power", 0)]))
    damaged = Commit(seq=6, boot=1, at_ms=9, series=(), gone=(Gone(6, 6, 65, 0),), damaged=True)
    [message] = [
        decode(p.payload)
        for p in pack([sound, damaged], 4, Packing(gateway="gw", max_payload=4096))
    ]
    assert (message.first, message.last, message.commits) == (5, 6, (sound,))
    assert message.gone == (Gone(6, 6, 65, 0),)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_row_holds_a_number_or_nothing(value: float) -> None:
    with pytest.raises(ValueError, match="missing is None"):
        row("meter", "power", 0, value)


@given(st.binary(max_size=200))
def test_foreign_payloads_are_told_apart(payload: bytes) -> None:
    with pytest.raises(BadMessageError):
        decode(payload)


@pytest.mark.parametrize("payload", [b"{}", b'{"format":2}', b'{"format":1,"gateway":"g"}', b"[]"])
def test_foreign_json_is_told_apart(payload: bytes) -> None:
    with pytest.raises(BadMessageError):
        decode(payload)


def test_topics() -> None:
    assert measurement_topic("gw", backlog=False) == "devices/gw/batch/measurement"
    assert measurement_topic("gw", backlog=True) == "devices/gw/backfill/measurement"
    ingest = measurement_topic("gw", backlog=False, rule="semdr")
    assert ingest == "$aws/rules/semdr/devices/gw/batch/measurement"
