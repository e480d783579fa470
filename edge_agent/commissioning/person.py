"""The person at the panel: questions that only somebody on the spot can answer."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Protocol

from edge_agent.commissioning.report import Said

ANSWERS = {
    "y": Said.YES,
    "yes": Said.YES,
    "n": Said.NO,
    "no": Said.NO,
    "s": Said.SKIPPED,
    "skip": Said.SKIPPED,
}


class Person(Protocol):
    """Whoever answers; `name` says in the report how."""

    name: str
    present: bool
    """Whether somebody really does what is asked, so that the device shows it."""

    async def ask(self, question: str) -> Said:
        """The answer."""
        ...


class Nobody:
    """No terminal: what needs a person is not tried."""

    name = "nobody: no terminal"
    present = False

    async def ask(self, question: str) -> Said:
        """Not tried."""
        return Said.NOT_TRIED


class Yes:
    """Somebody answers for everything beforehand."""

    name = "--yes"
    present = False

    async def ask(self, question: str) -> Said:
        """Yes."""
        return Said.YES


class AtTheTerminal:
    """A person types y, n or skip; anything else is asked again."""

    name = "at the terminal"
    present = True

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._typed = b""

    async def ask(self, question: str) -> Said:
        """The answer; skipped when the terminal has gone. Cancelling leaves nothing behind."""
        while True:
            sys.stderr.write(f"{question} [y/n/skip] ")
            sys.stderr.flush()
            line = await self._line()
            if line is None:
                return Said.SKIPPED
            answer = ANSWERS.get(line.strip().lower())
            if answer is not None:
                return answer

    async def _line(self) -> str | None:
        """The next line typed, None at the end of the input."""
        loop = asyncio.get_running_loop()
        while b"\n" not in self._typed:
            readable = asyncio.Event()
            loop.add_reader(self._descriptor, readable.set)
            try:
                await readable.wait()
            finally:
                loop.remove_reader(self._descriptor)
            try:
                data = os.read(self._descriptor, 4096)
            except OSError:
                return None
            if not data:
                return None
            self._typed += data
        line, _, self._typed = self._typed.partition(b"\n")
        return line.decode(errors="replace")
