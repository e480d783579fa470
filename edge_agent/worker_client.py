"""The agent's end of the planning worker: one child process, killed when late, started anew."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from edge_agent.fingerprint import fingerprint
from edge_agent.plan_words import ANSWER, REQUEST, PlanAnswer, PlanRequest

LINE_LIMIT = 8 * 1024 * 1024
START_GRACE_S = 180.0
"""Extra wall seconds for the first answer: imports, a week of history, a compile for a new site."""


def worker_command(site: Path, state_dir: Path, database: Path) -> tuple[str, ...]:
    """How the planning worker of a site is started."""
    words = (str(site), fingerprint(site), str(state_dir), str(database))
    return (sys.executable, "-I", "-m", "edge_agent.worker", *words)


class WorkerError(Exception):
    """The worker did not answer as agreed; it is gone and will be started anew."""


class WorkerClient:
    """Asks the worker one thing at a time."""

    def __init__(
        self, command: Sequence[str], *, grace_s: float = 0.1, start_s: float = START_GRACE_S
    ) -> None:
        self._command = tuple(command)
        self._start_s = start_s
        self._grace_s = grace_s
        self._process: Process | None = None
        self._answered = False
        self._lock = asyncio.Lock()
        self.starts = 0
        self.rss_mb = 0.0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return None if self._process is None else self._process.pid

    async def ask(self, request: PlanRequest) -> PlanAnswer:
        """The worker's answer within the budget plus a little; raises WorkerError."""
        async with self._lock:
            patience_s = request.budget_s + self._grace_s
            try:
                process = await self._running()
                if not self._answered:
                    patience_s += self._start_s
                async with asyncio.timeout(patience_s):
                    answer = await self._exchange(process, request)
            except TimeoutError as error:
                await self._kill()
                msg = f"no plan within {patience_s:.1f} s"
                raise WorkerError(msg) from error
            except (OSError, ValidationError, ValueError) as error:
                await self._kill()
                msg = f"the worker broke off: {error}"
                raise WorkerError(msg) from error
            except asyncio.CancelledError:
                await self._kill()
                raise
            self._answered = True
            self.rss_mb = answer.rss_mb
            return answer

    async def close(self) -> None:
        """End the worker."""
        await self._kill()

    async def _exchange(self, process: Process, request: PlanRequest) -> PlanAnswer:
        if process.stdin is None or process.stdout is None:
            msg = "the worker has no pipes"
            raise OSError(msg)
        process.stdin.write(REQUEST.dump_json(request) + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
        if not line:
            msg = f"it ended with code {await process.wait()}"
            raise OSError(msg)
        answer = ANSWER.validate_json(line)
        if answer.id != request.id:
            msg = f"answer {answer.id} to question {request.id}"
            raise ValueError(msg)
        return answer

    async def _running(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._answered = False
        self.starts += 1
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, limit=LINE_LIMIT, start_new_session=True
        )
        return self._process

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()
