"""Foreign Modbus servers started for a test, and what is needed to talk to them."""

from __future__ import annotations

import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

REFEREES = Path(__file__).parents[1] / "referees"
START_S = 20.0


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(words: Sequence[str | Path], *, ready: bool = True) -> Iterator[subprocess.Popen[str]]:
    """The program while the block lasts; with `ready` it has to print a line first."""
    process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, text=True)
    try:
        if ready and process.stdout is not None and not process.stdout.readline():
            msg = f"{words[0]} ended with {process.wait(START_S)}"
            raise RuntimeError(msg)
        yield process
    finally:
        process.terminate()
        process.wait(START_S)
        if process.stdout is not None:
            process.stdout.close()


def build_libmodbus_server(folder: Path) -> Path:
    """The server in C, compiled against the libmodbus of the system."""
    words = ["pkg-config", "--cflags", "--libs", "libmodbus"]
    flags = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    program = folder / "libmodbus_server"
    source = REFEREES / "libmodbus_server.c"
    compiler = shutil.which("gcc") or "gcc"
    subprocess.run([compiler, "-o", program, source, *shlex.split(flags)], check=True)
    return program


@contextmanager
def serial_pair(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Two serial lines joined by socat: what goes into one comes out of the other."""
    ends = folder / "line_a", folder / "line_b"
    words = ["socat", *(f"pty,raw,echo=0,link={end}" for end in ends)]
    with running(words, ready=False):
        until_s = time.monotonic() + START_S
        while not all(end.exists() for end in ends):
            if time.monotonic() > until_s:
                msg = "socat made no serial lines"
                raise RuntimeError(msg)
            time.sleep(0.02)
        yield ends
