"""A stop in its few wall seconds: each part within its share, the last with what is left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

STOP_S = 5.0
"""Wall seconds that a stop may take."""
SENT_BY_S = STOP_S - 1.0
"""By then the last data has gone, or stays stored."""
LEAST_SEND_S = 1.0
GIVE_UP_S = 0.2
log = logging.getLogger(__name__)


class Rest:
    """How many wall seconds sending still has: what the parts before it did not use is its own."""

    def __init__(self) -> None:
        self._wall_s = asyncio.get_running_loop().time
        self._until_s = self._wall_s() + SENT_BY_S

    def left_s(self) -> float:
        """At least `LEAST_SEND_S`, however long the rest took."""
        return max(LEAST_SEND_S, self._until_s - self._wall_s())


async def within(seconds: float, *works: Awaitable[object]) -> None:
    """Let the works end within so many wall seconds; what hangs or fails is logged."""
    tasks = [asyncio.ensure_future(work) for work in works]
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        log.warning("while stopping: %s took too long", task)
        task.cancel()
    done, _ = await asyncio.wait(tasks, timeout=GIVE_UP_S)
    for task in done:
        if not task.cancelled() and task.exception() is not None:
            log.warning("while stopping: %r", task.exception())
