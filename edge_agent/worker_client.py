"""The agent's end of the planning worker: one child process, killed when late, started anew."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from edge_agent.fingerprint import fingerprint
from edge_agent.plan_lines import ANSWER, REQUEST
from edge_agent.plan_words import PlanAnswer, PlanRequest

LINE_LIMIT = 8 * 1024 * 1024
START_GRACE_S = 180.0
"""Extra wall seconds for a first answer: imports, weeks of history, a compile for a new site."""
DYING_S = 5.0
"""How long the end of killed workers is waited for when the agent stops."""


def worker_command(site: Path, state_dir: Path, database: Path) -> tuple[str, ...]:
    """How the planning worker of a site is started."""
    words = (str(site), fingerprint(site), str(state_dir), str(database))
    return (sys.executable, "-I", "-m", "edge_agent.worker", *words)


class WorkerError(Exception):
    """The worker did not answer as agreed; it is gone and will be started anew."""


class WorkerClient:
    """Asks the worker one thing at a time.

    The very first question waits for the worker to start. One that was started in place of another
    has to be ready within the budget, or the question fails and it goes on starting for the next.
    """

    def __init__(
        self, command: Sequence[str], *, grace_s: float = 0.0, start_s: float = START_GRACE_S
    ) -> None:
        """`grace_s`: how long after the budget an answer is still waited for."""
        self._command = tuple(command)
        self._start_s = start_s
        self._grace_s = grace_s
        self._process: Process | None = None
        self._ready_by_s: float | None = None
        self._stale: set[int] = set()
        self._reapers: set[asyncio.Task[int]] = set()
        self._lock = asyncio.Lock()
        self.starts = 0
        self.rss_mb = 0.0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return None if self._process is None else self._process.pid

    async def ask(self, request: PlanRequest) -> PlanAnswer:
        """The worker's answer within the budget plus the grace; raises WorkerError."""
        async with self._lock:
            began_s = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(None) as limit:
                    process = await self._running()
                    limit.reschedule(began_s + self._patience_s(request, began_s))
                    answer = await self._exchange(process, request)
            except TimeoutError as error:
                raise self._late(request, began_s) from error
            except (OSError, ValidationError, ValueError) as error:
                self._kill()
                msg = f"the worker broke off: {error}"
                raise WorkerError(msg) from error
            except asyncio.CancelledError:
                self._kill()
                raise
            if answer.plan is not None:  # a refusal may come before anything was compiled
                self._ready_by_s = None
            self.rss_mb = answer.rss_mb
            return answer

    async def close(self) -> None:
        """End the worker, and wait a little for its end."""
        self._kill()
        if self._reapers:
            await asyncio.wait(self._reapers, timeout=DYING_S)

    def _patience_s(self, request: PlanRequest, now_s: float) -> float:
        """How long this question may take."""
        patience_s = request.budget_s + self._grace_s
        if self._ready_by_s is not None and self.starts == 1:
            return patience_s + max(0.0, self._ready_by_s - now_s)
        return patience_s

    def _late(self, request: PlanRequest, began_s: float) -> WorkerError:
        """What a question without an answer in time means for the worker: its end, if it was up."""
        now_s = asyncio.get_running_loop().time()
        if self._ready_by_s is not None and now_s < self._ready_by_s:
            self._stale.add(request.id)
            return WorkerError("the worker is still starting")
        self._kill()
        return WorkerError(f"no plan within {self._patience_s(request, began_s):.1f} s")

    async def _exchange(self, process: Process, request: PlanRequest) -> PlanAnswer:
        if process.stdin is None or process.stdout is None:
            msg = "the worker has no pipes"
            raise OSError(msg)
        process.stdin.write(REQUEST.dump_json(request) + b"\n")
        await process.stdin.drain()
        while True:
            line = await process.stdout.readline()
            if not line:
                msg = f"it ended with code {await process.wait()}"
                raise OSError(msg)
            answer = ANSWER.validate_json(line)
            if answer.id == request.id:
                return answer
            if answer.id not in self._stale:
                msg = f"answer {answer.id} to question {request.id}"
                raise ValueError(msg)
            self._stale.discard(answer.id)

    async def _running(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._stale.clear()
        self.starts += 1
        self._ready_by_s = asyncio.get_running_loop().time() + self._start_s
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, limit=LINE_LIMIT, start_new_session=True
        )
        return self._process

    def _kill(self) -> None:
        """End the worker and what it has started; nobody waits for its end but `close`."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        reaper = asyncio.create_task(process.wait())
        self._reapers.add(reaper)
        reaper.add_done_callback(self._reapers.discard)
