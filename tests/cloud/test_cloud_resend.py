from __future__ import annotations

import pytest

from edge_agent.cloud.resend import Resend


def test_a_range_is_served_in_portions_across_a_restart_and_reported_once() -> None:
    resend = Resend()
    resend.hear((10, 30), whole=True)
    assert resend.due(1, 100) == (10, 30)
    resend.served(20)
    assert resend.changed
    written = resend.dump()
    assert not resend.changed
    again = Resend()
    again.load(written)
    again.hear((10, 30), whole=True)
    assert again.due(1, 100) == (21, 30)
    again.served(30)
    assert again.due(1, 100) is None
    assert again.finish() == (10, 30)
    assert again.finish() is None
    third = Resend()
    third.load(again.dump())
    third.hear((10, 30), whole=True)
    assert third.due(1, 100) is None
    assert third.finish() == (10, 30)


def test_a_new_wish_begins_anew_and_so_does_the_same_one_after_none() -> None:
    resend = Resend()
    resend.hear((10, 30), whole=True)
    assert resend.due(1, 100) == (10, 30)
    resend.served(30)
    resend.hear((5, 6), whole=False)
    assert resend.due(1, 100) == (5, 6)
    resend.hear(None, whole=False)
    assert resend.due(1, 100) == (5, 6)
    resend.hear(None, whole=True)
    assert resend.due(1, 100) is None
    assert resend.dump() == "[]"
    resend.hear((5, 6), whole=False)
    assert resend.due(1, 100) == (5, 6)


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        ((10**19, 10**19), None),
        ((1, 10**19), (40, 90)),
        ((1, 39), None),
        ((91, 100), None),
        ((90, 100), (90, 90)),
    ],
)
def test_only_what_the_store_has_is_due(
    asked: tuple[int, int], due: tuple[int, int] | None
) -> None:
    resend = Resend()
    resend.hear(asked, whole=True)
    assert resend.due(40, 90) == due
    if due is None:
        assert resend.finish() == asked
        assert resend.due(40, 10**20) is None


@pytest.mark.parametrize("text", [None, "", "[]", "{", "[1,2]", "[1,2,-3]", '{"a":1}'])
def test_nonsense_written_down_is_no_progress(text: str | None) -> None:
    resend = Resend()
    resend.load(text)
    resend.hear((1, 2), whole=True)
    assert resend.due(1, 5) == (1, 2)
