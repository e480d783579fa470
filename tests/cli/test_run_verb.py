"""Starting the gateway: what it refuses, and that it then starts nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from bacnet_peek import free_udp_port
from small_house import free_tcp_port, write_site

from edge_agent.cli.local_api import NotRunningError, ask
from tests.cli.conftest import Gateway, say, start_command


def nothing_in(folder: Path) -> bool:
    return not folder.exists() or not list(folder.iterdir())


def test_a_broken_site_starts_nothing(tmp_path: Path) -> None:
    def broken(site: dict[str, Any]) -> None:
        site["agent"]["tick_s"] = 0

    said = say("run", str(write_site(tmp_path, change=broken)))
    assert said.code == 1
    assert "agent.tick_s" in said.err
    assert not (tmp_path / "state").exists()


def test_a_second_gateway_on_the_same_state_is_refused_by_name(gateway: Gateway) -> None:
    said = say("run", str(gateway.site))
    assert said.code == 1
    assert f"{gateway.state_dir} is in use by process {gateway.process.pid}" in said.err
    assert say("status", "--site", str(gateway.site)).code == 0, "the first one goes on"


def test_a_port_in_use_is_named(gateway: Gateway, tmp_path: Path) -> None:
    def same_port(site: dict[str, Any]) -> None:
        site["agent"]["web_port"] = gateway.web_port

    path = write_site(tmp_path, free_tcp_port(), free_udp_port(), same_port)
    said = say("run", str(path))
    assert said.code == 1
    assert f"agent.web_port: 127.0.0.1:{gateway.web_port} cannot be used" in said.err


def test_a_bacnet_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        def same_port(site: dict[str, Any]) -> None:
            site["links"]["bms"]["listen"] = f"127.0.0.1/8:{port}"

        said = say("run", str(write_site(tmp_path, free_tcp_port(), change=same_port)))
    assert said.code == 1
    assert str(port) in said.err


def test_a_clock_nobody_understands_is_refused(tmp_path: Path) -> None:
    said = say("run", str(write_site(tmp_path)), "--clock", "fast")
    assert said.code == 1
    assert "clock 'fast' is not SPEED@MONOTONIC_S=ISO_START" in said.err
    assert nothing_in(tmp_path / "state")


def test_a_state_directory_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "state"
    said = say("run", str(write_site(tmp_path)), "--state-dir", str(place))
    assert said.code == 1
    assert str(place) in said.err


def test_it_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    path = write_site(tmp_path, free_tcp_port(), free_udp_port())
    state_dir = tmp_path / "here"

    over = threading.Event()

    def stop_when_up() -> None:
        while not over.wait(0.02):
            with contextlib.suppress(NotRunningError):
                if not ask(state_dir, "/api/plan").is_error:
                    os.kill(os.getpid(), signal.SIGTERM)
                    return

    stopper = threading.Thread(target=stop_when_up)
    stopper.start()
    try:
        said = say("run", str(path), "--state-dir", str(state_dir))
    finally:
        over.set()
        stopper.join()
    assert (said.code, said.err) == (0, "")
    assert (state_dir / "edge.db").exists()
    assert state_dir.stat().st_mode & 0o777 == 0o700


PLANNING = """
import os, signal, sys, threading, time
from pathlib import Path
from edge_agent.cli import run_verb
from edge_agent.cli.local_api import NotRunningError, ask
from edge_agent.cli.main import build_parser

def stop_after_a_plan():
    end = time.monotonic() + 30
    while time.monotonic() < end:
        time.sleep(0.05)
        try:
            status = ask(Path(sys.argv[2]), "/api/status").json()
        except NotRunningError:
            continue
        if status["counters"]["worker_starts"] and status["plan"]["plans"] > 1:
            break
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=stop_after_a_plan).start()
site, state_dir = sys.argv[1:]
code = run_verb.main(build_parser().parse_args(["run", site, "--state-dir", state_dir]))
loaded = {name.partition(".")[0] for name, module in sys.modules.items() if module is not None}
heavy = {"pyomo", "highspy", "pandas", "numpy", "scipy", "sklearn", "pvlib", "sqlite_utils"}
others = {"awscrt", "entsoe", "holidays", "iotcore", "paho", "readline", "unittest", "websockets"}
print(code, sorted(loaded & (heavy | others)))
"""


def test_the_agent_plans_without_what_belongs_to_other_processes(tmp_path: Path) -> None:
    path = write_site(tmp_path, free_tcp_port(), free_udp_port())
    words = [sys.executable, "-I", "-c", PLANNING, str(path), str(tmp_path / "state")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=90)
    assert done.stdout.strip() == "0 []", done.stderr


@pytest.mark.slow
def test_a_kill_is_survived_and_the_socket_taken_over(tmp_path: Path) -> None:
    first = Gateway(tmp_path)
    first.process.kill()
    first.process.wait()
    assert (first.state_dir / "control.sock").exists()
    again = subprocess.Popen(start_command(first.site), stderr=subprocess.DEVNULL)
    try:
        end_s = time.monotonic() + 15
        while say("plan", "--state-dir", str(first.state_dir)).code and time.monotonic() < end_s:
            time.sleep(0.05)
        audit = say("audit", "--state-dir", str(first.state_dir)).out
        assert audit.count("agent started") == 2
        again.send_signal(signal.SIGTERM)
        assert again.wait(10) == 0
    finally:
        again.kill()


@pytest.mark.slow
def test_plant_time_may_be_given(tmp_path: Path) -> None:
    path = write_site(tmp_path, free_tcp_port(), free_udp_port())
    state_dir = tmp_path / "state"
    words = start_command(path, "--clock", "60@0=2026-06-01T00:00:00+00:00")
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        end_s = time.monotonic() + 15
        while say("plan", "--state-dir", str(state_dir)).code and time.monotonic() < end_s:
            time.sleep(0.05)
        said = say("status", "--state-dir", str(state_dir))
        assert said.code == 0
        assert " at 2026-" in said.out.splitlines()[0]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()


@pytest.mark.slow
def test_tied_to_whoever_started_it_it_ends_with_him(tmp_path: Path) -> None:
    path = write_site(tmp_path, free_tcp_port(), free_udp_port())
    words = start_command(path, "--tied")
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        end_s = time.monotonic() + 15
        while say("plan", "--state-dir", str(tmp_path / "state")).code:
            assert time.monotonic() < end_s
            time.sleep(0.05)
        assert process.stdin is not None
        process.stdin.write(b"anything\n")
        process.stdin.close()
        assert process.wait(10) == 0
    finally:
        process.kill()
