"""The dashboard in a real browser: a running demo, and the page shows what the gateway says."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from demo_run import solver_plan, summer_demo, until

from edge_agent.demo.demo import Demo

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=4000",
)
pytestmark = [pytest.mark.referee, pytest.mark.timeout(120)]


async def page_of(demo: Demo, folder: Path) -> str:
    """The page's document after its scripts have run."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "chromium is missing: run tests/referees/packages.sh as root"
    process = await asyncio.create_subprocess_exec(
        chromium,
        *FLAGS,
        f"--user-data-dir={folder}",
        "--dump-dom",
        demo.address,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await process.communicate()
    return out.decode()


async def test_the_page_shows_the_running_gateway(tmp_path: Path) -> None:
    async with summer_demo(tmp_path / "demo", speed=60) as demo:
        await until(demo, solver_plan, "a solver plan")
        page = await page_of(demo, tmp_path / "browser")
    assert "Not known: the gateway does not answer" not in page
    assert "Connection lost since" not in page
    for name in ("smart_meter_001", "battery_bms_001.power_setpoint", "Made by the solver"):
        assert name in page
