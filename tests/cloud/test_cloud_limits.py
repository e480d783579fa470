from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cloud.limits import (
    check_client_id,
    check_filter,
    check_payload,
    check_topic,
    topic_matches,
)
from edge_agent.cloud.subscriptions import Subscriptions
from edge_agent.cloud.takeover import TakeoverCounter
from edge_agent.cloud.transport import CloudLimitError


@given(st.text(max_size=300))
def test_what_passes_is_within_the_documented_limits(topic: str) -> None:
    try:
        check_topic(topic)
    except CloudLimitError:
        return
    counted = topic.split("/", 3)[-1] if topic.startswith("$aws/rules/") else topic
    assert 1 <= len(counted.encode()) <= 256
    assert counted.count("/") <= 7
    assert not set(topic) & set("+#\0")


@pytest.mark.parametrize(
    "topic",
    [
        "a/b/c/d/e/f/g/h",
        "$aws/things/gw/shadow/name/sync/update/accepted",
        "$aws/rules/r/1/2/3/4/5/6/7/8",
        "x" * 256,
    ],
)
def test_topics_at_the_limit_pass(topic: str) -> None:
    check_topic(topic)


@pytest.mark.parametrize(
    "topic", ["", "a/b/c/d/e/f/g/h/i", "$aws/rules/r", "$aws/rules/r/", "é" * 129]
)
def test_topics_beyond_the_limit_do_not(topic: str) -> None:
    with pytest.raises(CloudLimitError):
        check_topic(topic)


@pytest.mark.parametrize("wrong", ["a/#/b", "a+/b", "#b", ""])
def test_wrong_filters(wrong: str) -> None:
    with pytest.raises(CloudLimitError):
        check_filter(wrong)


def test_payload_and_client_id() -> None:
    check_payload(bytes(131_072))
    check_client_id("x" * 128)
    with pytest.raises(CloudLimitError):
        check_payload(bytes(131_073))
    for wrong in ("", "é" * 65):
        with pytest.raises(CloudLimitError):
            check_client_id(wrong)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "matches"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("#", "$aws/x", False),
        ("+/x", "$aws/x", False),
        ("$aws/#", "$aws/x", True),
        ("+/+", "/x", True),
        ("a/b/c", "a/b", False),
    ],
)
def test_matching(topic_filter: str, topic: str, *, matches: bool) -> None:
    assert topic_matches(topic_filter, topic) is matches


def test_filters_go_out_in_portions_until_the_broker_has_them() -> None:
    subscriptions = Subscriptions()
    filters = [f"t/{n}" for n in range(11)]
    subscriptions.add(filters, lambda _: None, manual_ack=False)
    assert [len(portion) for portion in subscriptions.missing()] == [8, 3]
    for topic_filter in filters:
        subscriptions.settle(topic_filter, 1, granted=True)
    subscriptions.settle("t/0", 135, granted=False)
    assert subscriptions.missing() == []
    assert subscriptions.refused == {"t/0": 135}
    subscriptions.forget()
    assert [f for portion in subscriptions.missing() for f in portion] == filters


def test_a_connection_has_at_most_fifty_subscriptions() -> None:
    subscriptions = Subscriptions()
    subscriptions.add([f"t/{n}" for n in range(50)], lambda _: None, manual_ack=False)
    with pytest.raises(CloudLimitError, match="50"):
        subscriptions.add(["one/more"], lambda _: None, manual_ack=False)


def test_take_overs_are_told_from_a_bad_line() -> None:
    line = TakeoverCounter()
    assert [line.dropped(at_s, said_so=False) for at_s in (0.0, 40.0, 80.0)] == [0, 0, 0]
    thief = TakeoverCounter()
    assert [thief.dropped(at_s, said_so=False) for at_s in (0.0, 1.0, 3.0, 7.0)] == [0, 0, 3, 4]
    assert TakeoverCounter().dropped(0.0, said_so=True) == 1
