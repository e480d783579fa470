from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cloud.messages import (
    BadMessageError,
    Commit,
    Packing,
    Row,
    Telemetry,
    canonical,
    decode,
    encode,
    measurement_topic,
    pack,
)
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
        rows = tuple(draw(st.lists(ROWS, max_size=12)))
        commits.append(Commit(seq=seq, boot=boot, at_ms=draw(MS), readings=rows))
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


@given(log=logs(), deflate=st.booleans(), max_payload=st.integers(600, 3000))
def test_packing_loses_nothing_and_leaves_no_gap(
    log: list[Commit], *, deflate: bool, max_payload: int
) -> None:
    after = log[0].seq - 1
    packing = Packing(gateway="gw", max_payload=max_payload, deflate=deflate)
    try:
        packed = pack(log, after, packing)
    except CloudLimitError:
        biggest = max(
            len(only.payload)
            for commit in log
            for only in pack([commit], commit.seq - 1, replace(packing, max_payload=10**6))
        )
        assert biggest > max_payload / 3
        return
    messages = [decode(message.payload) for message in packed]
    assert [c for m in messages for c in m.commits] == [canonical(commit) for commit in log]
    edges = [after, *(message.last for message in messages)]
    assert [message.first for message in messages] == [edge + 1 for edge in edges[:-1]]
    assert edges[-1] == log[-1].seq
    for message, parcel in zip(messages, packed, strict=True):
        assert (parcel.first, parcel.last) == (message.first, message.last)
        assert len(parcel.payload) <= max_payload
        assert {commit.boot for commit in message.commits} == {message.boot}


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
        Commit(seq=7, boot=3, at_ms=1000, readings=(row("meter", "power", 990, 1.5),)),
        Commit(seq=9, boot=3, at_ms=2000, readings=(row("meter", "power", 2001, None),)),
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


def test_one_commit_too_large_is_deflated_and_then_refused() -> None:
    rows = tuple(row("meter", "power", at, at / 7) for at in range(2000))
    commit = Commit(seq=1, boot=1, at_ms=0, readings=rows)
    [message] = pack([commit], 0, Packing(gateway="gw", max_payload=30_000))
    assert message.payload[:1] != b"{"
    assert decode(message.payload).commits == (commit,)
    with pytest.raises(CloudLimitError, match="commit 1 alone"):
        pack([commit], 0, Packing(gateway="gw", max_payload=1000))


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
