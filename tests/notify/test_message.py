"""How a message reads, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import replace

from alerts import MORNING, alert, later, message

from edge_agent.health import Acknowledgement, Severity
from edge_agent.notify.message import SUBJECTS_SHOWN, Line, Message, Word

HOT = alert("bat", "battery_hot", severity=Severity.CRITICAL)


def mixed() -> Message:
    seen = Acknowledgement(person="Anna", at=MORNING)
    cleared = alert("pv", cleared=later(600))
    lines = (
        Line(word=Word.RAISED, alert=alert("meter")),
        Line(word=Word.RAISED, alert=HOT, times=3),
        Line(word=Word.CLEARED, alert=replace(cleared, acknowledged=seen)),
    )
    return Message(
        id="hotel-1", site="hotel_main", at=later(900), lines=lines, standing=2, given_up=4
    )


def test_the_title_counts_and_names_the_worst() -> None:
    assert mixed().title == "hotel_main: alarms 2 raised (critical), 1 cleared"
    ended = replace(mixed(), lines=mixed().lines[2:])
    assert ended.title == "hotel_main: alarms 1 cleared"


def test_the_text_says_what_is_wrong_what_to_do_and_what_was_lost() -> None:
    assert mixed().text.splitlines() == [
        "hotel_main: alarms 2 raised (critical), 1 cleared.",
        "",
        "RAISED battery_hot (critical)",
        "  bat: no usable reading of bat, since 2026-06-01 08:00Z, 3 times",
        "  Likely: the cable is off.",
        "  To do: plug it in.",
        "",
        "RAISED device_offline (warning)",
        "  meter: no usable reading of meter, since 2026-06-01 08:00Z",
        "  Likely: the cable is off.",
        "  To do: plug it in.",
        "",
        "CLEARED device_offline (warning)",
        "  pv: no usable reading of pv, since 2026-06-01 08:00Z to 2026-06-01 08:10Z",
        "",
        "At 2026-06-01 08:15:00Z, 2 alarms stand at hotel_main.",
        "4 earlier messages could not be delivered here.",
    ]


def test_a_storm_stays_short() -> None:
    text = message(*(alert(f"meter_{n:03}") for n in range(100))).text
    assert "RAISED device_offline at 100 places (warning)" in text
    assert f"  and {100 - SUBJECTS_SHOWN} more" in text
    assert len(text.splitlines()) < 20


def test_the_document_is_json_with_every_alarm() -> None:
    document = json.loads(json.dumps(mixed().document))
    assert (document["id"], document["site"], document["given_up"]) == ("hotel-1", "hotel_main", 4)
    assert document["at"] == "2026-06-01T08:15:00+00:00"
    first, second, third = document["alarms"]
    assert (first["word"], first["cleared"], first["severity"]) == ("raised", None, "warning")
    assert (second["code"], second["times"]) == ("battery_hot", 3)
    assert (third["cleared"], third["acknowledged_by"]) == ("2026-06-01T08:10:00+00:00", "Anna")
