from __future__ import annotations

from edge_agent.cloud.transport import Down, FilterRefused, TakenOver, Up
from edge_agent.cloud.trouble import QUIET_S, Trouble, Troubles


def test_a_take_over_stands_until_it_has_been_quiet_for_long() -> None:
    troubles = Troubles()
    assert troubles.first(0.0) is None
    troubles.note(TakenOver(3), 10.0)
    troubles.note(Up(rejoined=False), 11.0)
    assert troubles.first(10.0 + QUIET_S) is Trouble.DUPLICATE_CLIENT_ID
    assert troubles.first(10.1 + QUIET_S) is None


def test_a_refused_filter_stands_until_a_fresh_session_grants_it() -> None:
    troubles = Troubles()
    troubles.note(FilterRefused("a/b", 135), 0.0)
    troubles.note(Up(rejoined=False), 0.0)
    assert troubles.first(0.0) is Trouble.FILTER_REFUSED
    troubles.note(Down("broken"), 1.0)
    troubles.note(Up(rejoined=True), 2.0)
    assert troubles.refused == ("a/b",)
    troubles.note(Down("broken"), 3.0)
    troubles.note(FilterRefused("a/b", 135), 4.0)
    troubles.note(Up(rejoined=False), 4.0)
    assert troubles.first(4.0) is Trouble.FILTER_REFUSED
    troubles.note(Down("broken"), 5.0)
    troubles.note(Up(rejoined=False), 6.0)
    assert troubles.first(6.0) is None


def test_the_worst_comes_first() -> None:
    troubles = Troubles()
    troubles.oversized.add(3)
    assert troubles.first(0.0) is Trouble.OVERSIZED_COMMIT
    troubles.damaged.add(3)
    troubles.no_watermark = True
    assert troubles.first(0.0) is Trouble.NO_WATERMARK
