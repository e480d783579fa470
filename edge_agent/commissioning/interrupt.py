"""Ctrl-C, a terminal that closes and `kill` end a piece of work once, and it cleans up."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ToldToStopError(Exception):
    """A person or the system ended the work; what it held has been given back by then."""


async def until_told(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`; a signal cancels it once, and this raises when it has cleaned up.

    Further signals are ignored: a release under way is not broken off by an impatient Ctrl-C.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(work)
    told: list[int] = []

    def stop(number: int) -> None:
        told.append(number)
        if len(told) == 1:
            task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not told:
            raise
        raise ToldToStopError(signal.Signals(told[0]).name) from None
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
