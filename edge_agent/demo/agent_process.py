"""The real gateway as a process of the demo or of a test."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path
from typing import Any

import httpx

from edge_agent.web.socket_path import SOCKET_NAME

START_S = 30.0
LEAN = ("-X", "no_debug_ranges")
"""As in the field: code without its column numbers is smaller."""


class AgentProcess:
    """Starts `semdr-edge run`, asks it over its socket, stops it or kills it."""

    def __init__(self, site: Path, state_dir: Path, clock: str) -> None:
        self._words = ("run", str(site), "--state-dir", str(state_dir), "--clock", clock, "--tied")
        self._log = state_dir.parent / "agent.log"
        self._socket = state_dir / SOCKET_NAME
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        if self._process is None:
            msg = "the agent has not been started"
            raise RuntimeError(msg)
        return self._process.pid

    @property
    def log_text(self) -> str:
        """What it wrote so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    async def start(self) -> None:
        """Start it and wait until it answers; RuntimeError with its last words when it does not."""
        with self._log.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", *LEAN, "-m", "edge_agent", *self._words),
                stdin=asyncio.subprocess.PIPE,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        loop = asyncio.get_running_loop()
        until_s = loop.time() + START_S
        while loop.time() < until_s and self._process.returncode is None:
            with contextlib.suppress(httpx.TransportError):
                await self.get("/api/status")
                return
            await asyncio.sleep(0.05)
        msg = f"the agent did not start:\n{self.log_text[-2000:]}"
        raise RuntimeError(msg)

    async def get(self, path: str) -> Any:  # noqa: ANN401 - JSON as it comes
        """Ask its local socket."""
        transport = httpx.AsyncHTTPTransport(uds=str(self._socket))
        async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
            response = await client.get(path)
            return response.json()

    async def stop(self) -> int:
        """SIGTERM and wait; returns its exit code."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """SIGKILL: no time to release anything."""
        await self._end(signal.SIGKILL)

    async def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self._process.wait()
