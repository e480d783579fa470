"""The end of a child process, for good."""

from __future__ import annotations

import contextlib
from asyncio import timeout
from asyncio.subprocess import Process

PATIENCE_S = 5.0
"""Wall seconds for a killed child's pipes to run dry; a grandchild may hold them open."""


async def reaped(process: Process) -> None:
    """Kill the child if it still runs, and reap it.

    What its pipes still hold is read away: asyncio notices no end while a full pipe is paused.
    """
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    with contextlib.suppress(TimeoutError):
        async with timeout(PATIENCE_S):
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    await pipe.read()
            await process.wait()
