from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cloud.shadow_document import (
    JsonObject,
    Rejection,
    difference,
    levels,
    merge,
    parse_request,
    section_of,
)
from edge_agent.demo.iot_shadow_store import Event, ShadowStore

NOW_S = 1_700_000_000
DAY_S = 86_400


def update(store: ShadowStore, now_s: int = NOW_S, **request: object) -> list[Event]:
    return store.handle("n", "update", json.dumps(request).encode(), now_s)


def get(store: ShadowStore, payload: bytes = b"") -> Event:
    [event] = store.handle("n", "get", payload, NOW_S)
    return event


@pytest.fixture
def store(tmp_path: Path) -> ShadowStore:
    return ShadowStore(tmp_path / "shadows.json")


@pytest.mark.parametrize(
    ("state", "patch", "merged"),
    [
        ({"a": 1, "b": 2}, {"b": 3}, {"a": 1, "b": 3}),
        ({"o": {"x": 1, "y": 2}}, {"o": {"y": 3}}, {"o": {"x": 1, "y": 3}}),
        ({"l": [1, 2, 3]}, {"l": [9]}, {"l": [9]}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"o": {"x": 1}}, {"o": {"x": None}}, {}),
        ({"o": {"x": 1}}, {"o": None}, {}),
        ({}, {"o": {}, "p": {"q": {}}}, {}),
        ({"a": {"x": 1}}, {"a": 5}, {"a": 5}),
        ({"a": 5}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({}, {"a": None}, {}),
        ({}, {"a": False, "b": 0, "c": ""}, {"a": False, "b": 0, "c": ""}),
    ],
)
def test_s3_merge(state: JsonObject, patch: JsonObject, merged: JsonObject) -> None:
    assert merge(state, patch) == merged


@pytest.mark.parametrize(
    ("desired", "reported", "delta"),
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": True}, {"a": 1}),
        ({"a": 1}, {"a": 1, "b": 2}, {}),
        ({"o": {"x": 1, "y": 2}}, {"o": {"x": 1, "y": 0}}, {"o": {"y": 2}}),
        ({"l": [1, 2]}, {"l": [1]}, {"l": [1, 2]}),
        ({"o": {"x": 1}}, {"o": 5}, {"o": {"x": 1}}),
    ],
)
def test_s4_difference(desired: JsonObject, reported: JsonObject, delta: JsonObject) -> None:
    assert difference(desired, reported) == delta


JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)
STATES = st.dictionaries(st.text("abc", min_size=1, max_size=2), JSON, max_size=4)


@given(STATES, STATES)
def test_reporting_the_difference_settles_it(desired: JsonObject, reported: JsonObject) -> None:
    settled = merge(reported, difference(desired, reported))
    assert difference(desired, settled) == {}


def test_s2_version_rises_and_a_conflict_is_409(store: ShadowStore) -> None:
    first = update(store, state={"desired": {"a": 1}})[0]
    second = update(store, state={"reported": {"a": 1}}, version=1)[0]
    assert (first.body["version"], second.body["version"]) == (1, 2)
    [conflict] = update(store, state={"desired": {"a": 2}}, version=1)
    assert conflict.suffix == "update/rejected"
    assert (conflict.body["code"], conflict.body["message"]) == (409, "Version conflict")
    assert update(store, state={"desired": {"a": 3}})[0].body["version"] == 3


def test_s4_delta_after_every_update_while_a_difference_exists(store: ShadowStore) -> None:
    events = update(store, state={"desired": {"a": 1, "b": 2}}, clientToken="t1")
    delta = events[1]
    assert delta.suffix == "update/delta"
    assert delta.body == {
        "state": {"a": 1, "b": 2},
        "metadata": {"a": {"timestamp": NOW_S}, "b": {"timestamp": NOW_S}},
        "version": 1,
        "timestamp": NOW_S,
        "clientToken": "t1",
    }
    events = update(store, NOW_S + 5, state={"reported": {"a": 1}})
    assert events[1].body["state"] == {"b": 2}
    assert events[1].body["metadata"] == {"b": {"timestamp": NOW_S}}
    events = update(store, state={"reported": {"b": 2, "c": 3}})
    assert [event.suffix for event in events] == ["update/accepted", "update/documents"]


def test_s5_accepted_echoes_what_was_submitted(store: ShadowStore) -> None:
    update(store, state={"desired": {"a": 1}})
    accepted = update(store, state={"desired": {"b": None, "c": [1]}}, clientToken="t")[0]
    assert accepted.body == {
        "state": {"desired": {"b": None, "c": [1]}},
        "metadata": {"desired": {"b": None, "c": [{"timestamp": NOW_S}]}},
        "version": 2,
        "timestamp": NOW_S,
        "clientToken": "t",
    }


def test_s6_documents_carry_before_and_after(store: ShadowStore) -> None:
    update(store, state={"desired": {"a": 1}})
    documents = update(store, state={"desired": {"a": 2}})[-1].body
    assert section_of(documents, "previous", "state", "desired") == {"a": 1}
    assert section_of(documents, "current", "state", "desired") == {"a": 2}
    assert section_of(documents, "current")["version"] == 2


def test_s7_get(store: ShadowStore) -> None:
    missing = get(store)
    assert missing.suffix == "get/rejected"
    assert missing.body["code"] == 404
    assert missing.body["message"] == "No shadow exists with name: 'n'"
    update(store, state={"desired": {"a": 1}, "reported": {"b": 2}})
    whole = get(store, b'{"clientToken":"t"}').body
    assert whole["state"] == {"desired": {"a": 1}, "reported": {"b": 2}, "delta": {"a": 1}}
    assert whole["clientToken"] == "t"
    assert whole["version"] == 1


@pytest.mark.parametrize(
    ("payload", "code", "message"),
    [
        (b"{", 400, "Invalid JSON"),
        (b"[]", 400, "Invalid JSON"),
        (b"{}", 400, "Missing required node: state"),
        (b'{"state":1}', 400, "State node must be an object"),
        (b'{"state":{"desired":1}}', 400, "State, Desired or Reported node must be an object"),
        (b'{"state":{"delta":{}}}', 400, "State contains an invalid node"),
        (b'{"state":{},"version":"1"}', 400, "Invalid version"),
        (b'{"state":{},"version":true}', 400, "Invalid version"),
        (b'{"state":{},"clientToken":7}', 400, "Invalid clientToken"),
        (b'{"state":{},"clientToken":"' + b"x" * 65 + b'"}', 400, "Invalid clientToken"),
        (b'{"state":{}}' + b" " * 8192, 413, "The payload exceeds the maximum size allowed"),
        (b'{"state":{"desired":{"a":"\xff"}}}', 415, "Unsupported documented encoding"),
        (
            b'{"state":{"desired":{"1":{"2":{"3":{"4":{"5":{"6":1}}}}}}}}',
            0,
            "",
        ),
        (
            b'{"state":{"desired":{"1":{"2":{"3":{"4":{"5":{"6":{"7":1}}}}}}}}}',
            400,
            "JSON contains too many levels of nesting; maximum is 6",
        ),
    ],
)
def test_s8_to_s12_requests(payload: bytes, code: int, message: str) -> None:
    answer = parse_request(payload)
    if code == 0:
        assert not isinstance(answer, Rejection)
    else:
        assert isinstance(answer, Rejection)
        assert answer.code == code
        assert answer.message.startswith(message)


def test_levels_count_objects_and_arrays() -> None:
    assert [levels(value) for value in (1, {}, {"a": 1}, {"a": [{"b": 1}]})] == [0, 1, 1, 3]


def test_s13_a_deleted_shadow_goes_on_counting_for_two_days(store: ShadowStore) -> None:
    update(store, state={"desired": {"a": 1}})
    update(store, state={"desired": {"a": 2}})
    [deleted] = store.handle("n", "delete", b"", NOW_S)
    assert deleted == Event("delete/accepted", {"version": 2, "timestamp": NOW_S})
    assert get(store).body["code"] == 404
    assert update(store, NOW_S + DAY_S, state={"desired": {"a": 3}})[0].body["version"] == 3
    store.handle("n", "delete", b"", NOW_S)
    assert update(store, NOW_S + 3 * DAY_S, state={"desired": {}})[0].body["version"] == 1


def test_a_section_is_cleared_with_null(store: ShadowStore) -> None:
    update(store, state={"desired": {"a": 1}, "reported": {"a": 0}})
    update(store, state={"desired": None})
    assert get(store).body["state"] == {"reported": {"a": 0}}


def test_metadata_follows_a_value_that_changes_its_kind(store: ShadowStore) -> None:
    update(store, NOW_S, state={"desired": {"a": {"x": 1}, "b": 1}})
    update(store, NOW_S + 9, state={"desired": {"a": 5}})
    assert section_of(get(store).body, "metadata", "desired") == {
        "a": {"timestamp": NOW_S + 9},
        "b": {"timestamp": NOW_S},
    }


def test_shadows_survive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "shadows.json"
    update(ShadowStore(file), state={"desired": {"a": 1}})
    assert get(ShadowStore(file)).body["version"] == 1
    assert ShadowStore(file).state("n") == {"desired": {"a": 1}}
