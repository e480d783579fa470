"""The simulated hotel as a child process: start it, break its devices, read its ledger, stop it."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge_agent.clock import ScaledClock, format_origin
from edge_agent.demo.hotel_acts import LOOK_LINE, set_line
from edge_agent.demo.hotel_faults import Command, Fault, Part, PartKind

_READY_S = 30.0
_REPLY_S = 5.0
_STOP_S = 3.0


class HotelError(Exception):
    """The hotel's process did not do what it was asked; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HotelPorts:
    """Loopback ports the hotel listens on (Modbus TCP, BACnet/IP over UDP, MQTT)."""

    modbus: int
    bacnet: int
    mqtt: int


class HotelProcess:
    """One run of the hotel; `async with` starts and stops it."""

    def __init__(
        self, clock: ScaledClock, directory: Path, ports: HotelPorts, *, seed: int = 1
    ) -> None:
        self.clock = clock
        self.directory = directory
        self.ports = ports
        self._seed = seed
        self._process: asyncio.subprocess.Process | None = None
        self._asking = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        """Process id of the running hotel."""
        return self._running().pid

    @property
    def returncode(self) -> int | None:
        """Exit code, None while it runs or before it was started."""
        return None if self._process is None else self._process.returncode

    async def start(self) -> None:
        """Start the process and wait until every server listens; raises HotelError."""
        command = [
            *(sys.executable, "-I", "-m", "edge_agent.demo.hotel"),
            *("--clock", format_origin(self.clock), "--seed", str(self._seed)),
            *("--modbus-port", str(self.ports.modbus)),
            *("--bacnet-port", str(self.ports.bacnet)),
            *("--mqtt-port", str(self.ports.mqtt)),
            *("--dir", str(self.directory)),
        ]
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, start_new_session=True
        )
        try:
            first = await self._line(_READY_S)
        except HotelError:
            await self.stop()
            raise
        if "ready" not in first:
            await self.stop()
            msg = f"the hotel said {first} instead of ready"
            raise HotelError(msg)

    async def command(self, fault: Fault, kind: PartKind, number: int = 1) -> None:
        """Break or mend a part; returns when it is done, HotelError when it was refused."""
        await self._ask(Command(fault=fault, part=Part(kind, number)).as_line())

    async def set(self, point: str, value: float | None) -> datetime:
        """Act on a point of the plant, None takes it back; returns the plant's time of it."""
        return datetime.fromisoformat((await self._ask(set_line(point, value)))["at"])

    async def look(self) -> dict[str, Any]:
        """What the plant itself testifies now, whatever its field devices show."""
        truth: dict[str, Any] = (await self._ask(LOOK_LINE))["look"]
        return truth

    async def _ask(self, line: str) -> dict[str, Any]:
        """One line there, one line back; HotelError when it was refused."""
        process = self._running()
        async with self._asking:
            if process.stdin is None:
                msg = "the hotel has no stdin"
                raise HotelError(msg)
            process.stdin.write(line.encode() + b"\n")
            await process.stdin.drain()
            reply = await self._line(_REPLY_S)
        if "error" in reply:
            raise HotelError(str(reply["error"]))
        return reply

    def ledger(self) -> dict[str, Any]:
        """The ledger as last written (about once a wall second); HotelError before the first."""
        try:
            text = (self.directory / "ledger.json").read_text()
        except FileNotFoundError as error:
            msg = "the hotel has written no ledger yet"
            raise HotelError(msg) from error
        ledger: dict[str, Any] = json.loads(text)
        return ledger

    async def kill(self) -> None:
        """Cut its power: SIGKILL, nothing is said or kept."""
        process = self._running()
        process.kill()
        await process.wait()
        if process.stdin is not None:
            process.stdin.close()

    async def stop(self) -> int | None:
        """Ask it to end, insist after three seconds; returns the exit code."""
        process = self._process
        if process is None or process.returncode is not None:
            return self.returncode
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()
        if process.stdin is not None:
            process.stdin.close()
        return process.returncode

    def let_go(self) -> None:
        """Close its stdin, as the end of our process would: it then ends by itself."""
        stdin = self._running().stdin
        if stdin is not None:
            stdin.close()

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            msg = "the hotel is not running"
            raise HotelError(msg)
        return self._process

    async def _line(self, timeout_s: float) -> dict[str, Any]:
        """Next JSON line of its stdout; HotelError when it ended or is late."""
        process = self._running()
        if process.stdout is None:
            msg = "the hotel has no stdout"
            raise HotelError(msg)
        try:
            line = await asyncio.wait_for(process.stdout.readline(), timeout_s)
        except TimeoutError as error:
            msg = f"the hotel said nothing for {timeout_s:g} s"
            raise HotelError(msg) from error
        if not line:
            code = await process.wait()
            msg = f"the hotel ended with code {code}"
            raise HotelError(msg)
        reply: dict[str, Any] = json.loads(line)
        return reply
