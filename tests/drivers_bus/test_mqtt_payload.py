from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.mqtt_payload import (
    Absent,
    Document,
    Malformed,
    moment,
    number,
    parse,
    parse_seed,
)

SEED = {
    "device_id": "weather_001",
    "timestamp": "2024-06-01T12:00:00Z",
    "measurements": {"temperature": 11.5, "is_occupied": True, "humidity": None},
    "data_format": "semdr_v1",
}
NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


def judged(payload: bytes, path: str, scale: float = 1.0) -> float | Malformed | Absent:
    document = parse(payload)
    return document if isinstance(document, Malformed) else number(document, path, scale)


@given(st.binary(max_size=400), st.text(max_size=20))
def test_any_bytes_give_a_number_or_a_reason(payload: bytes, path: str) -> None:
    for document in (parse(payload), parse_seed(payload, "weather_001"), parse_seed(payload, "")):
        if isinstance(document, Document):
            found = number(document, path)
            assert not isinstance(found, float) or math.isfinite(found)
        else:
            assert document.reason


@given(anything, st.text(alphabet="ab01.", max_size=6), st.floats(allow_nan=False))
def test_any_json_gives_a_finite_number_or_a_reason(value: object, path: str, scale: float) -> None:
    payload = json.dumps({"a": value, "timestamp": value, "0": [value]}).encode()
    found = judged(payload, path, scale)
    assert isinstance(found, Malformed | Absent) or math.isfinite(found)


@given(anything)
def test_any_stamp_is_an_aware_moment_or_none(stamp: object) -> None:
    found = moment(stamp)
    assert found is None or found.tzinfo is UTC


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_through_unchanged(value: float) -> None:
    assert judged(json.dumps({"a": [{"b": value}]}).encode(), "a.0.b") == value


@pytest.mark.parametrize(
    ("payload", "path", "expected"),
    [
        (b'{"ENERGY": {"Power": 1500}}', "ENERGY.Power", 1.5),
        (b'{"list": [1, 2000]}', "list.1", 2.0),
        (b"21500", "", 21.5),
        (b"true", "", 0.001),
    ],
)
def test_free_form_numbers(payload: bytes, path: str, expected: float) -> None:
    assert judged(payload, path, 0.001) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        (b"", ""),
        (b"\xff\xfe", ""),
        (b"{", ""),
        (b'{"a": NaN}', "a"),
        (b'{"a": -Infinity}', "a"),
        (b'{"a": 1e999}', "a"),
        (b'{"a": ' + b"9" * 400 + b"}", "a"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a"),
        (b'{"a": "21.5"}', "a"),
        (b'{"a": null}', "a"),
        (b'{"a": {}}', "a"),
        (b"[" * 60_000, ""),
        (b"1" + b" " * 70_000, ""),
    ],
)
def test_what_is_no_finite_number_is_malformed(payload: bytes, path: str) -> None:
    assert isinstance(judged(payload, path), Malformed)


@pytest.mark.parametrize("path", ["b", "a.b", "a.2", "a.-1", "a.9999999999", "a.0.0", "text.0"])
def test_a_path_the_payload_does_not_speak_of_is_absent(path: str) -> None:
    assert judged(b'{"a": [1, 2], "text": "abc"}', path) == Absent()


def test_the_seed_s_message() -> None:
    document = parse_seed(json.dumps(SEED).encode(), "weather_001")
    assert isinstance(document, Document)
    assert document.stamped == NOON
    assert number(document, "measurements.temperature") == 11.5
    assert number(document, "measurements.is_occupied") == 1.0
    assert isinstance(number(document, "measurements.humidity"), Malformed)
    assert number(document, "measurements.wind_speed") == Absent()


@pytest.mark.parametrize(
    "change",
    [
        {"data_format": "semdr_v2"},
        {"device_id": "weather_002"},
        {"measurements": [1]},
        {"measurements": None},
    ],
)
def test_another_format_or_device_is_malformed(change: dict[str, object]) -> None:
    assert isinstance(parse_seed(json.dumps(SEED | change).encode(), "weather_001"), Malformed)


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2024-06-01T14:00:00+02:00", NOON),
        ("2024-06-01T12:00:00", NOON),
        (1_717_243_200, NOON),
        (1_717_243_200_000, NOON),
        (True, None),
        ("yesterday", None),
        (1e300, None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_time_stamps(stamp: object, expected: datetime | None) -> None:
    assert moment(stamp) == expected
