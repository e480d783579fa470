"""A local stand-in for AWS IoT Core: two processes on loopback, and a plug that can be pulled.

The broker forgets everything when it is killed, as a cloud does that loses a session; shadows and
received telemetry are on disk with the service, which lives on. It speaks plain TCP to this
machine only, and `$aws/...` is spelt `aws/...` on its wire.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.cloud.transport import CloudError

READY_WITHIN_S = 15.0
POLL_S = 0.02


class StandInError(CloudError):
    """The local stand-in did not start."""


@dataclass(frozen=True, slots=True)
class ReceivedReading:
    """One reading as the cloud has stored it; `value` in `unit`, None when missing."""

    device: str
    point: str
    at_ms: int
    value: float | None
    quality: str
    unit: str


@dataclass(frozen=True, slots=True)
class ReceivedCommit:
    """One commit as the cloud has stored it."""

    gateway: str
    seq: int
    boot: int
    at_ms: int
    readings: tuple[ReceivedReading, ...]


class LocalIotCore:
    """Starts, unplugs, plugs in and stops the stand-in; `dir` keeps what it knows."""

    def __init__(self, dir: Path, port: int, *, thing: str = "gateway") -> None:  # noqa: A002 - the name callers use
        self._dir = dir
        self.port = port
        self.thing = thing
        self._broker: subprocess.Popen[bytes] | None = None
        self._service: subprocess.Popen[bytes] | None = None

    @property
    def plugged_in(self) -> bool:
        """Whether the broker is running."""
        return self._broker is not None and self._broker.poll() is None

    async def start(self) -> None:
        """Start both processes; returns when the service has subscribed."""
        self._dir.mkdir(parents=True, exist_ok=True)
        try:
            await self.start_broker()
            await self.start_service()
        except (StandInError, asyncio.CancelledError):
            await self.stop()
            raise

    async def pull_plug(self) -> None:
        """Kill the broker: every link breaks, every session is lost."""
        await _end(self._broker)
        self._broker = None

    async def plug_in(self) -> None:
        """Start the broker again on the same port; returns when the service is back."""
        before = self._connects()
        await self.start_broker()
        await self._until(lambda: self._connects() > before, "the service did not come back")

    async def start_broker(self) -> None:
        """Start the broker alone; returns when it listens."""
        if _port_open(self.port):
            msg = f"port {self.port} on 127.0.0.1 is taken: the local cloud needs it"
            raise StandInError(msg)
        self._broker = _spawn("edge_agent.demo.iot_broker", "--port", str(self.port))
        await self._until(lambda: _port_open(self.port), "the broker did not start")

    def freeze(self) -> None:
        """Let the broker hang: links stand, nothing is answered once this has returned."""
        if self._broker is not None:
            self._broker.send_signal(signal.SIGSTOP)
            # A signal is only sent: until the process has stopped it may still answer.
            os.waitid(os.P_PID, self._broker.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def thaw(self) -> None:
        """End a freeze."""
        if self._broker is not None:
            self._broker.send_signal(signal.SIGCONT)

    async def start_service(self) -> None:
        """Start the service process, new or again; returns when it has subscribed."""
        self._ready_file.unlink(missing_ok=True)
        module = "edge_agent.demo.iot_service"
        self._service = _spawn(
            module, "--port", str(self.port), "--thing", self.thing, "--dir", str(self._dir)
        )
        await self._until(lambda: self._connects() > 0, "the service did not start")

    async def stop_service(self) -> None:
        """Kill the service alone: the broker goes on acknowledging what nobody stores."""
        await _end(self._service)
        self._service = None

    async def stop(self) -> None:
        """End both processes."""
        await self.stop_service()
        await self.pull_plug()

    def received(self) -> list[ReceivedCommit]:
        """Everything stored so far, in the order of arrival."""
        return received(self._dir)

    def counts(self) -> dict[str, int]:
        """Messages, commits, repeats and rejected messages so far."""
        counts: dict[str, int] = self._book().get("counts", {})
        return counts

    async def settled(self, seq: int) -> bool:
        """Whether all up to `seq`, which the broker has taken, is stored too; waits for it."""
        if self.plugged_in:
            with contextlib.suppress(StandInError):
                await self._until(lambda: self.top() >= seq, "the service did not store it")
        return self.top() >= seq

    def top(self) -> int:
        """The highest commit stored of the thing, 0 before the first."""
        return max(
            (last for _, last in self._book().get("covered", {}).get(self.thing, ())), default=0
        )

    def gone(self) -> list[tuple[int, ...]]:
        """What gateways said they had to give up: first, last, readings, kept."""
        return [
            tuple(stone) for stones in self._book().get("gone", {}).values() for stone in stones
        ]

    def _book(self) -> dict[str, Any]:
        file = self._dir / "ingest.json"
        book: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return book

    @property
    def _ready_file(self) -> Path:
        return self._dir / "ready.json"

    def _connects(self) -> int:
        if not self._ready_file.exists():
            return 0
        return int(json.loads(self._ready_file.read_text())["connects"])

    async def _until(self, ready: Callable[[], bool], complaint: str) -> None:
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                while not ready():
                    self._check_alive()
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            msg = f"{complaint} within {READY_WITHIN_S:.0f} s"
            raise StandInError(msg) from error

    def _check_alive(self) -> None:
        for process in (self._broker, self._service):
            if process is not None and process.poll() is not None:
                msg = f"a process of the local cloud ended with code {process.returncode}"
                raise StandInError(msg)


def received(folder: Path) -> list[ReceivedCommit]:
    """What the stand-in whose directory this is has stored; a line being written is left out."""
    file = folder / "received.jsonl"
    if not file.exists():
        return []
    lines = file.read_text().splitlines(keepends=True)
    return [_commit(json.loads(line)) for line in lines if line.endswith("\n")]


def _commit(entry: dict[str, object]) -> ReceivedCommit:
    readings = entry["readings"]
    return ReceivedCommit(
        gateway=str(entry["gateway"]),
        seq=int(str(entry["seq"])),
        boot=int(str(entry["boot"])),
        at_ms=int(str(entry["at_ms"])),
        readings=tuple(ReceivedReading(*reading) for reading in readings)
        if isinstance(readings, list)
        else (),
    )


def _spawn(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    # Isolated mode: a folder named drivers/ in the working directory must not shadow ours.
    command = [sys.executable, "-I", "-m", module, *arguments, "--tied"]
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        command, stdin=subprocess.PIPE, start_new_session=True
    )


async def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is None:
        return
    process.kill()
    await asyncio.to_thread(process.wait)
    if process.stdin is not None:
        process.stdin.close()


def _port_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
