"""Commissioning against devices on real wires: wiring faults, people, Ctrl-C, kill -9, the gate."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stepping_house import SteppingHouse

from edge_agent.commissioning.acceptance import accepted
from edge_agent.commissioning.report import Report, open_matters
from edge_agent.commissioning.site_hash import site_hash
from edge_agent.site.load import load_site
from tests.cli.conftest import Said, say

WAIT_S = 30.0
HASTY = ("--settle", "1s")
SLOW = pytest.mark.slow


@pytest.fixture(scope="module")
def served() -> Iterator[SteppingHouse]:
    with SteppingHouse() as house:
        yield house


@pytest.fixture
def house(served: SteppingHouse) -> Iterator[SteppingHouse]:
    """The devices as they come from the factory, and given back after each test."""
    plant = served.plant
    plant.turned, plant.factor, plant.deaf, plant.wander_kw = (), 1.0, False, 0.0
    yield served
    served.battery.local = False
    for unit in (served.meter, served.battery, served.inverter):
        unit.silent = False
    assert (served.battery_commanded, served.inverter_limited) == (False, False)
    assert served.our_slot() is None


def commission(site: Path, *words: str) -> tuple[Said, Report]:
    said = say("commission", str(site), "--by", "A. Tester", "--json", *HASTY, *words)
    return said, Report.model_validate_json(said.out)


def until(condition: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end_s, what
        time.sleep(0.005)


def test_a_sound_plant_is_accepted(house: SteppingHouse, tmp_path: Path) -> None:
    site = house.site_file(tmp_path)
    said, report = commission(site, "--yes", "--accept")
    assert (said.code, report.open_matters) == (0, ())
    assert [row.finding for row in report.actuators] == ["passed"] * 3
    battery = report.actuators[0]
    assert [stage.meter_moved_kw for stage in battery.stages] == pytest.approx([4, -4], abs=0.1)
    loaded = load_site(site).site
    kept = accepted(tmp_path / "state", site_hash(loaded))
    assert kept == report
    ends = {row.point: row.end_state for row in report.points if row.writable}
    assert "timer WSetRvrtTms" in ends["power_setpoint"]
    assert "slot 13" in ends["setpoint"]
    assert "19..25" in ends["setpoint"]


def test_a_turned_meter_is_found_and_not_accepted(house: SteppingHouse, tmp_path: Path) -> None:
    house.plant.turned = (1, 2, 3)
    site = house.site_file(tmp_path)
    said, report = commission(site, "--yes", "--accept")
    assert said.code == 1
    battery = report.actuators[0]
    assert battery.finding == "sign"
    assert battery.says.startswith("the meter moved by -4.0 kW when +4.0 kW was asked: CT turned")
    assert accepted(tmp_path / "state", report.site_hash) is None


FAULTS = [
    ({"turned": (2,)}, "size", "the CT of L2 is turned"),
    pytest.param(
        {"factor": 10.0}, "size", "wrong by a factor of about 10: CT ratio or unit", marks=SLOW
    ),
    pytest.param({"deaf": True}, "no_move", "the device's own power moved by +0.0 kW", marks=SLOW),
]


@pytest.mark.parametrize(("fault", "finding", "says"), FAULTS)
def test_each_wiring_fault_is_told_apart(
    house: SteppingHouse, tmp_path: Path, fault: dict[str, Any], finding: str, says: str
) -> None:
    for name, value in fault.items():
        setattr(house.plant, name, value)

    def roomy(site: dict[str, Any]) -> None:
        site["assets"]["grid"]["import_limit_kw"] = 1000

    _, report = commission(house.site_file(tmp_path, roomy), "--yes", "--only", "battery")
    (row,) = report.actuators
    assert row.finding == finding, row.says
    assert says in row.says


@SLOW
def test_a_restless_site_is_told_to_try_again(house: SteppingHouse, tmp_path: Path) -> None:
    house.plant.wander_kw = 5.0
    _, report = commission(house.site_file(tmp_path), "--yes", "--only", "battery")
    assert report.actuators[0].finding == "restless"
    assert "quieter hour" in report.actuators[0].says


@SLOW
def test_without_a_terminal_nothing_is_made_up(house: SteppingHouse, tmp_path: Path) -> None:
    words = [sys.executable, "-I", "-m", "edge_agent", "commission"]
    words += [str(house.site_file(tmp_path)), "--by", "A. Tester", "--json", "--accept", *HASTY]
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=2 * WAIT_S
    )
    report = Report.model_validate_json(done.stdout)
    assert done.returncode == 1
    assert {row.local_override for row in report.actuators} == {"not_tried"}
    assert report.answered_by.startswith("nobody")
    assert "gateway power-off: not tried" in report.open_matters
    assert accepted(tmp_path / "state", report.site_hash) is None


def test_a_reason_stands_in_for_the_person(house: SteppingHouse, tmp_path: Path) -> None:
    site = house.site_file(tmp_path)
    said, report = commission(site, "--without-person", "panel locked until June", "--accept")
    assert said.code == 0
    assert report.without_person == "panel locked until June"
    assert report.accepted_at is not None


def test_a_dead_meter_ends_in_a_report_that_says_so(house: SteppingHouse, tmp_path: Path) -> None:
    house.meter.silent = True
    said, report = commission(house.site_file(tmp_path), "--yes", "--accept")
    assert said.code == 1
    assert any(matter.startswith("meter: no answer") for matter in report.open_matters)
    assert report.actuators[0].finding == "not_tried"
    assert not any("meter" in row.released for row in report.actuators)


def test_the_page_stands_alone_and_hides_nothing(house: SteppingHouse, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    site = house.site_file(tmp_path)
    said = say(
        "commission", str(site), "--by", "<b>A. T.", "--yes", *HASTY, "--report", str(folder)
    )
    assert said.code == 0
    assert "nothing is open: --accept keeps it" in said.out
    (page,) = folder.glob("*.html")
    text = page.read_text()
    assert "&lt;b&gt;A. T." in text
    assert "<b>A. T." not in text
    for wanted in ("meter.power", "battery.power_setpoint", "timer WSetRvrtTms", "4 kW"):
        assert wanted in text
    assert "http" not in text
    (kept,) = folder.glob("*.json")
    assert open_matters(Report.model_validate_json(kept.read_text())) == ()


def start(site: Path, folder: Path, *words: str, **more: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-m", "edge_agent", "commission", str(site)]
    command += ["--by", "A. Tester", "--report", str(folder), *words]
    return subprocess.Popen(command, **more)


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=SLOW),
        pytest.param(signal.SIGHUP, marks=SLOW),
    ],
)
def test_a_signal_in_mid_step_leaves_nothing_written(
    house: SteppingHouse, tmp_path: Path, number: signal.Signals
) -> None:
    # The meter never follows, so that the step waits out its time.
    house.plant.factor = 0.0
    folder = tmp_path / "reports"
    process = start(
        house.site_file(tmp_path), folder, "--yes", "--settle", "60s", stderr=subprocess.PIPE
    )
    try:
        until(lambda: house.plant.commands.get("battery.setpoint_kw") == 4.0, "no step came")
        process.send_signal(number)
        _, err = process.communicate(timeout=WAIT_S)
    finally:
        process.kill()
    assert process.returncode == 1
    assert not house.battery_commanded
    assert b"every point was given back, nothing is left written" in err
    (kept,) = folder.glob("*.json")
    report = Report.model_validate_json(kept.read_text())
    assert report.broken_off == "a person or the system ended it"
    assert len(report.devices) == 5, "what was seen until then is kept"
    assert report.ended is not None


@SLOW
def test_what_a_kill_leaves_the_next_run_gives_back(house: SteppingHouse, tmp_path: Path) -> None:
    house.plant.factor = 0.0
    site = house.site_file(tmp_path)
    process = start(site, tmp_path / "r", "--yes", "--settle", "60s", stderr=subprocess.DEVNULL)
    try:
        until(lambda: house.plant.commands.get("battery.setpoint_kw") == 4.0, "no step came")
    finally:
        process.kill()
        process.wait()
    assert house.battery_commanded
    said = say("write", str(site), "fcu", "setpoint", "22", "--for", "0.1s")
    assert said.code == 0
    assert not house.battery_commanded


class Terminal:
    """A person at a terminal of his own."""

    def __init__(self, site: Path, folder: Path, *words: str) -> None:
        self._master, slave = pty.openpty()
        self.process = start(site, folder, *words, stdin=slave, stderr=slave, stdout=slave)
        os.close(slave)
        self.seen = ""

    def wait_for(self, text: str) -> None:
        while text not in self.seen:
            if not self._shows():
                self.process.kill()
                pytest.fail(f"ended, or silent for long, before {text!r}: {self.seen}")

    def _shows(self) -> bool:
        """Whether more has come within the time to wait."""
        readable, _, _ = select.select([self._master], [], [], WAIT_S)
        try:
            data = os.read(self._master, 4096) if readable else b""
        except OSError:
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)

    def type(self, text: str) -> None:
        self.seen = ""
        os.write(self._master, text.encode())

    def end(self) -> int:
        """Its exit code, once all it prints has been read."""
        while self._shows():
            pass
        try:
            return self.process.wait(WAIT_S)
        finally:
            self.process.kill()
            os.close(self._master)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "reports"


def only_report(folder: Path) -> dict[str, Any]:
    (kept,) = folder.glob("*.json")
    report: dict[str, Any] = json.loads(kept.read_text())
    return report


def test_a_person_at_the_panel_is_noticed(
    house: SteppingHouse, tmp_path: Path, folder: Path
) -> None:
    terminal = Terminal(house.site_file(tmp_path), folder, "--only", "battery", *HASTY)
    terminal.wait_for("Local override: take battery.power_setpoint over at the device now.")
    house.run(_switch(house, on=True))
    terminal.type("maybe\n")
    terminal.wait_for("[y/n/skip]")
    terminal.type("y\n")
    terminal.wait_for("Gateway power-off")
    terminal.type("y\n")
    assert terminal.end() == 1, "the other actuators were not tried"
    (row,) = only_report(folder)["actuators"]
    assert row["local_override"] == "yes"
    assert row["local_says"].startswith("noticed:")
    assert only_report(folder)["power_off"] == "yes"


@SLOW
def test_a_person_who_only_says_so_is_not_believed(
    house: SteppingHouse, tmp_path: Path, folder: Path
) -> None:
    terminal = Terminal(house.site_file(tmp_path), folder, "--only", "battery", *HASTY)
    terminal.wait_for("Local override")
    terminal.type("y\n")
    terminal.wait_for("Gateway power-off")
    terminal.type("skip\n")
    assert terminal.end() == 1
    report = only_report(folder)
    assert report["actuators"][0]["local_override"] == "no"
    assert "battery.power_setpoint: local override: failed" in report["open_matters"]
    assert report["power_off"] == "skipped"


async def _switch(house: SteppingHouse, *, on: bool) -> None:
    """The switch at the cabinet, turned where the servers run."""
    house.battery.local = on


def test_who_is_wanted_and_is_not_there(house: SteppingHouse, tmp_path: Path) -> None:
    site = house.site_file(tmp_path)
    said = say("commission", str(site), "--by", "A. T.", "--only", "nothing")
    assert (said.code, said.out) == (1, "")
    assert "no device nothing" in said.err
    assert say("commission", str(site), "--by", "A. T.", "--settle", "soon").code == 2
