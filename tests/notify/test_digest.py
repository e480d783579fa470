"""When a message goes out and what it says: cycles of standing alarms, by the second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from alerts import alert, later

from edge_agent.health import Acknowledgement, Alert, Severity
from edge_agent.notify.digest import CHATTER, CHATTER_S, Digest
from edge_agent.notify.message import Line
from edge_agent.notify.settings import NotifySettings

SETTINGS = NotifySettings(site="hotel_main")
GATHER_S, GAP_S = SETTINGS.gather_s, SETTINGS.gap_s


def said(lines: Sequence[Line]) -> list[str]:
    return [f"{line.word} {line.alert.subject} x{line.times}" for line in lines]


class Beat:
    """A digest looked at by the second; alarms are those that stand."""

    def __init__(self, settings: NotifySettings = SETTINGS) -> None:
        self.digest = Digest(settings)

    def at(self, second: float, *standing: Alert, gone: Sequence[Alert] = ()) -> list[str]:
        return said(self.digest.look(standing, gone, later(second)))


def test_what_comes_together_goes_together_after_the_gathering() -> None:
    beat, meter, bat = Beat(), alert("meter"), alert("bat", since=later(20))
    assert beat.at(0, meter) == []
    assert beat.at(20, meter, bat) == []
    assert beat.at(GATHER_S - 1, meter, bat) == []
    assert beat.at(GATHER_S, meter, bat) == ["raised meter x1", "raised bat x1"]
    assert beat.at(GATHER_S + 10, meter, bat) == []


def test_a_storm_is_one_message() -> None:
    storm = [alert(f"meter_{number}") for number in range(100)]
    beat = Beat()
    assert beat.at(0, *storm) == []
    assert len(beat.at(GATHER_S, *storm)) == 100
    assert [beat.at(GATHER_S + 10 * n, *storm) for n in range(1, 100)] == [[]] * 99


def test_two_messages_are_a_gap_apart() -> None:
    beat, meter = Beat(), alert("meter")
    beat.at(0, meter)
    assert beat.at(GATHER_S, meter)
    bat = alert("bat", since=later(40))
    assert beat.at(40, meter, bat) == []
    assert beat.at(GATHER_S + GAP_S - 1, meter, bat) == []
    assert beat.at(GATHER_S + GAP_S, meter, bat) == ["raised bat x1"]


def test_an_end_is_told_to_those_who_know_of_the_beginning() -> None:
    beat, meter = Beat(), alert("meter")
    beat.at(0, meter)
    beat.at(GATHER_S, meter)
    assert beat.at(400) == []
    assert beat.at(400 + GATHER_S) == ["cleared meter x1"]
    assert beat.at(10_000) == []


def test_what_came_and_went_is_told_as_that_and_counted() -> None:
    beat, first = Beat(), alert("meter")
    assert beat.at(0, first) == []
    gone = replace(first, cleared=later(10))
    assert beat.at(10, gone=[gone]) == []
    again = alert("meter", since=later(15))
    assert beat.at(15, again) == []
    assert beat.at(20, gone=[replace(again, cleared=later(20))]) == []
    assert beat.at(GATHER_S) == ["passed meter x2"]


def test_what_came_back_before_it_was_told_is_raised_and_counted() -> None:
    beat, first = Beat(), alert("meter")
    beat.at(0, first)
    beat.at(10, gone=[replace(first, cleared=later(10))])
    again = alert("meter", since=later(20))
    assert beat.at(GATHER_S, again) == ["raised meter x2"]


def test_an_hour_has_so_many_messages_and_what_waits_is_joined() -> None:
    beat = Beat(replace(SETTINGS, gap_s=60.0, per_hour=3))
    standing: list[Alert] = []
    sent = []
    for second in range(0, 3_600, 10):
        if second % 100 == 0:
            standing.append(alert(f"meter_{second}", since=later(second)))
        lines = beat.at(second, *standing)
        if lines:
            sent.append((second, len(lines)))
    assert [second for second, _ in sent] == [30, 130, 230]
    lines = beat.at(3_630, *standing)
    assert len(lines) == len(standing) - sum(count for _, count in sent)


def test_an_alarm_nobody_acknowledged_is_repeated_after_a_day() -> None:
    beat, meter, bat = Beat(), alert("meter"), alert("bat")
    beat.at(0, meter, bat)
    beat.at(GATHER_S, meter, bat)
    seen = Acknowledgement(person="Anna", at=later(100))
    bat = replace(bat, acknowledged=seen)
    day_s = SETTINGS.repeat_s
    assert beat.at(GATHER_S + day_s - 1, meter, bat) == []
    assert beat.at(GATHER_S + day_s, meter, bat) == ["standing meter x1"]
    assert beat.at(GATHER_S + day_s + 10, meter, bat) == []


def test_a_chattering_alarm_falls_silent_but_is_told_with_others() -> None:
    beat, told, second = Beat(), 0, 0
    while told < CHATTER and second < CHATTER_S:
        second += 350
        standing = [alert("meter", since=later(second))] if told % 2 == 0 else []
        beat.at(second, *standing)
        told += len(beat.at(second + GATHER_S, *standing))
    assert told == CHATTER
    chatter = alert("meter", since=later(second + 400))
    assert all(beat.at(second + 400 + step, chatter) == [] for step in range(0, 3_000, 50))
    other = alert("bat", since=later(second + 3_400))
    beat.at(second + 3_400, chatter, other)
    lines = beat.at(second + 3_400 + GATHER_S, chatter, other)
    assert lines == ["raised meter x1", "raised bat x1"]


def test_a_silenced_alarm_is_told_when_the_span_has_passed() -> None:
    beat = Beat()
    for turn in range(CHATTER):
        standing = [alert("meter", since=later(350 * turn))] if turn % 2 == 0 else []
        beat.at(350 * turn, *standing)
        assert beat.at(350 * turn + GATHER_S, *standing)
    last = alert("meter", since=later(3_000))
    assert beat.at(3_000, last) == []
    assert beat.at(3_100, last) == []
    beat.at(CHATTER_S + GATHER_S, last)
    assert beat.at(CHATTER_S + 2 * GATHER_S, last) == ["raised meter x1"]


@pytest.mark.parametrize(
    ("least", "sent"),
    [(Severity.CRITICAL, 1), (Severity.WARNING, 2), (Severity.NOTICE, 3)],
)
def test_milder_ones_than_asked_for_are_not_sent(least: Severity, sent: int) -> None:
    beat = Beat(replace(SETTINGS, least=least))
    alarms = [alert(str(severity), severity=severity) for severity in Severity]
    beat.at(0, *alarms)
    assert len(beat.at(GATHER_S, *alarms)) == sent


def test_over_a_restart_nothing_is_told_twice_and_nothing_is_forgotten() -> None:
    before, meter, bat = Beat(), alert("meter"), alert("bat")
    before.at(0, meter, bat)
    before.at(GATHER_S, meter, bat)
    after = Beat()
    after.digest.take_up(before.digest.told)
    pv = alert("pv", since=later(500))
    assert after.at(500, meter, pv) == []
    assert after.at(500 + GATHER_S, meter, pv) == ["raised pv x1", "cleared bat x1"]


def test_a_clock_that_goes_back_silences_nobody() -> None:
    beat, seen = Beat(), Acknowledgement(person="Anna", at=later(7_230))
    meter = alert("meter")
    beat.at(7_200, meter)
    assert beat.at(7_200 + GATHER_S, meter)
    meter = replace(meter, acknowledged=seen)
    bat = alert("bat", since=later(0))
    assert beat.at(0, meter, bat) == []
    assert beat.at(GATHER_S, meter, bat) == ["raised bat x1"]
