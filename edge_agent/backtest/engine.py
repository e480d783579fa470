"""Where the tasks of backtests are played: here, in processes, or on a dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from edge_agent.backtest.errors import BacktestError
from edge_agent.backtest.run import Run
from edge_agent.backtest.tasks import Done, Order, Task, gathered, play_task, tasks_of

DASK = "dask://"
LOOK_S = 0.5
CONNECT_S = 20.0
Shown = Callable[[float], None]
"""Is told the share of all that is done."""


def play_all(orders: Sequence[Order], executor: Executor, shown: Shown) -> list[Run]:
    """Every order's run, in their order; all tasks at once as far as the executor has hands."""
    lists = [tasks_of(order) for order in orders]
    with tempfile.TemporaryDirectory(prefix="semdr-progress-") as folder:
        tasks = [
            replace(task, progress=Path(folder) / f"{place}")
            for place, task in enumerate(task for some in lists for task in some)
        ]
        futures = [executor.submit(play_task, task) for task in tasks]
        _watch(futures, tasks, shown)
        found = iter([future.result() for future in futures])
    return [
        gathered(order, [next(found) for _ in some])
        for order, some in zip(orders, lists, strict=True)
    ]


def _watch(futures: list[Future[Done]], tasks: list[Task], shown: Shown) -> None:
    """Tell how far all is, until all is done or one has failed."""
    open_ones = set(futures)
    while open_ones:
        done, open_ones = wait(open_ones, timeout=LOOK_S)
        for future in done:
            if future.exception() is not None:
                for other in open_ones:
                    other.cancel()
                return
        shares = [_share(future, task) for future, task in zip(futures, tasks, strict=True)]
        shown(sum(shares) / len(shares))


def _share(future: Future[Done], task: Task) -> float:
    if future.done():
        return 1.0
    try:
        return float((task.progress or Path()).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0.0


@contextmanager
def executor_of(
    engine: str, workers: int | None = None, connect_s: float = CONNECT_S
) -> Iterator[Executor]:
    """`processes`, or `dask://host:port` for the executor of a running dask cluster."""
    if engine.startswith(DASK):
        yield from _dask(engine.removeprefix(DASK), connect_s)
    elif engine == "processes":
        # Spawned: a forked copy of a process with threads of its own may hang.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers or os.cpu_count(), mp_context=context) as pool:
            yield pool
    else:
        msg = f"engine {engine!r} is neither 'processes' nor 'dask://host:port'"
        raise BacktestError(msg)


def _dask(address: str, connect_s: float) -> Iterator[Executor]:
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        msg = "the engine dask:// needs the package distributed (extra 'study')"
        raise BacktestError(msg) from error
    try:
        client = distributed.Client(f"tcp://{address}", timeout=connect_s)
    except (OSError, TimeoutError) as error:
        msg = f"no dask scheduler answers at {address}: {error}"
        raise BacktestError(msg) from error
    with client:
        yield client.get_executor(pure=False)
