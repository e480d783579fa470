"""Scanning real servers: units, profiles, SunSpec chains, BACnet objects, serial lines."""

from __future__ import annotations

import json
import os
import pty
import socket
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bacnet_peek import free_udp_port
from small_house import free_tcp_port
from stepping_house import SteppingHouse

from drivers.scan_wire import checksum, rtu_frame
from tests.cli.conftest import Gateway, Said, say


@pytest.fixture(scope="module")
def house() -> Iterator[SteppingHouse]:
    with SteppingHouse() as served:
        yield served


def scan(folder: Path, *words: str) -> tuple[Said, dict[str, Any]]:
    said = say("scan", *words, "--site", str(folder / "none.yaml"), "--json")
    told: dict[str, Any] = json.loads(said.out)
    return said, told


def test_units_that_answer_are_found_and_named(house: SteppingHouse, tmp_path: Path) -> None:
    frames = house.modbus.write_frames
    port = str(house.modbus.port)
    words = ("modbus", "127.0.0.1", "--port", port, "--units", "1-6", "--profile-guess")
    said, told = scan(tmp_path, *words)
    assert (said.code, told["complete"], told["unreached"]) == (0, True, [])
    rows = {row["unit"]: row for row in told["found"]}
    assert {unit: row["answer"].split()[0] for unit, row in rows.items()} == {
        1: "exception", 2: "exception", 3: "exception",
    }  # fmt: skip
    guesses = {unit: [g["profile"] for g in row["profiles"]] for unit, row in rows.items()}
    assert guesses == {1: ["eastron_sdm630"], 2: ["sunspec_storage"], 3: ["sunspec_inverter"]}
    assert not rows[1]["profiles"][0]["sure"]
    assert rows[2]["profiles"][0]["sure"]
    assert house.modbus.write_frames == frames


def test_progress_goes_to_stderr_and_text_to_stdout(house: SteppingHouse, tmp_path: Path) -> None:
    site = str(tmp_path / "none.yaml")
    port = str(house.modbus.port)
    said = say("scan", "modbus", "127.0.0.1", "--port", port, "--units", "1-2", "--site", site)
    assert "unit 1 answers" in said.err
    assert [line.split()[2] for line in said.out.splitlines()] == ["1", "2"]


def test_a_network_is_walked_at_its_open_ports(house: SteppingHouse, tmp_path: Path) -> None:
    port = str(house.modbus.port)
    said, told = scan(tmp_path, "modbus", "127.0.0.0/29", "--port", port, "--units", "2")
    assert [row["url"] for row in told["found"]] == [f"tcp://127.0.0.1:{port}"]
    assert said.code == 0


def test_nobody_there_is_said_so(tmp_path: Path) -> None:
    said, told = scan(tmp_path, "modbus", "127.0.0.1", "--port", str(free_tcp_port()))
    assert said.code == 1
    assert told["found"] == []
    assert len(told["unreached"]) == 1


def test_time_that_is_up_leaves_what_was_found(house: SteppingHouse, tmp_path: Path) -> None:
    house.inverter.silent = True
    port = str(house.modbus.port)
    words = ("--port", port, "--units", "2,3", "--timeout", "30", "--within", "1s")
    try:
        said, told = scan(tmp_path, "modbus", "127.0.0.1", *words)
    finally:
        house.inverter.silent = False
    assert said.code == 0
    assert [row["unit"] for row in told["found"]] == [2]
    assert told["complete"] is False
    assert "time was up" in told["unreached"][0]


def test_a_sunspec_chain_is_walked(house: SteppingHouse, tmp_path: Path) -> None:
    port = str(house.modbus.port)
    said, told = scan(tmp_path, "sunspec", "127.0.0.1", "--port", port, "--units", "1-4")
    assert said.code == 0
    battery, inverter = told["found"]
    assert [model["number"] for model in battery["models"]] == [1, 701, 704, 802]
    assert [model["number"] for model in inverter["models"]] == [1, 103, 120, 123]
    assert battery["identity"]["manufacturer"] == "SEMDR"
    assert battery["identity"]["serial"] == "BAT0002"
    assert battery["models"][0]["address"] == 40002
    assert [text.split(":")[0] for text in told["unreached"]] == ["unit 1", "unit 4"]


def test_a_bacnet_device_shows_its_objects(house: SteppingHouse, tmp_path: Path) -> None:
    listen = f"127.0.0.1/8:{free_udp_port()}"
    where = ("--listen", listen, "--to", f"127.0.0.1:{house.bacnet_port}")
    said, told = scan(tmp_path, "bacnet", *where)
    assert said.code == 0
    (device,) = told["found"]
    assert (device["device_id"], device["name"]) == (3101, "simulated-3101")
    objects = {one["object"]: one for one in device["objects"]}
    assert (objects["analog-input,1"]["value"], objects["analog-input,1"]["unit"]) == (22.0, "degC")
    assert objects["analog-value,7"]["commandable"]
    assert not objects["analog-input,1"]["commandable"]


def test_a_bacnet_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        words = ("bacnet", "--listen", f"127.0.0.1/8:{port}")
        said = say("scan", *words, "--site", str(tmp_path / "none.yaml"))
    assert said.code == 1
    assert str(port) in said.err


def test_while_a_gateway_runs_its_wires_are_left_alone(gateway: Gateway) -> None:
    for named in (("--site", str(gateway.site)), ("--state-dir", str(gateway.state_dir))):
        said = say("scan", "modbus", "127.0.0.1", *named)
        assert (said.code, said.out) == (1, "")
        assert "stop it before you scan" in said.err


class Slave:
    """Units 7 (late) and 9 on a pseudo terminal, from a thread: exception 2 to whatever is read."""

    def __init__(self) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self.asked: list[int] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        heard = b""
        while True:
            heard += os.read(self._master, 256)
            if heard.startswith(b"stop"):
                return
            for size in (7, 8):
                frame = heard[:size]
                if len(frame) == size and checksum(frame[:-2]) == frame[-2:]:
                    heard = heard[size:]
                    self._answer(frame[0], frame[1])
                    break

    def _answer(self, unit: int, function: int) -> None:
        self.asked.append(unit)
        if unit == 7:
            # Too late: its answer lies on the line when unit 8 is asked.
            time.sleep(0.25)
        if unit in (7, 9):
            os.write(self._master, rtu_frame(unit, bytes((function | 0x80, 2))))

    def stop(self) -> None:
        os.write(self._slave, b"stop")
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)


def test_a_serial_line_takes_no_late_answer_for_the_next_unit_s(tmp_path: Path) -> None:
    slave = Slave()
    try:
        where = f"serial:{slave.path}?baudrate=9600"
        _, told = scan(tmp_path, "modbus", where, "--units", "6-10", "--timeout", "0.2")
    finally:
        slave.stop()
    assert [row["unit"] for row in told["found"]] == [9]
    assert told["found"][0]["answer"] == "exception 2"
    assert {6, 7, 8, 9, 10} <= set(slave.asked)


WRONG_USE = [
    ("modbus", "10.0.0.5:502"),
    ("modbus", "10.0.0.5", "--port", "70000"),
    ("modbus", "10.0.0.0/8"),
    ("modbus", "no/net"),
    ("modbus", "127.0.0.1", "--units", "0-300"),
    ("modbus", "127.0.0.1", "--units", "x"),
    ("modbus", "serial:/dev/ttyUSB0?baudrate=9601"),
    ("sunspec", "a host"),
    ("sunspec", "10.0.0.0/24"),
    ("modbus", "127.0.0.1", "--within", "soon"),
]


@pytest.mark.parametrize("words", WRONG_USE, ids=" ".join)
def test_wrong_use_is_told_before_anything_is_asked(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = say("scan", *words, "--site", str(tmp_path / "none.yaml"))
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("semdr-edge: ")
    assert len(said.err.splitlines()) == 1


def test_a_host_that_is_away_is_named_once(tmp_path: Path) -> None:
    said, told = scan(tmp_path, "sunspec", "127.0.0.1", "--port", str(free_tcp_port()))
    assert said.code == 1
    (why,) = told["unreached"]
    assert "cannot connect" in why
