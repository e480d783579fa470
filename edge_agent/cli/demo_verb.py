"""`semdr-edge demo`: a simulated hotel on real wires, and the real gateway steering it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from argparse import Namespace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.cli.span import parse_span

if TYPE_CHECKING:
    from edge_agent.demo.demo import Demo, DemoOptions

SHOW_EVERY_S = 10.0
MAX_SPEED = 1_000.0
YEARS = range(1971, 2100)
WEB_PORT = 8080


def main(options: Namespace) -> int:
    """0 when the run ended in order and nothing was lost."""
    try:
        with contextlib.ExitStack() as stack:
            folder = options.dir or Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="semdr-demo-"))
            )
            return asyncio.run(_run(_chosen(options, folder), quiet=options.json))
    except ValueError as error:
        print(f"semdr-edge demo: {error}", file=sys.stderr)
        return 2


def _chosen(options: Namespace, folder: Path) -> DemoOptions:
    from edge_agent.demo.demo import DemoOptions

    if not 0 < options.speed <= MAX_SPEED:
        msg = f"--speed {options.speed:g}: choose more than 0 and at most {MAX_SPEED:g}"
        raise ValueError(msg)
    chosen = DemoOptions(
        folder=folder.resolve(),
        speed=options.speed,
        start=None if options.start is None else _moment(options.start),
        span=_span(options.span),
        offline_after=_span(options.offline_after),
        online_after=_span(options.online_after),
        seed=options.seed,
        web_port=WEB_PORT,
    )
    try:
        chosen.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"--dir {folder}: {error.strerror}"
        raise ValueError(msg) from error
    return chosen


def _span(text: str | None) -> timedelta | None:
    return None if text is None else parse_span(text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"--start {text!r} is no time such as 2026-06-15T08:00"
        raise ValueError(msg) from error
    if moment.year not in YEARS:
        msg = f"--start {text}: choose a year from {YEARS[0]} to {YEARS[-1]}"
        raise ValueError(msg)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


async def _run(chosen: DemoOptions, *, quiet: bool) -> int:
    from edge_agent.demo.demo import Demo, summary

    over = _asked_to_stop()
    async with Demo(chosen) as demo:
        if not quiet:
            print(f"the hotel is open, the gateway steers it: {demo.address}", flush=True)
            print(f"files in {chosen.folder}; one wall second is {chosen.speed:g} s there")
        outages = asyncio.create_task(demo.outages())
        shows = asyncio.create_task(_show(demo, quiet=quiet))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(
                None if chosen.span is None else chosen.span.total_seconds()
            ):
                await over.wait()
        for task in (outages, shows):
            task.cancel()
        await asyncio.gather(outages, shows, return_exceptions=True)
        figures = summary(*await demo.finish())
    if quiet:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"  {name:<16} {value}")
    return 0 if figures["lost"] == figures["duplicated"] == figures["leases_left"] == 0 else 1


def _asked_to_stop() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM, from the start on: whatever has started then ends in order."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    return over


async def _show(demo: Demo, *, quiet: bool) -> None:
    """One line now and then for whoever watches the terminal."""
    while not quiet:
        await asyncio.sleep(SHOW_EVERY_S)
        status = await demo.agent.get("/api/status")
        flow, plan, cloud = status["flow"], status["plan"], status["cloud"]
        link = "connected" if cloud["connected"] else "offline"
        shown = {name: flow[name] for name in ("grid_kw", "pv_kw", "battery_kw", "soc_percent")}
        words = " ".join(
            f"{name} {'unknown' if value is None else f'{value:.0f}'}"
            for name, value in shown.items()
        )
        print(
            f"{status['now'][:16]}Z {words} | plan from {plan['source']}"
            f"{' (degraded)' if plan['degraded'] else ''} | "
            f"cloud {link}, {status['buffer']['backlog_commits']} commits waiting",
            flush=True,
        )
