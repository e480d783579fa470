"""The hotel's own mouth and ear: JSON lines in on stdin, JSON lines out on stdout."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from collections.abc import Mapping

from edge_agent.demo.hotel_acts import answer
from edge_agent.demo.hotel_faults import Breakable, CommandError, Part, obey, parse_command
from edge_agent.demo.hotel_plant import LivePlant


def say(words: Mapping[str, object]) -> None:
    """One JSON line on stdout, at once."""
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


async def listen(parts: dict[Part, Breakable], plant: LivePlant) -> None:
    """Obey and answer command lines; returns when whoever holds our stdin has let go of it.

    A stdin that is no pipe (a terminal, /dev/null) commands nothing: this then never returns.
    """
    reader = await _stdin()
    if reader is None:
        await asyncio.Event().wait()
        return
    while line := await reader.readline():
        try:
            say(await _reply(line.decode(errors="replace"), parts, plant))
        except CommandError as error:
            say({"error": str(error)})


async def _reply(line: str, parts: dict[Part, Breakable], plant: LivePlant) -> Mapping[str, object]:
    done = answer(line, plant)
    if done is not None:
        return done
    await obey(parse_command(line), parts)
    return {"done": line.strip()}


async def _stdin() -> asyncio.StreamReader | None:
    mode = os.fstat(sys.stdin.fileno()).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return None
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    return reader
