"""Ctrl-C in the terminal of `make demo`, and a demo that is killed: nothing stays behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]


async def demo_in_a_terminal(folder: Path) -> Process:
    words = ("demo", "--speed", "60", "--json", "--dir", str(folder))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", "edge_agent", *words), stdout=PIPE, start_new_session=True
    )


def mentioning(folder: Path) -> list[int]:
    """Processes with the demo's folder on their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in words and int(entry.name) != os.getpid():
                found.append(int(entry.name))
    return found


async def until_running(folder: Path) -> None:
    async with asyncio.timeout(30):
        while not (folder / "state" / "control.sock").exists():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def test_ctrl_c_ends_in_order(tmp_path: Path) -> None:
    process = await demo_in_a_terminal(tmp_path)
    await until_running(tmp_path)
    await asyncio.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    out, _ = await asyncio.wait_for(process.communicate(), 40)
    figures = json.loads(out)
    assert (figures["lost"], figures["duplicated"], figures["leases_left"]) == (0, 0, 0)
    assert process.returncode == 0
    assert mentioning(tmp_path) == []


async def test_a_killed_demo_takes_its_processes_with_it(tmp_path: Path) -> None:
    process = await demo_in_a_terminal(tmp_path)
    await until_running(tmp_path)
    assert len(mentioning(tmp_path)) >= 3
    process.kill()
    await process.wait()
    async with asyncio.timeout(20):
        while mentioning(tmp_path):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
