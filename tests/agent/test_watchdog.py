"""What systemd hears, over real sockets of both kinds; and how much memory we say we hold."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.memory import rss_mb
from edge_agent.watchdog import Watchdog


@contextlib.contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(address)
        ear.settimeout(2.0)
        yield ear


def test_a_socket_in_the_file_system(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with listening(path) as ear:
        Watchdog(path).tell("READY=1")
        Watchdog(path).tell("WATCHDOG=1")
        assert [ear.recv(64), ear.recv(64)] == [b"READY=1", b"WATCHDOG=1"]


def test_a_socket_in_the_abstract_namespace() -> None:
    name = f"semdr-edge-test-{os.getpid()}"
    with listening(f"\0{name}") as ear:
        Watchdog(f"@{name}").tell("STOPPING=1")
        assert ear.recv(64) == b"STOPPING=1"


def test_the_address_comes_from_systemd_where_it_is_not_given(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    says = "from edge_agent.watchdog import Watchdog; Watchdog().tell('READY=1')"
    with listening(path) as ear:
        environment = os.environ | {"NOTIFY_SOCKET": path}
        subprocess.run([sys.executable, "-c", says], env=environment, check=True)
        assert ear.recv(64) == b"READY=1"


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "@semdr-edge-nobody-listens"])
def test_nobody_who_listens_is_no_fault(address: str) -> None:
    Watchdog(address).tell("WATCHDOG=1")


def test_a_full_socket_does_not_block(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with listening(path) as ear:
        watchdog = Watchdog(path)
        for _ in range(1000):
            watchdog.tell("WATCHDOG=1")
        ear.settimeout(0)
        heard = 0
        with contextlib.suppress(BlockingIOError):
            while ear.recv(64):
                heard += 1
        assert 0 < heard < 1000


def test_resident_memory_grows_with_what_is_held() -> None:
    before_mb = rss_mb()
    held = bytearray(os.urandom(1024)) * (40 * 1024)
    grown_mb = rss_mb() - before_mb
    assert len(held) == 40 * 1024 * 1024
    assert 35 < grown_mb < 60
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    assert rss_mb() <= peak_mb + 1
