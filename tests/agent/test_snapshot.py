from __future__ import annotations

from datetime import timedelta

from field_images import NOW, reading, snapshot

from drivers.types import Quality
from edge_agent.snapshot import Board


def test_a_lost_poll_does_not_lose_a_fresh_value() -> None:
    board = Board()
    board.post([reading("m.p", 5.0)], stale_s=30.0)
    late = NOW + timedelta(seconds=10)
    missing = reading("m.p", None, at=late, quality=Quality.MISSING, reason="no answer")
    board.post([missing], stale_s=30.0)
    assert board.freeze(late).value("m.p") == 5.0
    gone = board.freeze(NOW + timedelta(seconds=31))
    assert gone.value("m.p") is None
    assert gone.why_missing("m.p").startswith("m.p is missing (no answer), last usable at")


def test_a_snapshot_does_not_change_afterwards() -> None:
    board = Board()
    board.post([reading("m.p", 5.0)], stale_s=30.0)
    frozen = board.freeze(NOW)
    board.post([reading("m.p", 6.0)], stale_s=30.0)
    assert frozen.value("m.p") == 5.0


def test_unknown_and_never_usable_points_say_so() -> None:
    image = snapshot({"m.p": None})
    assert image.value("x.y") is None
    assert image.why_missing("x.y") == "x.y has never been read"
    assert "no usable reading yet" in image.why_missing("m.p")


def test_asleep_is_neither_value_nor_fault() -> None:
    board = Board()
    board.post([reading("pv.p", None, quality=Quality.ASLEEP)], stale_s=30.0)
    image = board.freeze(NOW)
    assert image.asleep("pv.p")
    assert image.value("pv.p") is None
