"""The verbs that talk to a running gateway, over its real socket."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest
from small_house import FAN_COIL, SETPOINT

from tests.cli.conftest import Gateway, Said, say


def ask(gateway: Gateway, *words: str) -> Said:
    return say(*words, "--state-dir", str(gateway.state_dir))


def test_status_is_one_screen(gateway: Gateway) -> None:
    said = ask(gateway, "status")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0].startswith("small_house ")
    assert lines[1] == (
        "now grid unknown kW, pv unknown kW, battery unknown kW, hvac unknown kW, "
        "load unknown kW, battery at unknown %"
    )
    assert "DEGRADED" in lines[2]
    assert any(line.split()[:2] == ["meter", "missing"] for line in lines)
    assert any("never" in line for line in lines)
    assert any(line.startswith("cloud none: not connected") for line in lines)
    assert any(line.startswith("control enabled: ") for line in lines)


def test_status_as_json_is_the_whole_picture(gateway: Gateway) -> None:
    said = ask(gateway, "status", "--json")
    status = json.loads(said.out)
    assert (said.code, status["site"]) == (0, "small_house")
    assert {device["device"] for device in status["devices"]} == {
        "meter",
        "battery",
        "inverter",
        "room",
        "fcu",
    }


def test_status_finds_the_state_directory_through_the_site_file(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert say("status", "--site", str(gateway.site)).code == 0
    monkeypatch.setenv("SEMDR_CONFIG_PATH", str(gateway.site))
    assert say("status").code == 0


def test_status_of_a_point_is_its_priority_array(gateway: Gateway) -> None:
    said = ask(gateway, "status", SETPOINT)
    assert said.code == 0
    assert said.out.startswith(f"{SETPOINT}: unknown because ")
    row = json.loads(ask(gateway, "status", SETPOINT, "--json").out)
    assert (row["point"], row["value"]) == (SETPOINT, None)


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_status_of_an_unknown_point_is_bad(gateway: Gateway, more: list[str]) -> None:
    said = ask(gateway, "status", "nobody.knows", *more)
    assert (said.code, said.out) == (1, "")
    assert "nobody.knows is no point this gateway commands" in said.err


def test_the_plan_and_why(gateway: Gateway) -> None:
    said = ask(gateway, "plan")
    assert said.code == 0
    head, *reasons = said.out.splitlines()
    assert head.startswith("plan of ")
    assert any("meter.power" in line for line in reasons)
    plan = json.loads(ask(gateway, "plan", "--json").out)
    assert plan["source"] in ("safe", "rules")


def test_release_keeps_the_plan_off_and_is_in_the_audit(gateway: Gateway) -> None:
    words = ["release", FAN_COIL, "--for", "30m", "--person", "porter", "--reason", "guest is cold"]
    said = ask(gateway, *words)
    assert said == (0, f"{FAN_COIL} released for 30m\n", "")
    audit = ask(gateway, "audit")
    assert re.search(rf"{FAN_COIL} released by porter until .*Z: guest is cold", audit.out)
    rows = json.loads(ask(gateway, "audit", "--count", "1", "--json").out)
    assert len(rows) == 1
    again = json.loads(ask(gateway, "release", FAN_COIL, "--json").out)
    nothing = "nothing was held"
    assert again == {"released": FAN_COIL, "for_s": 3600.0, "result": nothing}


def test_a_release_that_is_refused_says_why(gateway: Gateway) -> None:
    unknown = ask(gateway, "release", "nobody.knows")
    assert unknown.code == 1
    assert "nobody.knows is no point this gateway commands" in unknown.err
    far = ask(gateway, "release", FAN_COIL, "--for", "30d")
    assert far.code == 2
    assert "--for: '30d': more than nothing and at most 7d" in far.err


def test_a_persons_value_stands_above_the_plan_and_is_in_the_audit(gateway: Gateway) -> None:
    words = ["override", FAN_COIL, "21.5", "--for", "2h", "--reason", "wedding", "--by", "Ada"]
    said = ask(gateway, *words)
    assert (said.code, said.err) == (0, "")
    audit = ask(gateway, "audit")
    assert re.search(rf"{FAN_COIL} set to 21.5 by Ada until .*Z: wedding", audit.out)
    assert ask(gateway, "release", FAN_COIL).code == 0
    assert ask(gateway, "override", "no.where", *words[2:]).code == 1
    assert ask(gateway, "override", FAN_COIL, "21", *words[3:-2], "--by", "").code == 2


def test_only_an_alarm_that_stands_is_acknowledged(gateway: Gateway) -> None:
    said = ask(gateway, "acknowledge", "battery_hot", "bat", "--by", "Ada")
    assert said.code == 1
    assert "no alarm battery_hot of bat is known" in said.err
    assert ask(gateway, "acknowledge", "battery_hot", "--by", "").code == 2


def test_a_span_nobody_understands_is_wrong_use(gateway: Gateway) -> None:
    said = ask(gateway, "release", FAN_COIL, "--for", "soon")
    assert said.code == 2
    assert "'soon' is no span of time" in said.err


def test_an_audit_of_nothing_is_refused(gateway: Gateway) -> None:
    said = ask(gateway, "audit", "--count", "0")
    assert said.code == 1
    assert "count=0" in said.err


@pytest.mark.parametrize(
    "verb", [["status"], ["status", "a.b"], ["plan"], ["release", "a.b"], ["audit"]]
)
def test_without_a_gateway_the_message_says_where_it_was_looked_for(
    tmp_path: Path, verb: list[str]
) -> None:
    said = say(*verb, "--state-dir", str(tmp_path))
    assert (said.code, said.out) == (1, "")
    assert f"no gateway answers at {tmp_path / 'control.sock'}" in said.err
    assert "is it running?" in said.err


def test_a_socket_that_a_dead_gateway_left_is_no_gateway(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "control.sock"))
    said = say("status", "--state-dir", str(tmp_path))
    assert said.code == 1
    assert "no gateway answers" in said.err


def test_a_broken_site_file_is_said_before_anybody_is_asked(tmp_path: Path) -> None:
    said = say("status", "--site", str(tmp_path / "none.yaml"))
    assert said.code == 1
    assert "none.yaml" in said.err
