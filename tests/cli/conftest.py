"""A gateway in a process of its own, with a site whose devices do not answer."""

from __future__ import annotations

import contextlib
import io
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from bacnet_peek import free_udp_port
from small_house import free_tcp_port, write_site

from edge_agent.cli.main import run

READY_S = 15.0


class Said(NamedTuple):
    """What a verb came to."""

    code: int
    out: str
    err: str


Say = Callable[..., Said]


def say(*words: str) -> Said:
    """Run one verb in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(words)
    return Said(code, out.getvalue(), err.getvalue())


class Gateway:
    """The process, its site file and its state directory."""

    def __init__(self, folder: Path) -> None:
        self.web_port = free_tcp_port()
        self.site = write_site(folder, free_tcp_port(), free_udp_port(), self._quick)
        self.state_dir = folder / "state"
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(start_command(self.site), stdout=log, stderr=log)
        self._wait()

    def _quick(self, site: dict[str, dict[str, object]]) -> None:
        site["agent"]["web_port"] = self.web_port

    def _wait(self) -> None:
        end_s = time.monotonic() + READY_S
        while time.monotonic() < end_s and self.process.poll() is None:
            if say("plan", "--state-dir", str(self.state_dir)).code == 0:
                return
            time.sleep(0.05)
        self.stop()
        pytest.fail(f"the gateway did not start: {self.log.read_text()}")

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()


def start_command(site: Path, *more: str) -> Sequence[str]:
    """`semdr-edge run SITE` in a process of its own."""
    return (sys.executable, "-I", "-m", "edge_agent", "run", str(site), *more)


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One for all tests that only ask."""
    started = Gateway(tmp_path_factory.mktemp("gw"))
    yield started
    assert started.stop() == 0
