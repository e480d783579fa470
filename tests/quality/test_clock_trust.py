"""Whether the clock may be believed: witnesses, floors and steps."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.clock import ManualClock, ScaledClock, SystemClock
from edge_agent.clock_probes import (
    Machine,
    kernel_synchronised,
    parse_timedatectl,
    parse_tracking,
    probe,
)
from edge_agent.clock_trust import (
    NOT_BEFORE,
    ClockTrust,
    Probes,
    Sight,
    judge_clock,
    sight,
    step_between,
)
from edge_agent.clock_watch import ASK_S, ClockWatch

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SYNCED = Probes(timedated=True)
UNSYNCED = Probes(kernel=False, hardware_clock=False)


@pytest.mark.parametrize(
    ("probes", "now", "newest", "expected"),
    [
        (SYNCED, NOW, None, "synchronised"),
        (SYNCED, NOW, NOW + timedelta(days=900), "synchronised"),
        (SYNCED, datetime(1970, 1, 1, 0, 3, tzinfo=UTC), None, "unknown"),
        (SYNCED, datetime(2000, 1, 1, tzinfo=UTC), None, "unknown"),
        (SYNCED, NOT_BEFORE - timedelta(seconds=1), None, "unknown"),
        (Probes(timesyncd=False, kernel=True), NOW, None, "synchronised"),
        (Probes(chrony=True, kernel=False), NOW, None, "synchronised"),
        (Probes(), NOW, None, "estimated"),
        (Probes(), NOW, NOW + timedelta(seconds=1), "unknown"),
        (UNSYNCED, NOW, NOW - timedelta(days=1), "unknown"),
        (Probes(kernel=False), NOW, None, "unknown"),
        (Probes(kernel=False, hardware_clock=True), NOW, NOW, "estimated"),
        (Probes(kernel=False, hardware_clock=True), NOW, NOW + timedelta(hours=1), "unknown"),
    ],
)
def test_verdict(probes: Probes, now: datetime, newest: datetime | None, expected: str) -> None:
    verdict = judge_clock(probes, now, newest)
    assert verdict.trust == expected
    assert verdict.reason


def test_every_set_of_answers_has_a_verdict() -> None:
    for answers in product((None, False, True), repeat=5):
        names = ("timesyncd", "timedated", "chrony", "kernel", "hardware_clock")
        found = judge_clock(Probes(**dict(zip(names, answers, strict=True))), NOW, None)
        assert (found.trust is ClockTrust.SYNCHRONISED) == (True in answers[:4])


@pytest.mark.parametrize(
    ("said", "expected"),
    [("yes\n", True), ("no\n", False), ("", None), ("maybe", None), (None, None)],
)
def test_timedatectl(said: str | None, expected: bool | None) -> None:  # noqa: FBT001 - a table
    assert parse_timedatectl(said) is expected


TRACKING = (
    "C0A80001,192.168.0.1,3,1780000000.1,0.000001,0.00001,0.00002,1.2,0.1,0.2,0.001,0.1,64.4,"
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (f"{TRACKING}Normal\n", True),
        (f"{TRACKING}Insert second\n", True),
        (f"{TRACKING}Not synchronised\n", False),
        ("506 Cannot talk to daemon", None),
        (",", None),
        ("", None),
        (None, None),
    ],
)
def test_chrony(said: str | None, expected: bool | None) -> None:  # noqa: FBT001 - a table
    assert parse_tracking(said) is expected


def program(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def machine(folder: Path, *, timedatectl: str = "absent", chronyc: str = "absent") -> Machine:
    return Machine(
        timesync=folder / "timesync",
        rtc=folder / "rtc",
        timedatectl=timedatectl,
        chronyc=chronyc,
    )


async def test_the_stamp_of_timesyncd_settles_it(tmp_path: Path) -> None:
    (tmp_path / "timesync").mkdir()
    (tmp_path / "timesync" / "synchronized").touch()
    (tmp_path / "rtc" / "rtc0").mkdir(parents=True)
    assert await probe(machine(tmp_path)) == Probes(timesyncd=True, hardware_clock=True)


async def test_witnesses_that_are_not_there_say_nothing(tmp_path: Path) -> None:
    found = await probe(machine(tmp_path))
    assert (found.timesyncd, found.timedated, found.chrony) == (None, None, None)
    assert found.hardware_clock is None
    assert found.kernel == kernel_synchronised()


@pytest.mark.skipif(kernel_synchronised() is True, reason="nobody further is asked on this machine")
@pytest.mark.parametrize(
    ("body", "expected"),
    [("echo yes", True), ("echo no", False), ("echo yes; exit 1", None), ("echo ?", None)],
)
async def test_programs_are_asked(
    tmp_path: Path,
    body: str,
    expected: bool | None,  # noqa: FBT001 - a table
) -> None:
    found = await probe(machine(tmp_path, timedatectl=program(tmp_path / "timedatectl", body)))
    assert found.timedated is expected


@pytest.mark.skipif(kernel_synchronised() is True, reason="nobody further is asked on this machine")
async def test_a_program_that_hangs_says_nothing_and_is_ended(tmp_path: Path) -> None:
    hanging = program(tmp_path / "timedatectl", f"echo $$ > {tmp_path}/pid; exec sleep 60")
    assert (await probe(machine(tmp_path, timedatectl=hanging))).timedated is None
    pid = (tmp_path / "pid").read_text(encoding="ascii").strip()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


async def test_this_machine_gets_a_verdict() -> None:
    found = judge_clock(await probe(Machine()), SystemClock().now(), None)
    assert found.trust in ClockTrust


def at(mono_s: float, wall_s: float, held_up_s: float = 0.0) -> Sight:
    """Looked at between `mono_s` and `held_up_s` later."""
    now = NOW + timedelta(seconds=wall_s)
    return Sight(before_s=mono_s, now=now, after_s=mono_s + held_up_s)


@pytest.mark.parametrize(
    ("earlier", "later", "step_s"),
    [
        (at(0, 0), at(10, 10), None),
        (at(0, 0), at(10, 10.9), None),
        (at(0, 0), at(10, 3610), 3600.0),
        (at(0, 0), at(10, -3590), -3600.0),
        (at(0, 0, held_up_s=5), at(10, 5), None),
        (at(0, 0), at(10, 15, held_up_s=5), None),
        (at(0, 0), at(10, 30, held_up_s=5), 15.0),
    ],
)
def test_steps(earlier: Sight, later: Sight, step_s: float | None) -> None:
    found = step_between(earlier, later)
    assert (None if found is None else found.step_s) == step_s


SECONDS = st.floats(0, 1e6)


@given(SECONDS, SECONDS, st.floats(0, 1e3), st.floats(0, 1e3), st.floats(0, 1), st.floats(0, 1))
def test_however_the_process_is_held_up_a_steady_clock_has_no_step(
    start_s: float, pause_s: float, held_1: float, held_2: float, when_1: float, when_2: float
) -> None:
    second_s = start_s + held_1 + pause_s
    first = at(start_s, start_s + held_1 * when_1, held_1)
    second = at(second_s, second_s + held_2 * when_2, held_2)
    assert step_between(first, second) is None


class SetClock(SystemClock):
    """The machine's clock as somebody sets it."""

    def __init__(self, wall: datetime) -> None:
        self.wall = wall
        self.mono_s = 100.0

    def now(self) -> datetime:
        return self.wall

    def monotonic_s(self) -> float:
        return self.mono_s

    def pass_s(self, seconds: float, *, set_by_s: float = 0.0) -> None:
        self.mono_s += seconds
        self.wall += timedelta(seconds=seconds + set_by_s)


def answers(*probes: Probes) -> Iterator[Probes]:
    yield from probes
    while True:
        yield probes[-1]


async def test_a_boot_without_a_hardware_clock_ends_synchronised() -> None:
    clock = SetClock(datetime(1970, 1, 1, tzinfo=UTC))
    said = answers(UNSYNCED, UNSYNCED, SYNCED)

    async def ask() -> Probes:
        return next(said)

    watch = ClockWatch(clock, ask)
    watch.newest_commit = NOW - timedelta(hours=3)
    assert not watch.trusted
    assert await watch.look() == [
        "the clock is unknown: the clock says 1970-01-01, before this program was made"
    ]
    clock.pass_s(ASK_S)
    assert await watch.look() == []
    assert not watch.trusted
    jump_s = (NOW - clock.wall).total_seconds()
    clock.pass_s(10.0, set_by_s=jump_s)
    news = await watch.look()
    assert news[0].startswith(f"the clock was set by +{jump_s:.1f} s to 2026-06-01T12:00:10")
    assert news[1] == "the clock is synchronised: says systemd-timedated"
    assert watch.trusted
    view = watch.view
    assert (view.trust, view.steps) == (ClockTrust.SYNCHRONISED, 1)
    assert view.last_step_s == pytest.approx(jump_s)
    clock.pass_s(3_601.0)
    assert watch.view.last_step_s is None


async def test_nobody_is_asked_more_often_than_needed() -> None:
    clock, asked = SetClock(NOW), []

    async def ask() -> Probes:
        asked.append(clock.mono_s)
        return Probes()

    watch = ClockWatch(clock, ask)
    for _ in range(30):
        await watch.look()
        clock.pass_s(10.0)
    assert asked == [100.0, 160.0, 220.0, 280.0, 340.0]


@pytest.mark.parametrize("clock", [ScaledClock(NOW, 120.0, 0.0), ManualClock(NOW)])
async def test_plant_time_is_true_by_definition(clock: ScaledClock | ManualClock) -> None:
    async def ask() -> Probes:
        return UNSYNCED

    watch = ClockWatch(clock, ask)
    assert watch.view.trust is ClockTrust.SYNCHRONISED
    assert await watch.look() == []
    assert sight(clock).now >= NOW
