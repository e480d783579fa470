"""Uses nobody means: a message with a remedy and an exit code, never a trace of calls."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_house import SETPOINT

from edge_agent.cli.main import run
from edge_agent.web.socket_path import SOCKET_NAME
from tests.cli.conftest import Gateway, say

PROGRAM = (sys.executable, "-I", "-m", "edge_agent")
OVERRIDE = ("--reason", "cold", "--by", "Ada")


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "9" * 400, "warm", ""])
def test_only_a_number_can_be_set(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(("override", SETPOINT, "--for", "1h", *OVERRIDE, "--", value))
    assert ended.value.code == 2
    assert f"{value!r} is no number a point can be set to" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["nan", "0", "-1", "x", "61"])
def test_an_answer_is_waited_for_at_least_a_little(
    seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(("scan", "modbus", "127.0.0.1", "--timeout", seconds))
    assert ended.value.code == 2
    assert f"{seconds!r}: choose more than 0 s and at most 60" in capsys.readouterr().err


@pytest.mark.parametrize("span", ["0s", "32d", "99999999999999d", "9" * 400 + "s", "²m"])
def test_a_hold_has_an_end_in_sight(tmp_path: Path, span: str) -> None:
    place = ("--state-dir", str(tmp_path))
    for words in (("override", SETPOINT, "1", *OVERRIDE), ("release", SETPOINT)):
        said = say(*words, "--for", span, *place)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("semdr-edge: --for: ")
        assert "write 90s" in said.err or "at most " in said.err


def test_nobody_sets_a_point_without_saying_why(tmp_path: Path) -> None:
    words = ("override", SETPOINT, "1", "--for", "1h", "--by", "Ada", "--reason", " ")
    said = say(*words, "--state-dir", str(tmp_path))
    assert (said.code, said.out, said.err) == (2, "", "semdr-edge: --reason: say why\n")


def test_nobody_signs_without_a_name(tmp_path: Path) -> None:
    words = ("commission", str(tmp_path / "site.yaml"), "--by", " ")
    said = say(*words, "--state-dir", str(tmp_path / "state"))
    assert (said.code, said.out, said.err) == (2, "", "semdr-edge: --by: say who signs\n")
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_has_no_folder_is_told_before_months_are_played(tmp_path: Path) -> None:
    data, page = str(tmp_path / "none.csv"), str(tmp_path / "none" / "page.html")
    said = say("backtest", str(tmp_path / "none.yaml"), "--data", data, "--report", page)
    assert (said.code, said.out) == (2, "")
    assert f"--report: there is no folder {tmp_path / 'none'}" in said.err


def test_a_span_beyond_all_clocks_is_wrong_use_everywhere(tmp_path: Path) -> None:
    site = str(tmp_path / "site.yaml")
    span = "99999999999d"
    assert say("write", site, "battery", "power_setpoint", "5", "--for", span).code == 2
    assert say("demo", "--dir", str(tmp_path / "hotel"), "--for", span).code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_release_is_signed_like_an_override(gateway: Gateway) -> None:
    place = ("--state-dir", str(gateway.state_dir))
    assert say("release", SETPOINT, "--by", "Grace", *place).code == 0
    assert "released by Grace until" in say("audit", *place).out


def test_an_unknown_point_is_answered_with_those_there_are(gateway: Gateway) -> None:
    said = say("status", "meter.power", "--state-dir", str(gateway.state_dir))
    assert said.code == 1
    assert "it commands: " in said.err
    assert SETPOINT in said.err


def test_without_a_site_file_the_message_says_how_to_name_the_gateway(tmp_path: Path) -> None:
    said = say("status", "--site", str(tmp_path / "none.yaml"))
    assert said.code == 1
    assert str(tmp_path / "none.yaml") in said.err
    assert "--state-dir" in said.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--start", "9999-12-31"), "choose a year from"),
        (("--start", "0001-01-01"), "choose a year from"),
        (("--start", "tomorrow"), "no time such as 2026-06-15T08:00"),
        ((), "Not a directory"),
    ],
)
def test_a_demo_that_cannot_begin_says_why(
    tmp_path: Path, words: tuple[str, ...], complaint: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    said = say("demo", "--dir", str(file / "hotel"), "--for", "1s", *words)
    assert (said.code, said.out) == (2, "")
    assert complaint in said.err


def test_who_reads_only_the_first_line_gets_no_trace_of_calls() -> None:
    with subprocess.Popen(
        (*PROGRAM, "profiles", "show", "janitza_umg604"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as asked:
        assert asked.stdout is not None
        assert asked.stderr is not None
        asked.stdout.close()
        said = asked.stderr.read()
    assert (asked.returncode, said) == (1, b"")


@pytest.fixture
def heeded() -> Iterator[None]:
    """SIGINT is not ignored by what is started, though a job in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
def test_ctrl_c_while_the_gateway_is_silent_ends_without_a_trace(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.settimeout(30)
        silent.bind(str(tmp_path / SOCKET_NAME))
        silent.listen()
        with subprocess.Popen(
            (*PROGRAM, "status", "--state-dir", str(tmp_path)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as asked:
            knock, _ = silent.accept()
            knock.close()
            question, _ = silent.accept()
            with question:
                assert question.recv(1) == b"G"
                asked.send_signal(signal.SIGINT)
                said, _ = asked.communicate(timeout=30)
    assert (asked.returncode, said) == (130, b"")
