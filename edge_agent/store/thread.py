"""The one thread that owns the database."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from edge_agent.store.types import StoreError, StoreUnavailableError

P = ParamSpec("P")
T = TypeVar("T")


class StorageThread:
    """Runs work one after the other on one thread; SQLite's errors come out as StoreError."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self.stopped = False

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work`; once called it is done, even when the caller is cancelled."""
        if self.stopped:
            raise StoreError("the store is closed")
        job = partial(_translated, partial(work, *args, **kwargs))
        return await asyncio.shield(asyncio.wrap_future(self._executor.submit(job)))

    def stop(self) -> None:
        """Take no more work and end the thread when it has done what it has."""
        self.stopped = True
        self._executor.shutdown(wait=False)


def _translated(work: Callable[[], T]) -> T:
    try:
        return work()
    except sqlite3.Error as error:
        msg = f"the store's file failed: {error}"
        raise StoreUnavailableError(msg) from error
