"""Alarms: raised once, kept current, cleared, remembered for a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from field_images import NOW
from status_pictures import device, picture

from edge_agent.conditions import MAX_FAILED_PLANS, OFFLINE_S, conditions
from edge_agent.health import (
    KEEP_CLEARED,
    NAME_CHARS,
    NOTE_CHARS,
    TAKE_UP,
    AlertBook,
    Condition,
    Severity,
)
from edge_agent.status import ControlView, StatusView, TaskView

DISK = Condition(code="storage_failing", subject="store", text="1 commit has failed")


def test_an_alarm_is_raised_once_kept_current_and_cleared() -> None:
    book = AlertBook()
    (raised,) = book.update([DISK], NOW)
    assert (raised.since, raised.cleared) == (NOW, None)
    worse = replace(DISK, text="2 commits have failed")
    assert book.update([worse], NOW + timedelta(seconds=10)) == []
    assert [(alert.text, alert.since) for alert in book.standing] == [(worse.text, NOW)]
    (cleared,) = book.update([], NOW + timedelta(seconds=20))
    assert (cleared.code, cleared.cleared) == (DISK.code, NOW + timedelta(seconds=20))
    assert (book.standing, book.all) == ((), (cleared,))


def test_one_alarm_per_code_and_subject_standing_ones_first() -> None:
    book = AlertBook()
    first = replace(DISK, code="device_offline", subject="meter")
    second = replace(first, subject="battery")
    book.update([first], NOW)
    book.update([first, second], NOW + timedelta(seconds=10))
    assert [alert.subject for alert in book.standing] == ["meter", "battery"]
    book.update([second], NOW + timedelta(seconds=20))
    assert [alert.subject for alert in book.all] == ["battery", "meter"]


def test_only_the_newest_cleared_ones_are_kept() -> None:
    book = AlertBook()
    for number in range(KEEP_CLEARED + 5):
        at = NOW + timedelta(minutes=number)
        book.update([replace(DISK, subject=f"s{number}")], at)
        book.update([], at + timedelta(seconds=30))
    assert len(book.all) == KEEP_CLEARED
    assert book.all[0].subject == f"s{KEEP_CLEARED + 4}"


def test_cause_and_remedy_go_with_the_alarm_and_a_worse_one_is_told_as_it_is() -> None:
    book = AlertBook()
    known = replace(DISK, cause="the card is worn", remedy="replace it")
    (raised,) = book.update([known], NOW)
    assert (raised.cause, raised.remedy) == ("the card is worn", "replace it")
    assert raised.severity is Severity.WARNING
    assert book.update([replace(known, severity=Severity.CRITICAL)], NOW) == []
    assert book.standing[0].severity is Severity.CRITICAL


def test_a_named_person_acknowledges_and_the_next_alarm_is_a_new_one() -> None:
    book = AlertBook()
    book.update([DISK], NOW)
    seen = book.acknowledge("storage_failing", "store", "Anna", NOW, "  new card\nordered ")
    assert seen.acknowledged is not None
    assert (seen.acknowledged.person, seen.acknowledged.note) == ("Anna", "new card ordered")
    book.update([DISK], NOW + timedelta(seconds=10))
    assert book.standing[0].acknowledged == seen.acknowledged
    (cleared,) = book.update([], NOW + timedelta(seconds=20))
    assert cleared.acknowledged == seen.acknowledged
    (again,) = book.update([DISK], NOW + timedelta(seconds=30))
    assert again.acknowledged is None


def test_names_and_notes_are_kept_short() -> None:
    book = AlertBook()
    book.update([DISK], NOW)
    seen = book.acknowledge("storage_failing", "store", "A" * 1000, NOW, "n" * 1000).acknowledged
    assert seen is not None
    assert (len(seen.person), len(seen.note)) == (NAME_CHARS, NOTE_CHARS)


@pytest.mark.parametrize(
    ("code", "subject", "person", "fault"),
    [
        ("storage_failing", "store", " \n", ValueError),
        ("storage_failing", "other", "Anna", KeyError),
        ("other", "store", "Anna", KeyError),
    ],
)
def test_nobody_and_nothing_are_not_acknowledged(
    code: str, subject: str, person: str, fault: type[Exception]
) -> None:
    book = AlertBook()
    book.update([DISK], NOW)
    with pytest.raises(fault):
        book.acknowledge(code, subject, person, NOW)
    assert book.standing[0].acknowledged is None


def reborn(book: AlertBook) -> AlertBook:
    after = AlertBook()
    after.load(book.dump(), NOW)
    return after


@pytest.mark.parametrize("after", [TAKE_UP - timedelta(seconds=1), TAKE_UP, -timedelta(days=1)])
def test_over_a_restart_an_alarm_is_the_same_one_when_it_is_seen_again(after: timedelta) -> None:
    book = AlertBook()
    book.update([DISK], NOW - timedelta(hours=3))
    book.acknowledge("storage_failing", "store", "Anna", NOW)
    later = reborn(book)
    assert (later.standing, [alert.code for alert in later.carried]) == ((), ["storage_failing"])
    assert later.update([DISK], NOW + after) == []
    assert (later.standing, later.carried) == (book.standing, ())


@pytest.mark.parametrize(
    ("after", "cleared"),
    [(TAKE_UP - timedelta(seconds=1), False), (TAKE_UP, True), (-timedelta(seconds=1), True)],
)
def test_over_a_restart_an_alarm_that_is_not_seen_again_is_cleared(
    after: timedelta,
    cleared: bool,  # noqa: FBT001 - a column of the table
) -> None:
    book = AlertBook()
    book.update([DISK], NOW - timedelta(hours=3))
    later = reborn(book)
    changed = later.update([], NOW + after)
    assert [(one.code, one.cleared) for one in changed] == (
        [("storage_failing", NOW + after)] if cleared else []
    )
    assert len(later.carried) == (0 if cleared else 1)


def test_two_restarts_lose_nothing() -> None:
    book = AlertBook()
    book.update([DISK, replace(DISK, subject="old")], NOW)
    book.update([DISK], NOW)
    after = reborn(reborn(book))
    assert [alert.subject for alert in after.carried] == ["store"]
    assert [alert.subject for alert in after.all] == ["old"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"standing": [{"code": 3}]}'])
def test_a_list_that_cannot_be_read_begins_anew(text: str) -> None:
    book = AlertBook()
    book.load(text, NOW)
    assert (book.update([DISK], NOW)[0].since, book.carried) == (NOW, ())


def codes(status: StatusView) -> list[tuple[str, str]]:
    return [(found.code, found.subject) for found in conditions(status)]


def test_a_quiet_house_has_no_alarm() -> None:
    assert codes(picture()) == []


@pytest.mark.parametrize(
    ("age_s", "up_s", "quality", "alarm"),
    [
        (OFFLINE_S, 1e6, "missing", False),
        (OFFLINE_S + 1, 1e6, "missing", True),
        (OFFLINE_S + 1, 1e6, "asleep", False),
        (None, OFFLINE_S, "missing", False),
        (None, OFFLINE_S + 1, "missing", True),
    ],
)
def test_a_device_is_offline_after_five_silent_minutes(
    age_s: float | None,
    up_s: float,
    quality: str,
    alarm: bool,  # noqa: FBT001 - a column of the table
) -> None:
    status = picture(devices=(device("meter", quality, age_s),), up_s=up_s)
    assert codes(status) == ([("device_offline", "meter")] if alarm else [])


def test_what_is_wrong_in_the_house_is_an_alarm() -> None:
    calm = picture()
    status = replace(
        calm,
        plan=replace(calm.plan, failures_in_a_row=MAX_FAILED_PLANS + 1),
        cloud=replace(calm.cloud, last_error="connection refused"),
        buffer=replace(calm.buffer, state="failing", failed_commits=2),
        tasks=(
            TaskView(name="control", state="running", failures=3, last_error="old"),
            TaskView(name="poll meter", state="backing_off", failures=1, last_error="OSError: x"),
        ),
        controls=(control("active"), control("lost")),
    )
    found = {(each.code, each.subject): each.text for each in conditions(status)}
    assert found.pop(("storage_failing", "store"))
    assert found == {
        ("optimisation_failure", "planner"): "3 plans in a row without the solver",
        ("cloud_trouble", "cloud"): "connection refused",
        ("task_failed", "poll meter"): "OSError: x",
        ("lease_lost", "bat.lost"): "what the device holds is unknown: timeout",
    }
    few = replace(calm, plan=replace(calm.plan, failures_in_a_row=MAX_FAILED_PLANS))
    assert codes(few) == []


def control(lease_state: str) -> ControlView:
    return ControlView(
        point=f"bat.{lease_state}",
        wish=1.0,
        value=1.0,
        why="",
        cuts=(),
        held=1.0,
        lease_state=lease_state,
        lease_expires=None,
        last_result="timeout",
        claims=(),
    )
