"""A demo for tests: started on real sockets, watched through the agent's own socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from edge_agent.demo.demo import Demo, DemoOptions

JUNE_MORNING = datetime(2026, 6, 15, 6, tzinfo=UTC)
Picture = dict[str, Any]


def summer_demo(folder: Path, *, speed: float) -> Demo:
    """The hotel on a June morning."""
    return Demo(DemoOptions(folder=folder, speed=speed, start=JUNE_MORNING))


def amend(site_file: Path, change: Callable[[Any], None]) -> None:
    """Change a site file before the agent reads it."""
    yaml = YAML()
    site = yaml.load(site_file.read_text(encoding="utf-8"))
    change(site)
    with site_file.open("w", encoding="utf-8") as out:
        yaml.dump(site, out)


async def until(
    demo: Demo, met: Callable[[Picture], bool], what: str, *, wall_s: float = 30.0
) -> Picture:
    """The first status that meets the condition; fails with the last one when none does."""
    end_s = time.monotonic() + wall_s
    while True:
        status: Picture = await demo.agent.get("/api/status")
        if met(status):
            return status
        if time.monotonic() > end_s:
            plan, tasks = status["plan"], [t for t in status["tasks"] if t["failures"]]
            msg = f"not within {wall_s:.0f} s: {what}; plan {plan}, tasks {tasks}"
            raise AssertionError(msg)
        await asyncio.sleep(0.1)


def solver_plan(status: Picture) -> bool:
    """A plan by the solver is in force and nothing degrades it."""
    return status["plan"]["source"] in ("solver", "rounded") and not status["plan"]["degraded"]
