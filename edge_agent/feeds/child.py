"""Pulls a source in a short-lived child process, killed when it is late."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from edge_agent.feeds.document import Refused
from edge_agent.feeds.pull_words import PULL, PULLED, Pull, Pulled
from edge_agent.feeds.source import Source
from edge_agent.reaping import reaped

MAX_ANSWER_BYTES = 4_000_000


def pull_command() -> tuple[str, ...]:
    """How the child is started."""
    return (sys.executable, "-I", "-m", "edge_agent.feeds.pull")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildPuller:
    """One child a pull; `start_s` is what it may take to start and to read, beside fetching."""

    command: Sequence[str] = field(default_factory=pull_command)
    wait_s: float = 10.0
    total_s: float = 30.0
    start_s: float = 60.0

    async def pull(self, source: Source, now: datetime) -> Pulled:
        """What came of it; a child that breaks or hangs is a refusal."""
        asked = Pull(source=source, now=now, wait_s=self.wait_s, total_s=self.total_s)
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
            )
        except OSError as error:
            return Pulled(outcome=Refused(f"cannot be pulled: {type(error).__name__}"))
        try:
            async with asyncio.timeout(self.total_s + self.start_s):
                return await _exchange(process, PULL.dump_json(asked))
        except TimeoutError:
            return Pulled(outcome=Refused("the pull took too long"))
        finally:
            await reaped(process)


async def _exchange(process: Process, question: bytes) -> Pulled:
    if process.stdin is None or process.stdout is None:
        return Pulled(outcome=Refused("the pull has no pipe"))
    try:
        process.stdin.write(question)
        await process.stdin.drain()
        process.stdin.close()
    except OSError:
        return Pulled(outcome=Refused("the pull broke off"))
    answer = bytearray()
    while chunk := await process.stdout.read(65_536):
        answer += chunk
        if len(answer) > MAX_ANSWER_BYTES:
            return Pulled(outcome=Refused("the pull gave back too much"))
    try:
        return PULLED.validate_json(bytes(answer))
    except ValidationError:
        return Pulled(outcome=Refused("the pull broke off"))
