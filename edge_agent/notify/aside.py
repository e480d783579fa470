"""Blocking work beside the loop, on a thread that holds up no stop of the program."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def aside(work: Callable[[], T], name: str) -> T:
    """The result of `work()`, which raises nothing; a cancelled caller leaves it to end alone.

    A pool's threads are waited for at the end of the program: a server that never answers would
    hold it up.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(results: list[T]) -> None:
        if done.done():
            return
        if results:
            done.set_result(results[0])
        else:
            done.set_exception(RuntimeError(f"{name} broke off"))

    def run() -> None:
        results: list[T] = []
        try:
            results.append(work())
        finally:
            with suppress(RuntimeError):  # the loop has closed meanwhile
                loop.call_soon_threadsafe(settle, results)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await done
