"""Blocking work beside the loop: its result, its end, and no wait for it at the end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from edge_agent.notify.aside import aside

HANGS = """
import asyncio, threading
from edge_agent.notify.aside import aside
async def main():
    task = asyncio.create_task(aside(threading.Event().wait, "hangs"))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
asyncio.run(main())
print("ended")
"""


async def test_the_loop_goes_on_meanwhile() -> None:
    gate = threading.Event()
    task = asyncio.create_task(
        aside(lambda: gate.wait(20) and threading.current_thread().name, "x")
    )
    await asyncio.sleep(0)
    assert not task.done()
    gate.set()
    assert await task == "x"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_work_that_breaks_off_is_an_error_here() -> None:
    def breaks() -> int:
        return 1 // 0

    with pytest.raises(RuntimeError, match="sums broke off"):
        await aside(breaks, "sums")
    for thread in [one for one in threading.enumerate() if one.name == "sums"]:
        await asyncio.to_thread(thread.join, 20)


async def test_a_cancelled_caller_leaves_the_work_alone() -> None:
    gate, ended = threading.Event(), threading.Event()

    def work() -> None:
        gate.wait(20)
        ended.set()

    task = asyncio.create_task(aside(work, "slow"))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    gate.set()
    assert await asyncio.to_thread(ended.wait, 20)
    await asyncio.sleep(0)


def test_work_that_never_ends_does_not_hold_up_the_program() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == "ended\n"
