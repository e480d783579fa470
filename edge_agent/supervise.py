"""Keeps tasks alive: one that dies is restarted with back-off, and its failure stays visible."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from drivers.types import Clock

log = logging.getLogger(__name__)

BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Wall seconds before the next start, by failures in a row."""
CALM_S = 60.0
"""A task that ran so many wall seconds starts over with the shortest pause."""


class TaskState(StrEnum):
    """Where a supervised task stands."""

    RUNNING = "running"
    BACKING_OFF = "backing_off"
    STOPPED = "stopped"


@dataclass(slots=True, kw_only=True)
class TaskStatus:
    """What `status` shows of a task."""

    name: str
    state: TaskState = TaskState.STOPPED
    failures: int = 0
    last_error: str = ""
    last_failed_at: datetime | None = None


class Supervisor:
    """Runs named coroutines until stopped: the only place that catches everything, and reports."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.statuses: dict[str, TaskStatus] = {}

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work()` for ever, again after each failure or return."""
        self.statuses[name] = TaskStatus(name=name)
        self._tasks[name] = asyncio.create_task(self._keep(name, work), name=name)

    async def stop(self, name: str) -> None:
        """End one task."""
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self.statuses[name].state = TaskState.STOPPED

    async def stop_all(self) -> None:
        """End every task."""
        for name in list(self._tasks):
            await self.stop(name)

    async def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        status = self.statuses[name]
        in_a_row = 0
        loop = asyncio.get_running_loop()
        while True:
            status.state = TaskState.RUNNING
            began_s = loop.time()
            try:
                await work()
                error = "ended by itself"
            except asyncio.CancelledError:
                if _told_to_end():
                    raise
                error = "cancelled from inside"
            except Exception as exc:
                log.exception("task %s failed", name)
                error = f"{type(exc).__name__}: {exc}"
            in_a_row = 0 if loop.time() - began_s > CALM_S else in_a_row + 1
            status.state = TaskState.BACKING_OFF
            status.failures += 1
            status.last_error = error
            status.last_failed_at = self._clock.now()
            await asyncio.sleep(BACKOFF_S[min(max(in_a_row, 1), len(BACKOFF_S)) - 1])


def _told_to_end() -> bool:
    """Whether this task itself was cancelled, not something it waited for."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
