"""Waiting for a gateway that a test has started as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import time
from asyncio.subprocess import Process
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from edge_agent.web.socket_path import SOCKET_NAME


async def first_status(
    process: Process,
    state_dir: Path,
    met: Callable[[dict[str, Any]], bool],
    *,
    wall_s: float,
) -> dict[str, Any]:
    """The first status that meets the condition; fails when the process ends or time is over."""
    transport = httpx.AsyncHTTPTransport(uds=str(state_dir / SOCKET_NAME))
    end_s = time.monotonic() + wall_s
    last: dict[str, Any] | None = None
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        while process.returncode is None and time.monotonic() < end_s:
            with contextlib.suppress(httpx.TransportError):
                last = (await client.get("/api/status")).json()
                if met(last):
                    return last
            await asyncio.sleep(0.1)
    msg = f"exit code {process.returncode}, not within {wall_s:.0f} s; last status {last}"
    raise AssertionError(msg)
