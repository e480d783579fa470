"""The real gateway, run on the real wires of the demo as the unit runs it.

Its system-call filter, its socket families, no capabilities and no new privileges are in force,
and the test listens on the notify socket. Mounts, users and cgroups are systemd's own part.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from demo_run import solver_plan, summer_demo
from first_status import first_status

from edge_agent.clock import format_origin
from edge_agent.demo.agent_process import LEAN
from edge_agent.demo.demo import Demo

pytestmark = [pytest.mark.referee, pytest.mark.timeout(180)]

CONFINE = Path(__file__).with_name("confine.py")
STOP_S = 10.0


def said(*words: str) -> str:
    answer = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    return answer.stdout


@pytest.fixture(scope="module")
def settings(root: Path) -> dict[str, list[str]]:
    text = (root / "systemd" / "semdr-edge.service").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        found.setdefault(key, []).append(value)
    return found


def expand(analyze: str, names: str) -> set[str]:
    """System calls of groups such as `@system-service`, which hold further groups."""
    calls: set[str] = set()
    for name in names.split():
        if not name.startswith("@"):
            calls.add(name)
            continue
        lines = said(analyze, "syscall-filter", "--no-pager", name).splitlines()[1:]
        inner = [line.strip() for line in lines if line.strip() and "#" not in line]
        calls |= expand(analyze, " ".join(inner))
    return calls


@pytest.fixture(scope="module")
def confined(settings: dict[str, list[str]]) -> tuple[str, ...]:
    """The first words of a command that runs as confined as the unit."""
    analyze = shutil.which("systemd-analyze")
    assert analyze, "systemd-analyze is missing: run sh tests/referees/packages.sh"
    allow, deny = settings["SystemCallFilter"]
    assert deny.startswith("~")
    calls = expand(analyze, allow) - expand(analyze, deny.removeprefix("~"))
    families = settings["RestrictAddressFamilies"][0].split()
    return (sys.executable, str(CONFINE), ",".join(sorted(calls)), ",".join(families))


@pytest.fixture
async def heard(tmp_path: Path) -> AsyncIterator[list[str]]:
    """What the gateway says to systemd; read at once, for the socket's queue is short."""
    words: list[str] = []
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as link:
        link.bind(str(tmp_path / "notify"))
        loop.add_reader(link, lambda: words.append(link.recv(4096).decode()))
        yield words
        loop.remove_reader(link)


@asynccontextmanager
async def surroundings(demo: Demo) -> AsyncIterator[None]:
    """The demo's hotel and cloud, without its gateway."""
    for folder in (demo.options.folder / "hotel", demo.state_dir):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        await asyncio.gather(demo.hotel.start(), demo.cloud.start())
        yield
    finally:
        await demo.cloud.stop()
        await demo.hotel.stop()


@asynccontextmanager
async def gateway_of(demo: Demo, confined: tuple[str, ...], log: Path) -> AsyncIterator[Process]:
    """The gateway, confined, and killed at the end where it still runs."""
    words = ("run", str(demo.site_file), "--state-dir", str(demo.state_dir))
    with log.open("wb") as out:
        gateway = await asyncio.create_subprocess_exec(
            *(*confined, sys.executable, "-I", *LEAN, "-m", "edge_agent", *words),
            *("--clock", format_origin(demo.clock)),
            env={"NOTIFY_SOCKET": str(demo.options.folder / "notify")},
            stdout=out,
            stderr=out,
        )
    try:
        yield gateway
    finally:
        if gateway.returncode is None:
            gateway.kill()
            await gateway.wait()


async def test_plans_writes_and_stops_as_the_unit_runs_it(
    confined: tuple[str, ...], heard: list[str], tmp_path: Path
) -> None:
    demo = summer_demo(tmp_path, speed=30.0)
    log = tmp_path / "gateway.log"
    async with surroundings(demo), gateway_of(demo, confined, log) as gateway:
        status = await first_status(gateway, demo.state_dir, whole, wall_s=90.0)
        limits = limits_of(gateway.pid)
        gateway.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(gateway.wait(), STOP_S) == 0
    assert status["counters"]["writes_failed"] == 0
    assert limits == {"Seccomp": "2", "NoNewPrivs": "1", "CapEff": "0000000000000000"}
    assert heard[0] == "READY=1"
    assert "WATCHDOG=1" in heard
    assert "STOPPING=1" in heard[-2:]
    assert "not permitted" not in log.read_text(encoding="utf-8")


def test_learning_needs_nothing_that_the_filter_refuses(confined: tuple[str, ...]) -> None:
    words = (*confined, sys.executable, "-I", "-m", "edge_agent.forecasting.child", "site", "db")
    done = subprocess.run(words, input=b"", capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(b"ValidationError: ") or b"JSON" in done.stderr, done.stderr


def limits_of(pid: int) -> dict[str, str]:
    """What the kernel holds against a process."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    pairs = (line.split(":", 1) for line in lines)
    wanted = ("Seccomp", "NoNewPrivs", "CapEff")
    return {key: value.strip() for key, value in pairs if key in wanted}


def whole(status: dict[str, Any]) -> bool:
    """Planned by the solver, written to the devices, connected to the cloud."""
    written = status["counters"]["writes_verified"] > 0
    return solver_plan(status) and written and bool(status["cloud"]["connected"])


def test_the_filter_is_in_force(confined: tuple[str, ...]) -> None:
    code = (
        "import os, socket\n"
        "for call in (lambda: os.nice(1), lambda: socket.socket(socket.AF_NETLINK)):\n"
        "    try:\n"
        "        call()\n"
        "    except OSError as error:\n"
        "        print(error.errno)\n"
    )
    assert said(*confined, sys.executable, "-c", code).split() == ["1", "97"]
