"""Writing by hand: held, read back, given back, and never past a limit."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from stepping_house import SteppingHouse

from tests.cli.conftest import Gateway, say


@pytest.fixture(scope="module")
def house() -> Iterator[SteppingHouse]:
    with SteppingHouse() as served:
        yield served


def test_a_value_is_held_read_back_and_given_back(house: SteppingHouse, tmp_path: Path) -> None:
    site = house.site_file(tmp_path)
    words = ("write", str(site), "battery", "power_setpoint", "-5.5", "--for", "0.5s", "--json")
    said = say(*words)
    assert said.code == 0
    told = json.loads(said.out)
    assert (told["result"], told["ended"], told["released"]) == ("verified", "time", "verified")
    assert told["readback"] == pytest.approx(-5.5)
    assert house.plant.commands["battery.setpoint_kw"] is None
    assert not house.battery_commanded


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("battery", "power_setpoint", "-41"), "outside what the device takes, -40..40"),
        (("battery", "power_setpoint", "nan"), "no number to write"),
        (("fcu", "setpoint", "26"), "may stand for ever, 19..25"),
        (("meter", "power", "1"), "meter.power is not writable"),
        (("meter", "pover", "1"), "meter has no point pover; it has power,"),
        (("metre", "power", "1"), "no device metre"),
    ],
)
def test_what_must_not_be_written_is_not(
    house: SteppingHouse, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    frames = house.modbus.write_frames
    said = say("write", str(house.site_file(tmp_path)), *words, "--for", "1s")
    assert said.code == 1
    assert why in said.err
    assert house.modbus.write_frames == frames
    assert house.our_slot() is None


@pytest.mark.parametrize("span", ["0s", "25h", "soon"])
def test_a_span_that_is_none_is_refused(house: SteppingHouse, tmp_path: Path, span: str) -> None:
    site = str(house.site_file(tmp_path))
    assert say("write", site, "battery", "power_setpoint", "1", "--for", span).code == 2


def test_ctrl_c_gives_it_back_at_once(house: SteppingHouse, tmp_path: Path) -> None:
    over = threading.Event()

    def press() -> None:
        while not over.wait(0.005):
            if house.battery_commanded:
                os.kill(os.getpid(), signal.SIGINT)
                return

    presser = threading.Thread(target=press)
    presser.start()
    try:
        site = str(house.site_file(tmp_path))
        said = say("write", site, "battery", "power_setpoint", "5", "--for", "1h", "--json")
    finally:
        over.set()
        presser.join()
    assert said.code == 1
    told = json.loads(said.out)
    assert (told["ended"], told["released"], told["given_back"]) == (
        "told to stop", "verified", True,
    )  # fmt: skip
    assert "ended by SIGINT" in said.err
    assert not house.battery_commanded


def test_while_the_gateway_runs_nothing_is_written_by_hand(gateway: Gateway) -> None:
    said = say("write", str(gateway.site), "battery", "power_setpoint", "5", "--for", "1s")
    assert said.code == 1
    assert f"is in use by process {gateway.process.pid}" in said.err
    assert "stop it before you write by hand" in said.err
    said = say("commission", str(gateway.site), "--by", "A. Tester")
    assert (said.code, said.out) == (1, "")
    assert "stop it before you commission" in said.err
