from __future__ import annotations

import pytest

from edge_agent.cloud.shadow_document import JsonObject
from edge_agent.cloud.watermark import Watermark, Wish, read_wish

WITHIN_S = 300.0


@pytest.mark.parametrize(
    ("state", "wish"),
    [
        ({}, Wish(None, None)),
        ({"acked_seq": 7}, Wish(7, None)),
        ({"acked_seq": 0, "resend": [3, 5]}, Wish(0, (3, 5))),
        ({"acked_seq": -1}, Wish(None, None)),
        ({"acked_seq": True}, Wish(None, None)),
        ({"acked_seq": "7"}, Wish(None, None)),
        ({"resend": [5, 3]}, Wish(None, None)),
        ({"resend": [0, 3]}, Wish(None, None)),
        ({"resend": [1]}, Wish(None, None)),
        ({"resend": "1-3"}, Wish(None, None)),
        ({"resend": [10**19, 10**19]}, Wish(None, (10**19, 10**19))),
        ({"acked_seq": 7, "top_seq": 9}, Wish(7, None, 9)),
        ({"acked_seq": 10**19, "top_seq": 1 << 49}, Wish(None, None)),
    ],
)
def test_reading_the_wish(state: JsonObject, wish: Wish) -> None:
    assert read_wish(state) == wish


def test_without_a_word_from_the_cloud_the_brokers_counts() -> None:
    mark = Watermark(WITHIN_S)
    assert mark.place(10, 20, 0.0) == 10
    mark.hear(Wish(None, None), whole=True)
    assert mark.place(10, 20, 10_000.0) == 10


def test_after_a_connect_the_cursor_falls_back_once() -> None:
    mark = Watermark(WITHIN_S)
    mark.hear(Wish(4, None), whole=True)
    assert mark.place(10, 20, 0.0) == 4
    assert mark.place(10, 20, 1.0) == 10


def test_a_delta_alone_does_not_send_again_what_is_under_way() -> None:
    mark = Watermark(WITHIN_S)
    mark.hear(Wish(0, None), whole=True)
    mark.place(0, 20, 0.0)
    mark.hear(Wish(4, None), whole=False)
    mark.moved(1.0)
    assert mark.place(10, 20, 1.0) == 10


def test_the_cursor_jumps_over_what_the_cloud_already_has() -> None:
    mark = Watermark(WITHIN_S)
    mark.hear(Wish(12, None), whole=True)
    assert mark.place(10, 20, 0.0) == 12


def test_silence_means_lost_and_patience_grows() -> None:
    mark = Watermark(WITHIN_S)
    mark.hear(Wish(4, None), whole=True)
    mark.place(4, 20, 0.0)
    back = [now for now in range(0, 3000, 50) if mark.place(20, 20, float(now)) == 4]
    assert back == [300, 900, 2100]
    mark.moved(3000.0)
    assert mark.place(20, 20, 3299.0) == 20
    assert mark.place(20, 20, 3300.0) == 4


def test_a_cloud_ahead_of_the_store_moves_nothing_and_its_highest_number_is_kept() -> None:
    mark = Watermark(WITHIN_S)
    assert not mark.heard
    mark.hear(Wish(500, None, 640), whole=True)
    assert mark.place(3, 12, 0.0) == 3
    mark.hear(Wish(None, None), whole=True)
    assert (mark.heard, mark.acked, mark.top) == (True, None, 640)
